#include "sim/lab/tcpdump_text.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "sim/lab/tcpdump_payload.hh"
#include "sim/packet/byte_order.hh"
#include "sim/packet/checksum.hh"
#include "sim/packet/headers.hh"

/// tcpdump 4.99.3 print-ether.c, print-sll.c, print-arp.c, print-ip.c, print-icmp.c, print-udp.c,
/// print-tcp.c; observed: fixtures/linux/tcpdump-*.txt, facts/linux-datapath.md 6
namespace ekspath {
namespace {

using Bytes = std::span<const std::uint8_t>;

// The printer only reads; the views' setters are not called.
template <class View>
View view(Bytes bytes) {
  return View{const_cast<std::uint8_t*>(bytes.data())};
}

/// What a wrong checksum field should have been. util.c in_cksum_shouldbe()
std::uint16_t should_be(std::uint16_t field, std::uint16_t computed) {
  const std::uint32_t sum = std::uint32_t{field} + computed;
  return static_cast<std::uint16_t>((sum & 0xffff) + (sum >> 16));
}

std::string clock(std::int64_t wall_clock_ns) {
  const std::int64_t microseconds = wall_clock_ns / 1000;
  const std::int64_t second = microseconds / 1'000'000 % 86400;
  return fmt::format("{:02}:{:02}:{:02}.{:06}", second / 3600, second / 60 % 60, second % 60,
                     microseconds % 1'000'000);
}

std::string_view protocol_name(std::uint8_t protocol) {
  static constexpr std::pair<std::uint8_t, std::string_view> names[] = {
      {1, "ICMP"}, {2, "IGMP"}, {4, "IPIP"},  {6, "TCP"},    {17, "UDP"},   {41, "IPv6"},    {47, "GRE"},
      {50, "ESP"}, {51, "AH"},  {89, "OSPF"}, {112, "VRRP"}, {132, "SCTP"}, {136, "unknown"}};
  const auto found = std::ranges::find(names, protocol, &std::pair<std::uint8_t, std::string_view>::first);
  return found != std::end(names) ? found->second : "unknown";
}

/// Stands for a message that ends before what would be printed of it.
const std::string cut;

std::string unreachable_text(std::uint8_t code, Bytes message) {
  const Bytes quoted = message.subspan(IcmpView::size);
  if (quoted.size() < Ipv4View::minimum_size) return cut;
  const auto inner = view<Ipv4View>(quoted);
  const std::string to = fmt::format("{}", inner.destination());
  switch (code) {
    case 0:
      return fmt::format("net {} unreachable", to);
    case 1:
      return fmt::format("host {} unreachable", to);
    case 2:
      return fmt::format("{} protocol {} unreachable", to, inner.protocol());
    case 3: {
      if (quoted.size() < inner.header_size() + 4) return cut;
      const std::uint16_t port = load16(&quoted[inner.header_size() + 2]);
      if (inner.protocol() == 6) return fmt::format("{} tcp port {} unreachable", to, port);
      if (inner.protocol() == 17) return fmt::format("{} udp port {} unreachable", to, port);
      return fmt::format("{} protocol {} port {} unreachable", to, inner.protocol(), port);
    }
    case 4: {
      const std::uint16_t mtu = view<IcmpView>(message).next_mtu();
      return mtu != 0 ? fmt::format("{} unreachable - need to frag (mtu {})", to, mtu)
                      : fmt::format("{} unreachable - need to frag", to);
    }
    case 5:
      return fmt::format("{} unreachable - source route failed", to);
    case 6:
      return fmt::format("net {} unreachable - unknown", to);
    case 7:
      return fmt::format("host {} unreachable - unknown", to);
    case 8:
      return fmt::format("{} unreachable - source host isolated", to);
    case 9:
      return fmt::format("net {} unreachable - admin prohibited", to);
    case 10:
      return fmt::format("host {} unreachable - admin prohibited", to);
    case 11:
      return fmt::format("net {} unreachable - tos prohibited", to);
    case 12:
      return fmt::format("host {} unreachable - tos prohibited", to);
    case 13:
      return fmt::format("host {} unreachable - admin prohibited filter", to);
    case 14:
      return fmt::format("host {} unreachable - host precedence violation", to);
    case 15:
      return fmt::format("host {} unreachable - precedence cutoff", to);
    default:
      return fmt::format("{} unreachable - #{}", to, code);
  }
}

std::string redirect_text(std::uint8_t code, Bytes message) {
  if (message.size() < IcmpView::size + Ipv4View::minimum_size) return cut;
  const Ipv4Address to = view<Ipv4View>(message.subspan(IcmpView::size)).destination();
  const Ipv4Address gateway = view<IcmpView>(message).gateway();
  static constexpr std::string_view forms[] = {"redirect {} to net {}", "redirect {} to host {}",
                                               "redirect-tos {} to net {}", "redirect-tos {} to host {}"};
  if (code < std::size(forms)) return fmt::format(fmt::runtime(forms[code]), to, gateway);
  return fmt::format("redirect-#{} {} to {}", code, to, gateway);
}

/// Milliseconds of the day, however many. observed: tcpdump 4.99.3
std::string icmp_time_text(std::uint32_t time) {
  return fmt::format("{:02}:{:02}:{:02}.{:03}", time / 3'600'000, time / 60'000 % 60, time / 1000 % 60,
                     time % 1000);
}

std::string timestamp_reply_text(Bytes message) {
  if (message.size() < 20) return cut;
  const auto header = view<IcmpView>(message);
  return fmt::format("time stamp reply id {} seq {}: org {}, recv {}, xmit {}", header.id(),
                     header.sequence(), icmp_time_text(load32(&message[8])),
                     icmp_time_text(load32(&message[12])), icmp_time_text(load32(&message[16])));
}

/// RFC 1256: the number of addresses, the size of an entry in words, the lifetime; then the entries.
std::string router_advertisement_text(Bytes message) {
  constexpr std::size_t entry_words = 2;
  const std::uint32_t lifetime = load16(&message[6]);
  std::string text = "router advertisement lifetime ";
  if (lifetime < 60) {
    text += fmt::format("{}", lifetime);
  } else if (lifetime < 3600) {
    text += fmt::format("{}:{:02}", lifetime / 60, lifetime % 60);
  } else {
    text += fmt::format("{}:{:02}:{:02}", lifetime / 3600, lifetime % 3600 / 60, lifetime % 60);
  }
  text += fmt::format(" {}:", message[4]);
  if (message[5] != entry_words) return text + fmt::format(" [size {}]", message[5]);
  for (std::size_t i = 0; i < message[4]; ++i) {
    const std::size_t at = IcmpView::size + i * entry_words * 4;
    if (message.size() < at + entry_words * 4) return cut;
    text += fmt::format(" {{{} {}}}", Ipv4Address(load32(&message[at])), load32(&message[at + 4]));
  }
  return text;
}

std::string icmp_text(Bytes message) {
  constexpr std::uint8_t router_advertisement = 9, router_solicitation = 10;
  const auto header = view<IcmpView>(message);
  const std::uint8_t code = header.code();
  switch (header.type()) {
    case icmp::echo_request:
    case icmp::echo_reply:
      return fmt::format("echo {}, id {}, seq {}", header.type() == icmp::echo_request ? "request" : "reply",
                         header.id(), header.sequence());
    case icmp::unreachable:
      return unreachable_text(code, message);
    case icmp::redirect:
      return redirect_text(code, message);
    case icmp::time_exceeded:
      if (code == 0) return "time exceeded in-transit";
      return code == 1 ? "ip reassembly time exceeded" : fmt::format("time exceeded-#{}", code);
    case icmp::parameter_problem:
      return code != 0 ? fmt::format("parameter problem - code {}", code)
                       : fmt::format("parameter problem - octet {}", message[4]);
    case icmp::source_quench:
      return "source quench";
    case router_advertisement:
      return router_advertisement_text(message);
    case router_solicitation:
      return "router solicitation";
    case icmp::timestamp:
      return fmt::format("time stamp query id {} seq {}", header.id(), header.sequence());
    case icmp::timestamp_reply:
      return timestamp_reply_text(message);
    case icmp::information:
      return "information request";
    case icmp::information_reply:
      return "information reply";
    case icmp::address_mask:
      return "address mask request";
    case icmp::address_mask_reply:
      return message.size() < 12 ? cut : fmt::format("address mask is 0x{:08x}", load32(&message[8]));
    default:
      return fmt::format("type-#{}", header.type());
  }
}

}  // namespace

template <class... Arguments>
void TcpdumpText::write(const char* format, const Arguments&... arguments) {
  fmt::format_to(std::back_inserter(text_), fmt::runtime(format), arguments...);
}

std::string TcpdumpText::print(const TcpdumpFrame& frame) {
  text_ = clock(frame.wall_clock_ns) + " ";
  link(frame);
  const Bytes payload = frame.bytes.subspan(EthernetView::size);
  const std::uint16_t type = view<EthernetView>(frame.bytes).type();
  if (type == static_cast<std::uint16_t>(EtherType::ipv4)) {
    ip(payload, payload.size());
  } else if (type == static_cast<std::uint16_t>(EtherType::arp)) {
    arp(payload);
  } else if (!form_.link_header) {
    write("ethertype Unknown (0x{:04x}), length {}", type, payload.size());
  }
  text_ += "\n";
  return std::move(text_);
}

/// ether_print(), sll2_if_print()
void TcpdumpText::link(const TcpdumpFrame& frame) {
  const auto header = view<EthernetView>(frame.bytes);
  const std::uint16_t type = header.type();
  if (form_.any) {
    const bool host = header.destination() == frame.interface_mac;
    const char* direction = frame.direction == Direction::out     ? "Out"
                            : header.destination().is_broadcast() ? "B"
                            : header.destination().is_group()     ? "M"
                            : host                                ? "In"
                                                                  : "P";
    write("{:<5} {:<3} ", frame.interface_name, direction);
  }
  if (!form_.link_header) return;
  if (form_.any) {
    write("ifindex {} {} ", frame.interface_index, header.source());
  } else {
    write("{} > {}, ", header.source(), header.destination());
  }
  const char* name = type == static_cast<std::uint16_t>(EtherType::ipv4)  ? "IPv4"
                     : type == static_cast<std::uint16_t>(EtherType::arp) ? "ARP"
                                                                          : "Unknown";
  const std::size_t cooked = form_.any ? 20 - EthernetView::size : 0;  // a LINUX_SLL2 header instead
  write("ethertype {} (0x{:04x}), length {}: ", name, type, frame.bytes.size() + cooked);
}

/// arp_print()
void TcpdumpText::arp(Bytes bytes) {
  if (!form_.link_header) text_ += "ARP, ";
  const auto header = view<ArpView>(bytes);
  if (bytes.size() < ArpView::size || !header.is_ethernet_ipv4()) {
    text_ += "[|arp]";
    return;
  }
  if (form_.verbosity > 0) text_ += "Ethernet (len 6), IPv4 (len 4), ";
  switch (header.operation()) {
    case ArpView::request:
      write("Request who-has {}", header.target());
      if (header.target_mac() != MacAddress{}) write(" ({})", header.target_mac());
      write(" tell {}", header.sender());
      break;
    case ArpView::reply:
      write("Reply {} is-at {}", header.sender(), header.sender_mac());
      break;
    default:
      write("Unknown ({}) ", header.operation());
  }
  write(", length {}", bytes.size());
}

/// ip_print()
void TcpdumpText::ip(Bytes bytes, std::size_t length) {
  if (!form_.link_header) text_ += "IP ";
  if (length < Ipv4View::minimum_size || bytes.size() < Ipv4View::minimum_size) {
    write("truncated-ip {}", length);
    return;
  }
  const auto header = view<Ipv4View>(bytes);
  const std::size_t header_size = header.header_size();
  std::size_t total = header.total_length();
  if (header_size < Ipv4View::minimum_size) {
    write("bad-hlen {}", header_size);
    return;
  }
  if (length < total) write("truncated-ip - {} bytes missing! ", total - length);
  if (total < header_size) {
    write("bad-len {}", total);
    return;
  }
  const Bytes datagram = bytes.first(std::min(bytes.size(), total));  // without the padding of a short frame
  if (form_.verbosity > 0) {
    static constexpr const char* congestion[] = {"", ",ECT(1)", ",ECT(0)", ",CE"};
    write("(tos 0x{:x}{}", header.tos(), congestion[header.tos() & 3]);
    if (header.ttl() > 0) write(", ttl {}", header.ttl());
    const std::uint16_t fragment = load16(&bytes[6]);
    const char* flags = (fragment & 0x6000) == 0x6000 ? "+, DF"
                        : (fragment & 0x4000) != 0    ? "DF"
                        : (fragment & 0x2000) != 0    ? "+"
                                                      : "none";
    write(", id {}, offset {}, flags [{}], proto {} ({}), length {}", header.identification(),
          header.fragment_offset(), flags, protocol_name(header.protocol()), header.protocol(), total);
    if (header_size <= bytes.size()) {
      const std::uint16_t wrong = checksum(bytes.data(), header_size);
      const std::uint16_t field = header.checksum_field();
      if (wrong != 0) write(", bad cksum {:x} (->{:x})!", field, should_be(field, wrong));
    }
    text_ += ")\n    ";
  }
  if (header.fragment_offset() != 0) {
    write("{} > {}: ip-proto-{}", header.source(), header.destination(), header.protocol());
    return;
  }
  const Bytes payload = datagram.subspan(std::min(header_size, datagram.size()));
  const std::size_t size = total - header_size;
  if (header.protocol() == 6) return tcp(datagram, payload, size, header.more_fragments());
  if (header.protocol() == 17) return udp(datagram, payload, size, header.more_fragments());
  write("{} > {}: ", header.source(), header.destination());
  if (header.protocol() == 1) return icmp(payload, size, header.more_fragments());
  write(" ip-proto-{} {}", header.protocol(), size);
}

/// icmp_print()
void TcpdumpText::icmp(Bytes bytes, std::size_t length, bool fragmented) {
  const std::string what = bytes.size() < IcmpView::size ? cut : icmp_text(bytes);
  if (what == cut) {
    text_ += " [|icmp]";
    return;
  }
  write("ICMP {}, length {}", what, length);
  if (form_.verbosity == 0) return;
  if (!fragmented && bytes.size() >= length) {
    const std::uint16_t wrong = checksum(bytes.data(), length);
    const std::uint16_t field = load16(&bytes[2]);
    if (wrong != 0) write(" (wrong icmp cksum {:x} (->{:x})!)", field, should_be(field, wrong));
  }
  const Bytes quoted = bytes.subspan(IcmpView::size);
  if (!view<IcmpView>(bytes).is_error() || quoted.size() < Ipv4View::minimum_size) return;
  text_ += "\n\t";
  ip(quoted, view<Ipv4View>(quoted).total_length());
}

/// udp_print()
void TcpdumpText::udp(Bytes datagram, Bytes bytes, std::size_t length, bool fragmented) {
  const auto ip_header = view<Ipv4View>(datagram);
  if (bytes.size() < UdpView::size) {
    if (bytes.size() < 4) {
      write("{} > {}:  [|udp]", ip_header.source(), ip_header.destination());
    } else {
      write("{}.{} > {}.{}: ", ip_header.source(), load16(&bytes[0]), ip_header.destination(),
            load16(&bytes[2]));
      length < UdpView::size ? write("truncated-udp {}", length) : write(" [|udp]");
    }
    return;
  }
  const auto header = view<UdpView>(bytes);
  write("{}.{} > {}.{}: ", ip_header.source(), header.source_port(), ip_header.destination(),
        header.destination_port());
  if (header.length() < UdpView::size) {
    write("truncated-udplength {}", header.length());
    return;
  }
  const std::size_t said = header.length() - UdpView::size;
  const std::size_t size = std::min(said, length - UdpView::size);
  const Bytes payload = bytes.subspan(UdpView::size).first(std::min(size, bytes.size() - UdpView::size));
  if (form_.verbosity > 1 && !fragmented) {
    if (header.checksum_field() == 0) {
      text_ += "[no cksum] ";
    } else if (payload.size() == size) {
      const std::uint16_t wrong = transport_checksum(ip_header.source(), ip_header.destination(), 17,
                                                     bytes.data(), size + UdpView::size);
      if (wrong == 0) text_ += "[udp sum ok] ";
      if (wrong != 0)
        write("[bad udp cksum 0x{:04x} -> 0x{:04x}!] ", header.checksum_field(),
              should_be(header.checksum_field(), wrong));
    }
  }
  if (header.source_port() == 53 || header.destination_port() == 53) {
    text_ += tcpdump_dns(payload, size, form_.verbosity);
  } else if (said > size && !fragmented) {
    write("UDP, bad length {} > {}", said, size);
  } else {
    write("UDP, length {}", said);
  }
}

/// tcp_print()
void TcpdumpText::tcp(Bytes datagram, Bytes bytes, std::size_t length, bool fragmented) {
  const auto ip_header = view<Ipv4View>(datagram);
  const Ipv4Address from = ip_header.source(), to = ip_header.destination();
  if (bytes.size() < 4) {
    write("{} > {}: [|tcp]", from, to);
    return;
  }
  const auto header = view<TcpView>(bytes);
  const std::uint16_t source_port = header.source_port(), destination_port = header.destination_port();
  write("{}.{} > {}.{}: ", from, source_port, to, destination_port);
  if (bytes.size() < TcpView::minimum_size) {
    text_ += " [|tcp]";
    return;
  }
  const std::size_t header_size = header.header_size();
  if (header_size < TcpView::minimum_size) {
    write(" tcp {} [bad hdr length {}, too short, < 20]", length - header_size, header_size);
    return;
  }
  const std::uint8_t flags = bytes[13];
  std::string names;
  for (std::size_t bit = 0; bit < 8; ++bit) {
    if ((flags >> bit & 1) != 0) names += "FSRP.UEW"[bit];
  }
  write("Flags [{}]", names.empty() ? "none" : names);

  std::uint32_t sequence = header.sequence(), acknowledgement = header.acknowledgement(), sack_base = 0;
  if ((flags & tcp_flag::ack) != 0) {
    const bool reverse = source_port != destination_port ? source_port > destination_port : from > to;
    const FlowKey key = reverse ? FlowKey{to, from, destination_port, source_port}
                                : FlowKey{from, to, source_port, destination_port};
    const auto [found, first] = flows_.try_emplace(key);
    InitialSequences& initial = found->second;
    if (first || (flags & tcp_flag::syn) != 0) {
      initial = reverse ? InitialSequences{acknowledgement - 1, sequence}
                        : InitialSequences{sequence, acknowledgement - 1};
    } else {
      sequence -= reverse ? initial.acknowledgement : initial.sequence;
      acknowledgement -= reverse ? initial.sequence : initial.acknowledgement;
    }
    sack_base = reverse ? initial.sequence : initial.acknowledgement;
  }
  if (header_size > length) {
    write(" [bad hdr length {} - too long, > {}]", header_size, length);
    return;
  }
  if (form_.verbosity > 0 && !fragmented && bytes.size() >= length) {
    const std::uint16_t wrong = transport_checksum(from, to, 6, bytes.data(), length);
    const std::uint16_t field = header.checksum_field();
    write(", cksum 0x{:04x}", field);
    wrong == 0 ? write(" (correct)") : write(" (incorrect -> 0x{:04x})", should_be(field, wrong));
  }
  const std::size_t size = length - header_size;
  if (form_.verbosity > 1 || size > 0 || (flags & (tcp_flag::syn | tcp_flag::fin | tcp_flag::rst)) != 0) {
    write(", seq {}", sequence);
    if (size > 0) write(":{}", sequence + static_cast<std::uint32_t>(size));
  }
  if ((flags & tcp_flag::ack) != 0) write(", ack {}", acknowledgement);
  write(", win {}", header.window());
  if ((flags & tcp_flag::urg) != 0) write(", urg {}", load16(&bytes[18]));
  if (header_size > TcpView::minimum_size) {
    text_ += ", options [";
    if (!tcp_options(bytes.subspan(TcpView::minimum_size), header_size - TcpView::minimum_size, sack_base))
      return;
    text_ += "]";
  }
  write(", length {}", size);
  const auto is_http = [](std::uint16_t port) { return port == 80 || port == 8080; };
  if (size == 0 || !(is_http(source_port) || is_http(destination_port))) return;
  const Bytes payload = bytes.subspan(header_size);
  text_ += ": " + tcpdump_http(payload.first(std::min(size, payload.size())), size, form_.verbosity);
}

/// `left`: what the header says of the options' size; less may be there of a quoted packet. False: the line
/// ends here.
bool TcpdumpText::tcp_options(Bytes options, std::size_t left, std::uint32_t sack_base) {
  constexpr std::uint8_t end = 0, nop = 1, mss = 2, window_scale = 3, sack_permitted = 4, sack = 5,
                         timestamp = 8;
  const auto bad = [this](bool first) {
    text_ += first ? "[bad opt]" : "[bad opt]]";
    return false;
  };
  const auto truncated = [this] {
    text_ += " [|tcp]";
    return false;
  };
  bool first = true;
  for (std::size_t at = 0; left > 0; first = false) {
    if (!first) text_ += ",";
    if (at >= options.size()) return truncated();
    const std::uint8_t kind = options[at++];
    --left;
    if (kind == end || kind == nop) {
      text_ += kind == end ? "eol" : "nop";
      if (kind == end) return true;
      continue;
    }
    if (at >= options.size() && left > 0) return truncated();
    const std::size_t size = left > 0 ? options[at] : 0;
    if (size < 2 || size > left + 1) return bad(first);
    ++at;
    --left;
    static constexpr std::string_view names[] = {"",     "",     "mss",       "wscale", "sackOK",
                                                 "sack", "echo", "echoreply", "TS"};
    text_ += kind < std::size(names) ? std::string(names[kind]) : fmt::format("unknown-{}", kind);
    // What an option of its kind holds; the size it claims is told apart when it is another.
    const std::size_t value_size = kind == mss              ? 2
                                   : kind == window_scale   ? 1
                                   : kind == sack_permitted ? 0
                                   : kind == timestamp      ? 8
                                                            : size - 2;
    if (value_size > left) return bad(first);
    if (at + value_size > options.size()) {
      return truncated();
    }
    const Bytes value = options.subspan(at, value_size);
    if (kind == mss) {
      write(" {}", load16(value.data()));
    } else if (kind == window_scale) {
      write(" {}", value[0]);
    } else if (kind == timestamp) {
      write(" val {} ecr {}", load32(value.data()), load32(&value[4]));
    } else if (kind == sack && value_size % 8 != 0) {
      text_ += " invalid sack";
    } else if (kind == sack) {
      write(" {} ", value_size / 8);
      for (std::size_t i = 0; i < value_size; i += 8)
        write("{{{}:{}}}", load32(&value[i]) - sack_base, load32(&value[i + 4]) - sack_base);
    } else if (value_size > 0) {
      text_ += " 0x";
      for (const std::uint8_t byte : value) write("{:02x}", byte);
    }
    at += value_size;
    left -= value_size;
    if (value_size + 2 != size) write("[len {}]", size);
  }
  return true;
}

}  // namespace ekspath
