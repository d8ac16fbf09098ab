#include "sim/packet/dns_message.hh"

#include <algorithm>
#include <map>
#include <utility>

#include "sim/base/assert.hh"
#include "sim/packet/byte_order.hh"

namespace ekspath {
namespace {

// RFC 1035 4.1.1, RFC 4035 3.1.6
constexpr std::uint16_t flag_response = 0x8000, flag_authoritative = 0x0400, flag_truncated = 0x0200,
                        flag_recursion_desired = 0x0100, flag_recursion_available = 0x0080,
                        flag_authenticated = 0x0020, flag_checking_disabled = 0x0010;
constexpr std::uint32_t edns_dnssec_ok = 0x8000;
constexpr std::size_t header_size = 12;

}  // namespace

/// Reads front to back; the first thing out of bounds spoils the whole.
class DnsReader {
 public:
  explicit DnsReader(std::span<const std::uint8_t> bytes) : bytes_(bytes), end_(bytes.size()) {}

  [[nodiscard]] std::optional<DnsMessage> message();

 private:
  [[nodiscard]] bool has(std::size_t n) {
    if (n > end_ - at_) good_ = false;
    return good_;
  }
  std::uint8_t number8() { return has(1) ? bytes_[at_++] : std::uint8_t{0}; }
  std::uint16_t number16() {
    if (!has(2)) return 0;
    at_ += 2;
    return load16(&bytes_[at_ - 2]);
  }
  std::uint32_t number32() {
    if (!has(4)) return 0;
    at_ += 4;
    return load32(&bytes_[at_ - 4]);
  }
  std::vector<std::uint8_t> rest(std::size_t n) {
    if (!has(n)) return {};
    const auto begin = bytes_.begin() + static_cast<std::ptrdiff_t>(at_);
    at_ += n;
    return {begin, begin + static_cast<std::ptrdiff_t>(n)};
  }
  DnsName name();
  DnsQuestion question();
  void record(DnsMessage& into, std::vector<DnsRecord>& section, bool additional);
  void edns(DnsMessage& into, const DnsRecord& head);
  DnsData data(DnsType type, std::size_t length);
  DnsTexts texts();

  std::span<const std::uint8_t> bytes_;
  std::size_t end_;  // of the message, or of the record data at hand
  std::size_t at_ = 0;
  bool good_ = true;
};

/// A pointer must lead to before the place where the name began or the last pointer led: so it ends.
DnsName DnsReader::name() {
  DnsName result;
  std::size_t size = 1;
  std::size_t limit = at_;
  std::optional<std::size_t> after;
  while (has(1)) {
    const std::uint8_t length = bytes_[at_];
    if (length == 0) {
      ++at_;
      break;
    }
    if ((length & 0xc0) == 0xc0) {
      const std::size_t to = number16() & 0x3fffU;
      if (!good_ || to >= limit || to < header_size) {
        good_ = false;
        break;
      }
      if (!after) after = at_;
      limit = at_ = to;
      continue;
    }
    size += 1U + length;
    if (length > DnsName::longest_label || size > DnsName::longest_wire || !has(1U + length)) {
      good_ = false;
      break;
    }
    result.labels_.emplace_back(reinterpret_cast<const char*>(&bytes_[at_ + 1]), length);
    at_ += 1U + length;
  }
  if (after) at_ = *after;
  return result;
}

DnsQuestion DnsReader::question() {
  DnsQuestion result;
  result.name = name();
  result.type = DnsType{number16()};
  result.question_class = DnsClass{number16()};
  return result;
}

DnsTexts DnsReader::texts() {
  DnsTexts result;
  while (good_ && at_ < end_) {
    const std::vector<std::uint8_t> text = rest(number8());
    result.emplace_back(text.begin(), text.end());
  }
  if (result.empty()) good_ = false;  // RFC 1035 3.3.14: one or more
  return result;
}

DnsData DnsReader::data(DnsType type, std::size_t length) {
  switch (type) {
    case DnsType::a:
      return Ipv4Address(number32());
    case DnsType::aaaa: {
      DnsIpv6 address{};
      const std::vector<std::uint8_t> bytes = rest(address.size());
      std::ranges::copy(bytes, address.begin());
      return address;
    }
    case DnsType::ns:
    case DnsType::cname:
    case DnsType::ptr:
      return name();
    case DnsType::soa: {
      DnsSoa soa;
      soa.primary = name();
      soa.mailbox = name();
      for (std::uint32_t* field : {&soa.serial, &soa.refresh, &soa.retry, &soa.expire, &soa.minimum})
        *field = number32();
      return soa;
    }
    case DnsType::srv: {
      DnsSrv srv;
      for (std::uint16_t* field : {&srv.priority, &srv.weight, &srv.port}) *field = number16();
      srv.target = name();
      return srv;
    }
    case DnsType::mx: {
      DnsMx mx;
      mx.preference = number16();
      mx.exchange = name();
      return mx;
    }
    case DnsType::txt:
      return texts();
    default:
      return rest(length);
  }
}

/// RFC 6891 6.1: the class is a size, the TTL holds upper code bits, version and flags.
void DnsReader::edns(DnsMessage& into, const DnsRecord& head) {
  if (into.edns || !head.name.is_root()) {
    good_ = false;
    return;
  }
  DnsEdns& edns = into.edns.emplace();
  edns.udp_size = static_cast<std::uint16_t>(head.record_class);
  edns.version = static_cast<std::uint8_t>(head.ttl_s >> 16);
  edns.dnssec_ok = (head.ttl_s & edns_dnssec_ok) != 0;
  into.code = DnsCode{static_cast<std::uint16_t>(static_cast<unsigned>(into.code) | (head.ttl_s >> 24) << 4)};
  while (good_ && at_ < end_) {
    DnsEdns::Option& option = edns.options.emplace_back();
    option.code = number16();
    option.value = rest(number16());
  }
}

void DnsReader::record(DnsMessage& into, std::vector<DnsRecord>& section, bool additional) {
  DnsRecord result;
  result.name = name();
  result.type = DnsType{number16()};
  result.record_class = DnsClass{number16()};
  result.ttl_s = number32();
  const std::size_t length = number16();
  if (!good_ || !has(length)) return;
  const std::size_t whole = std::exchange(end_, at_ + length);
  if (result.type == DnsType::opt) {
    if (!additional) good_ = false;
    edns(into, result);
  } else {
    result.data = data(result.type, length);
    section.push_back(std::move(result));
  }
  if (at_ != end_) good_ = false;
  end_ = whole;
}

std::optional<DnsMessage> DnsReader::message() {
  DnsMessage result;
  result.id = number16();
  const std::uint16_t flags = number16();
  result.response = (flags & flag_response) != 0;
  result.opcode = static_cast<std::uint8_t>(flags >> 11 & 0xf);
  result.authoritative = (flags & flag_authoritative) != 0;
  result.truncated = (flags & flag_truncated) != 0;
  result.recursion_desired = (flags & flag_recursion_desired) != 0;
  result.recursion_available = (flags & flag_recursion_available) != 0;
  result.authenticated = (flags & flag_authenticated) != 0;
  result.checking_disabled = (flags & flag_checking_disabled) != 0;
  result.code = DnsCode{static_cast<std::uint16_t>(flags & 0xf)};
  std::array<std::uint16_t, 4> counts{};
  for (std::uint16_t& count : counts) count = number16();
  for (unsigned i = 0; good_ && i < counts[0]; ++i) result.questions.push_back(question());
  std::array<std::vector<DnsRecord>*, 3> sections{&result.answers, &result.authority, &result.additional};
  for (std::size_t s = 0; s < sections.size(); ++s) {
    for (unsigned i = 0; good_ && i < counts[s + 1]; ++i) record(result, *sections[s], s == 2);
  }
  if (!good_ || at_ != bytes_.size()) return std::nullopt;
  return result;
}

namespace {

class DnsWriter {
 public:
  explicit DnsWriter(DnsCompression compression) : compression_(compression) {}

  [[nodiscard]] std::vector<std::uint8_t> message(const DnsMessage& message);

 private:
  void number8(std::uint8_t value) { bytes_.push_back(value); }
  void number16(std::uint16_t value) {
    bytes_.resize(bytes_.size() + 2);
    store16(&bytes_[bytes_.size() - 2], value);
  }
  void number32(std::uint32_t value) {
    bytes_.resize(bytes_.size() + 4);
    store32(&bytes_[bytes_.size() - 4], value);
  }
  void raw(std::span<const std::uint8_t> bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  void text(std::string_view value) { bytes_.insert(bytes_.end(), value.begin(), value.end()); }
  void name(const DnsName& name, bool compressible);
  void record(const DnsRecord& record);
  void data(const DnsRecord& record);
  void edns(const DnsEdns& edns, DnsCode code);

  DnsCompression compression_;
  std::vector<std::uint8_t> bytes_;
  std::map<std::string, std::uint16_t> known_;  // where a name stands, by its text as written
};

/// The longest known tail becomes a pointer. Tails are the same only in the same case, so that a reader sees
/// each name as it was given.
void DnsWriter::name(const DnsName& name, bool compressible) {
  constexpr std::size_t farthest = 0x3fff;
  for (std::size_t i = 0; i < name.labels().size(); ++i) {
    const std::string tail = name.parent(i).text();
    const auto known = known_.find(tail);
    if (known != known_.end() && compressible && compression_ == DnsCompression::on) {
      number16(static_cast<std::uint16_t>(0xc000 | known->second));
      return;
    }
    if (known == known_.end() && bytes_.size() <= farthest)
      known_.emplace(tail, static_cast<std::uint16_t>(bytes_.size()));
    const std::string& label = name.labels()[i];
    number8(static_cast<std::uint8_t>(label.size()));
    text(label);
  }
  number8(0);
}

void DnsWriter::data(const DnsRecord& record) {
  struct Visitor {
    DnsWriter& to;
    void operator()(const DnsOpaque& value) const { to.raw(value); }
    void operator()(Ipv4Address value) const { to.number32(value.bits()); }
    void operator()(const DnsIpv6& value) const { to.raw(value); }
    void operator()(const DnsName& value) const { to.name(value, true); }
    void operator()(const DnsSoa& soa) const {
      to.name(soa.primary, true);
      to.name(soa.mailbox, true);
      for (const std::uint32_t field : {soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum})
        to.number32(field);
    }
    void operator()(const DnsSrv& srv) const {
      for (const std::uint16_t field : {srv.priority, srv.weight, srv.port}) to.number16(field);
      to.name(srv.target, false);  // RFC 2782
    }
    void operator()(const DnsMx& mx) const {
      to.number16(mx.preference);
      to.name(mx.exchange, true);
    }
    void operator()(const DnsTexts& texts) const {
      for (const std::string& value : texts) {
        ASSERT(value.size() <= 255);
        to.number8(static_cast<std::uint8_t>(value.size()));
        to.text(value);
      }
    }
  };
  std::visit(Visitor{*this}, record.data);
}

void DnsWriter::record(const DnsRecord& record) {
  name(record.name, true);
  number16(static_cast<std::uint16_t>(record.type));
  number16(static_cast<std::uint16_t>(record.record_class));
  number32(record.ttl_s);
  const std::size_t length_at = bytes_.size();
  number16(0);
  data(record);
  const std::size_t length = bytes_.size() - length_at - 2;
  ASSERT(length <= 0xffff);
  store16(&bytes_[length_at], static_cast<std::uint16_t>(length));
}

void DnsWriter::edns(const DnsEdns& edns, DnsCode code) {
  number8(0);
  number16(static_cast<std::uint16_t>(DnsType::opt));
  number16(edns.udp_size);
  number32(static_cast<std::uint32_t>(code) >> 4 << 24 | std::uint32_t{edns.version} << 16 |
           (edns.dnssec_ok ? edns_dnssec_ok : 0));
  std::size_t length = 0;
  for (const DnsEdns::Option& option : edns.options) length += 4 + option.value.size();
  ASSERT(length <= 0xffff);
  number16(static_cast<std::uint16_t>(length));
  for (const DnsEdns::Option& option : edns.options) {
    number16(option.code);
    number16(static_cast<std::uint16_t>(option.value.size()));
    raw(option.value);
  }
}

std::vector<std::uint8_t> DnsWriter::message(const DnsMessage& message) {
  number16(message.id);
  unsigned flags =
      static_cast<unsigned>(message.opcode & 0xf) << 11 | (static_cast<unsigned>(message.code) & 0xf);
  if (message.response) flags |= flag_response;
  if (message.authoritative) flags |= flag_authoritative;
  if (message.truncated) flags |= flag_truncated;
  if (message.recursion_desired) flags |= flag_recursion_desired;
  if (message.recursion_available) flags |= flag_recursion_available;
  if (message.authenticated) flags |= flag_authenticated;
  if (message.checking_disabled) flags |= flag_checking_disabled;
  number16(static_cast<std::uint16_t>(flags));
  const std::size_t extra = message.additional.size() + (message.edns ? 1 : 0);
  for (const std::size_t count :
       {message.questions.size(), message.answers.size(), message.authority.size(), extra}) {
    ASSERT(count <= 0xffff);
    number16(static_cast<std::uint16_t>(count));
  }
  for (const DnsQuestion& question : message.questions) {
    name(question.name, true);
    number16(static_cast<std::uint16_t>(question.type));
    number16(static_cast<std::uint16_t>(question.question_class));
  }
  for (const DnsRecord& answer : message.answers) record(answer);
  for (const DnsRecord& authority : message.authority) record(authority);
  for (const DnsRecord& additional : message.additional) record(additional);
  if (message.edns) edns(*message.edns, message.code);
  ASSERT(bytes_.size() <= 0xffff);
  return std::move(bytes_);
}

}  // namespace

std::optional<DnsMessage> read_dns(std::span<const std::uint8_t> bytes) { return DnsReader(bytes).message(); }

std::vector<std::uint8_t> write_dns(const DnsMessage& message, DnsCompression compression) {
  return DnsWriter(compression).message(message);
}

void cut_to_size(DnsMessage& message, std::size_t size) {
  while (write_dns(message).size() > size) {
    std::vector<DnsRecord>& last = !message.additional.empty()  ? message.additional
                                   : !message.authority.empty() ? message.authority
                                                                : message.answers;
    if (last.empty()) return;  // a question and an OPT always fit
    // What is only additional may go unmentioned.
    if (&last != &message.additional) message.truncated = true;
    last.pop_back();
  }
}

DnsMessage reply_to(const DnsMessage& query) {
  DnsMessage reply;
  reply.id = query.id;
  reply.opcode = query.opcode;
  reply.response = true;
  reply.recursion_desired = query.recursion_desired;
  reply.checking_disabled = query.checking_disabled;
  reply.questions = query.questions;
  return reply;
}

std::optional<std::string> DnsStreamReader::take() {
  if (bytes_.size() < 2) return std::nullopt;
  const std::size_t length = load16(reinterpret_cast<const std::uint8_t*>(bytes_.data()));
  if (bytes_.size() < 2 + length) return std::nullopt;
  std::string message = bytes_.substr(2, length);
  bytes_.erase(0, 2 + length);
  return message;
}

std::string dns_stream_frame(std::span<const std::uint8_t> message) {
  std::string frame(2, '\0');
  store16(reinterpret_cast<std::uint8_t*>(frame.data()), static_cast<std::uint16_t>(message.size()));
  frame.append(message.begin(), message.end());
  return frame;
}

}  // namespace ekspath
