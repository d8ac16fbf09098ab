#include "tests/support/packet/packet_text.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "sim/packet/build.hh"
#include "sim/packet/checksum.hh"
#include "sim/packet/headers.hh"

namespace ekspath {
namespace {

constexpr std::uint16_t default_window = 64240;
constexpr std::array<std::pair<char, std::uint8_t>, 6> flag_letters{{{'F', tcp_flag::fin},
                                                                     {'S', tcp_flag::syn},
                                                                     {'R', tcp_flag::rst},
                                                                     {'P', tcp_flag::psh},
                                                                     {'U', tcp_flag::urg},
                                                                     {'.', tcp_flag::ack}}};

/// Walks along a text, word by word.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  [[nodiscard]] bool at_end() {
    skip_spaces();
    return at_ == text_.size();
  }
  /// Takes `word` if it comes next as a whole.
  bool take(std::string_view word) {
    skip_spaces();
    if (!text_.substr(at_).starts_with(word)) return false;
    const std::size_t end = at_ + word.size();
    if (is_letter(word.back()) && end < text_.size() && is_letter(text_[end])) return false;
    at_ = end;
    return true;
  }
  void expect(std::string_view word) {
    if (!take(word)) fail(fmt::format("expected '{}'", word));
  }
  template <class Number>
  Number number(std::string_view what) {
    skip_spaces();
    Number value = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (error != std::errc()) fail(fmt::format("expected {}", what));
    at_ = static_cast<std::size_t>(end - text_.data());
    return value;
  }
  /// Up to the next space or one of `,:]`.
  std::string_view word() {
    skip_spaces();
    const std::size_t end = std::min(text_.find_first_of(" ,:]", at_), text_.size());
    return text_.substr(std::exchange(at_, end), end - at_);
  }
  Ipv4Address address() {
    const std::string_view text = word();
    const auto address = Ipv4Address::parse(text);
    if (!address) fail(fmt::format("'{}' is no address", text));
    return *address;
  }
  MacAddress mac() {
    skip_spaces();
    const auto mac = MacAddress::parse(text_.substr(at_, 17));
    if (!mac) fail("expected a MAC address");
    at_ += 17;
    return *mac;
  }
  /// What stands between "[" and its "]".
  std::string_view bracketed() {
    expect("[");
    const std::size_t start = at_;
    for (int depth = 1; at_ < text_.size(); ++at_) {
      if (text_[at_] == '[') ++depth;
      if (text_[at_] == ']' && --depth == 0) return text_.substr(start, at_++ - start);
    }
    fail("'[' without its ']'");
  }
  [[nodiscard]] std::string_view rest() {
    skip_spaces();
    return text_.substr(at_);
  }
  [[noreturn]] void fail(std::string_view why) const {
    throw std::invalid_argument(fmt::format("packet text '{}', column {}: {}", text_, at_ + 1, why));
  }

 private:
  static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
  void skip_spaces() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

/// What a text says, before it is built.
struct Words {
  Ipv4Address source, destination;
  std::uint16_t source_port = 0, destination_port = 0;
  std::uint8_t protocol = 0;
  std::uint8_t type = 0, code = 0, flags = 0;
  std::uint32_t rest = 0, sequence = 0, acknowledgement = 0;
  std::uint16_t window = default_window;
  std::size_t length = 0;
  std::vector<std::uint8_t> options, quoted;
  bool bare = false;  // no transport header: "protocol N"

  std::uint8_t ttl = 64, tos = 0;
  std::uint16_t identification = 0;
  std::uint32_t offset = 0;
  bool may_fragment = false, more_fragments = false, bad_ip_checksum = false, bad_checksum = false;
  std::optional<std::size_t> cut;
};

/// "10.0.0.5" or "10.0.0.5.4242".
std::pair<Ipv4Address, std::optional<std::uint16_t>> read_end(Reader& reader) {
  const std::string_view text = reader.word();
  if (const auto address = Ipv4Address::parse(text)) return {*address, std::nullopt};
  const std::size_t point = text.rfind('.');
  if (point != std::string_view::npos) {
    const auto address = Ipv4Address::parse(text.substr(0, point));
    Reader port(text.substr(point + 1));
    if (address) return {*address, port.number<std::uint16_t>("a port")};
  }
  reader.fail(fmt::format("'{}' is neither an address nor address.port", text));
}

void read_tcp(Reader& reader, Words& words) {
  const std::string_view letters = reader.word();
  if (letters != "none") {
    for (const char letter : letters) {
      const auto* known = std::find_if(flag_letters.begin(), flag_letters.end(),
                                       [letter](const auto& flag) { return flag.first == letter; });
      if (known == flag_letters.end()) reader.fail(fmt::format("'{}' are no TCP flags", letters));
      words.flags |= known->second;
    }
  }
  if (reader.take("seq")) words.sequence = reader.number<std::uint32_t>("a sequence number");
  if (reader.take("ack")) words.acknowledgement = reader.number<std::uint32_t>("an acknowledgement number");
  if (reader.take("win")) words.window = reader.number<std::uint16_t>("a window");
  if (reader.take("len")) words.length = reader.number<std::uint16_t>("a length");
  if (!reader.take("opts")) return;
  const std::string_view hex = reader.word();
  if (hex.size() % 8 != 0) reader.fail("options fill words of 4 bytes");
  for (std::size_t i = 0; i + 2 <= hex.size(); i += 2) {
    std::uint8_t byte = 0;
    const auto [end, error] = std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
    if (error != std::errc() || end != hex.data() + i + 2) reader.fail("options are hexadecimal bytes");
    words.options.push_back(byte);
  }
}

void read_icmp(Reader& reader, Words& words) {
  if (reader.take("echo")) {
    words.type = reader.take("request") ? icmp::echo_request : icmp::echo_reply;
    if (words.type == icmp::echo_reply) reader.expect("reply");
    std::uint16_t id = 0, sequence = 0;
    if (reader.take("id")) id = reader.number<std::uint16_t>("an id");
    if (reader.take("seq")) sequence = reader.number<std::uint16_t>("a sequence number");
    words.rest = (std::uint32_t{id} << 16) | sequence;
  } else {
    words.type = reader.number<std::uint8_t>("an ICMP type");
    reader.expect("/");
    words.code = reader.number<std::uint8_t>("an ICMP code");
    if (reader.take("mtu")) words.rest = reader.number<std::uint16_t>("an MTU");
    if (reader.take("gateway")) words.rest = reader.address().bits();
    if (reader.take("rest")) words.rest = reader.number<std::uint32_t>("the second word");
  }
  if (reader.take("len")) words.length = reader.number<std::uint16_t>("a length");
  if (!reader.rest().starts_with("[")) return;
  PacketPool pool;
  const PacketRef inner = packet(pool, reader.bracketed());
  words.quoted.assign(inner->bytes().begin(), inner->bytes().end());
}

void read_ip_words(Reader& reader, Words& words) {
  while (reader.take(",")) {
    if (reader.take("ttl"))
      words.ttl = reader.number<std::uint8_t>("a TTL");
    else if (reader.take("tos"))
      words.tos = reader.number<std::uint8_t>("a TOS byte");
    else if (reader.take("id"))
      words.identification = reader.number<std::uint16_t>("an IP id");
    else if (reader.take("may fragment"))
      words.may_fragment = true;
    else if (reader.take("more fragments"))
      words.more_fragments = true;
    else if (reader.take("offset"))
      words.offset = reader.number<std::uint16_t>("an offset in bytes");
    else if (reader.take("cut to"))
      words.cut = reader.number<std::size_t>("a number of bytes");
    else if (reader.take("bad ip checksum"))
      words.bad_ip_checksum = true;
    else if (reader.take("bad checksum"))
      words.bad_checksum = true;
    else
      reader.fail("expected ttl, tos, id, may fragment, more fragments, offset, cut to or bad checksum");
  }
  if (words.offset % 8 != 0) reader.fail("a fragment's offset is a multiple of 8");
  if (!reader.at_end()) reader.fail("what is this?");
}

Words read(std::string_view text) {
  Reader reader(text);
  Words words;
  const auto [source, source_port] = read_end(reader);
  reader.expect(">");
  const auto [destination, destination_port] = read_end(reader);
  reader.expect(":");
  words.source = source;
  words.destination = destination;
  words.source_port = source_port.value_or(0);
  words.destination_port = destination_port.value_or(0);
  const bool has_ports = source_port.has_value() && destination_port.has_value();
  if (has_ports && reader.take("UDP")) {
    words.protocol = 17;
    words.length = reader.number<std::uint16_t>("a length");
  } else if (has_ports && reader.take("TCP")) {
    words.protocol = 6;
    read_tcp(reader, words);
  } else if (!source_port && !destination_port && reader.take("ICMP")) {
    words.protocol = 1;
    read_icmp(reader, words);
  } else if (!source_port && !destination_port && reader.take("protocol")) {
    words.bare = true;
    words.protocol = reader.number<std::uint8_t>("a protocol number");
    if (reader.take("len")) words.length = reader.number<std::uint16_t>("a length");
  } else {
    reader.fail("expected UDP or TCP between ports, ICMP or protocol between addresses");
  }
  read_ip_words(reader, words);
  return words;
}

void push_transport(Packet& packet, const Words& words) {
  switch (IpProtocol{words.protocol}) {
    case IpProtocol::icmp:
      push_icmp(packet, {words.type, words.code, words.rest});
      break;
    case IpProtocol::tcp:
      push_tcp(packet, {words.source, words.destination, words.source_port, words.destination_port,
                        words.sequence, words.acknowledgement, words.flags, words.window, words.options});
      break;
    case IpProtocol::udp:
      push_udp(packet, {words.source, words.destination, words.source_port, words.destination_port});
      break;
    default:
      break;
  }
}

std::size_t checksum_offset(IpProtocol protocol) {
  switch (protocol) {
    case IpProtocol::icmp:
      return 2;
    case IpProtocol::tcp:
      return 16;
    default:
      return 6;
  }
}

void build(Packet& packet, const Words& words) {
  for (std::size_t i = 0; i < words.length; ++i) *packet.append(1) = static_cast<std::uint8_t>(i);
  append_bytes(packet, words.quoted);
  if (!words.bare) push_transport(packet, words);
  if (words.bad_checksum) packet.data()[checksum_offset(IpProtocol{words.protocol})] ^= 0x55;
  push_ipv4(packet, {words.source, words.destination, words.protocol, words.ttl, words.tos,
                     words.identification, !words.may_fragment});
  if (words.more_fragments || words.offset != 0) {
    const std::uint32_t more = words.more_fragments ? 0x2000 : 0;
    store16(packet.network() + 6,
            static_cast<std::uint16_t>((load16(packet.network() + 6) & 0x4000U) | more | words.offset / 8));
    ipv4(packet).refresh_checksum();
  }
  if (words.bad_ip_checksum) packet.network()[10] ^= 0x55;
  if (words.cut) packet.trim(*words.cut);
}

std::string flags_text(const TcpView& tcp) {
  std::string text;
  for (const auto& [letter, flag] : flag_letters) {
    if (tcp.has(flag)) text += letter;
  }
  return text.empty() ? "none" : text;
}

std::string describe_bytes(std::span<const std::uint8_t> bytes);

/// The fields of a transport header in front of `claimed` bytes, of which `bytes` are there.
std::string tcp_text(const TcpView& tcp, std::size_t there, std::size_t claimed) {
  std::string text = "TCP " + flags_text(tcp);
  if (tcp.sequence() != 0) text += fmt::format(" seq {}", tcp.sequence());
  if (tcp.acknowledgement() != 0) text += fmt::format(" ack {}", tcp.acknowledgement());
  if (tcp.window() != default_window) text += fmt::format(" win {}", tcp.window());
  if (claimed > tcp.header_size()) text += fmt::format(" len {}", claimed - tcp.header_size());
  if (tcp.header_size() > TcpView::minimum_size && tcp.header_size() <= there) {
    text += " opts ";
    for (std::size_t i = TcpView::minimum_size; i < tcp.header_size(); ++i)
      text += fmt::format("{:02x}", tcp.at[i]);
  }
  return text;
}

std::string icmp_text(const IcmpView& header, std::size_t there, std::size_t claimed) {
  const std::uint32_t rest = load32(header.at + 4);
  const std::size_t length = claimed - IcmpView::size;
  std::string text;
  if (header.code() == 0 && (header.type() == icmp::echo_request || header.type() == icmp::echo_reply)) {
    text = header.type() == icmp::echo_request ? "ICMP echo request" : "ICMP echo reply";
    if (header.id() != 0) text += fmt::format(" id {}", header.id());
    if (header.sequence() != 0) text += fmt::format(" seq {}", header.sequence());
  } else {
    text = fmt::format("ICMP {}/{}", header.type(), header.code());
    if (header.type() == icmp::unreachable && header.code() == icmp::fragmentation_needed && rest <= 0xffff) {
      if (rest != 0) text += fmt::format(" mtu {}", rest);
    } else if (header.type() == icmp::redirect) {
      text += fmt::format(" gateway {}", header.gateway());
    } else if (rest != 0) {
      text += fmt::format(" rest {}", rest);
    }
  }
  if (header.is_error() && there > IcmpView::size) {
    return text + fmt::format(" [{}]", describe_bytes({header.at + IcmpView::size, there - IcmpView::size}));
  }
  if (length != 0) text += fmt::format(" len {}", length);
  return text;
}

std::size_t transport_header_size(IpProtocol protocol) {
  switch (protocol) {
    case IpProtocol::icmp:
      return IcmpView::size;
    case IpProtocol::tcp:
      return TcpView::minimum_size;
    case IpProtocol::udp:
      return UdpView::size;
    default:
      return 0;
  }
}

bool transport_checksum_is_right(const Ipv4View& ip, const std::uint8_t* transport, std::size_t size) {
  switch (IpProtocol{ip.protocol()}) {
    case IpProtocol::icmp:
      return checksum(transport, size) == 0;
    case IpProtocol::udp:
      if (UdpView{const_cast<std::uint8_t*>(transport)}.checksum_field() == 0) return true;
      size = std::min<std::size_t>(size, UdpView{const_cast<std::uint8_t*>(transport)}.length());
      [[fallthrough]];
    default:
      return transport_checksum(ip.source(), ip.destination(), ip.protocol(), transport, size) == 0;
  }
}

std::string ip_words(const Ipv4View& ip, std::size_t there) {
  std::string text;
  if (ip.ttl() != 64) text += fmt::format(", ttl {}", ip.ttl());
  if (ip.tos() != 0) text += fmt::format(", tos {}", ip.tos());
  if (ip.identification() != 0) text += fmt::format(", id {}", ip.identification());
  if (!ip.dont_fragment()) text += ", may fragment";
  if (ip.more_fragments()) text += ", more fragments";
  if (ip.fragment_offset() != 0) text += fmt::format(", offset {}", ip.fragment_offset());
  if (there < ip.total_length()) text += fmt::format(", cut to {}", there);
  return text;
}

/// Reads nothing beyond `bytes`, whatever they are: failure messages show broken packets too.
std::string describe_bytes(std::span<const std::uint8_t> bytes) {
  // The views read only; they have no const form.
  const Ipv4View ip{const_cast<std::uint8_t*>(bytes.data())};
  if (bytes.size() < Ipv4View::minimum_size || ip.version() != 4 ||
      ip.header_size() < Ipv4View::minimum_size || ip.header_size() > bytes.size() ||
      ip.total_length() < ip.header_size()) {
    return fmt::format("not IPv4 ({} bytes)", bytes.size());
  }
  const std::size_t there = std::min<std::size_t>(bytes.size(), ip.total_length()) - ip.header_size();
  const std::size_t claimed = ip.total_length() - ip.header_size();
  std::uint8_t* transport = ip.at + ip.header_size();
  const IpProtocol protocol{ip.protocol()};
  const std::size_t needed = transport_header_size(protocol);
  const bool has_header = needed != 0 && ip.fragment_offset() == 0 && there >= needed;

  std::string text;
  if (has_header && protocol == IpProtocol::udp) {
    const UdpView udp{transport};
    text = fmt::format("{}.{} > {}.{}: UDP {}", ip.source(), udp.source_port(), ip.destination(),
                       udp.destination_port(), udp.length() - static_cast<int>(UdpView::size));
  } else if (has_header && protocol == IpProtocol::tcp) {
    const TcpView tcp{transport};
    text = fmt::format("{}.{} > {}.{}: {}", ip.source(), tcp.source_port(), ip.destination(),
                       tcp.destination_port(), tcp_text(tcp, there, claimed));
  } else if (has_header && protocol == IpProtocol::icmp) {
    text = fmt::format("{} > {}: {}", ip.source(), ip.destination(), icmp_text({transport}, there, claimed));
  } else {
    text = fmt::format("{} > {}: protocol {}", ip.source(), ip.destination(), ip.protocol());
    if (claimed != 0) text += fmt::format(" len {}", claimed);
  }
  text += ip_words(ip, bytes.size());
  if (checksum(ip.at, ip.header_size()) != 0) text += ", bad ip checksum";
  // Of a fragment or of a datagram that was cut, the sum cannot be known.
  if (has_header && !ip.is_fragment() && there == claimed &&
      !transport_checksum_is_right(ip, transport, claimed)) {
    text += ", bad checksum";
  }
  return text;
}

std::string describe_arp(std::span<const std::uint8_t> bytes) {
  const ArpView arp{const_cast<std::uint8_t*>(bytes.data())};
  if (bytes.size() < ArpView::size || !arp.is_ethernet_ipv4())
    return fmt::format("odd ARP ({} bytes)", bytes.size());
  if (arp.operation() == ArpView::request)
    return fmt::format("ARP who-has {} tell {}", arp.target(), arp.sender());
  return fmt::format("ARP {} is-at {}", arp.sender(), arp.sender_mac());
}

PacketRef arp_frame(PacketPool& pool, Reader& reader, const MacAddress& source,
                    const MacAddress& destination) {
  ArpFields fields;
  fields.sender_mac = source;
  if (reader.take("who-has")) {
    fields.target = reader.address();
    reader.expect("tell");
    fields.sender = reader.address();
  } else {
    fields.operation = ArpView::reply;
    fields.sender = reader.address();
    reader.expect("is-at");
    fields.sender_mac = reader.mac();
    fields.target_mac = destination;
  }
  if (!reader.at_end()) reader.fail("what is this?");
  PacketRef built = build_arp(pool, destination, fields);
  ethernet(*built).source(source);
  return built;
}

}  // namespace

PacketRef packet(PacketPool& pool, std::string_view text) {
  const Words words = read(text);
  PacketRef built = pool.allocate(words.length + words.quoted.size());
  build(*built, words);
  return built;
}

PacketRef frame(PacketPool& pool, std::string_view text) {
  Reader reader(text);
  const MacAddress source = reader.mac();
  reader.expect(">");
  const MacAddress destination = reader.mac();
  reader.expect("|");
  if (reader.take("ARP")) return arp_frame(pool, reader, source, destination);
  PacketRef built = packet(pool, reader.rest());
  push_ethernet(*built, destination, source, EtherType::ipv4);
  return built;
}

std::string describe(const Packet& packet) {
  return describe_bytes({packet.network(), packet.network_size()});
}

std::string describe_frame(const Packet& packet) {
  const std::span<const std::uint8_t> bytes = packet.bytes();
  if (bytes.size() < EthernetView::size) return fmt::format("not Ethernet ({} bytes)", bytes.size());
  const EthernetView header{const_cast<std::uint8_t*>(bytes.data())};
  const std::span<const std::uint8_t> inside = bytes.subspan(EthernetView::size);
  std::string text = fmt::format("{} > {} | ", header.source(), header.destination());
  switch (EtherType{header.type()}) {
    case EtherType::ipv4:
      return text + describe_bytes(inside);
    case EtherType::arp:
      return text + describe_arp(inside);
  }
  return text + fmt::format("ethertype 0x{:04x} ({} bytes)", header.type(), inside.size());
}

}  // namespace ekspath
