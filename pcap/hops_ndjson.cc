#include "pcap/hops_ndjson.hh"

#include <fmt/compile.h>

#include <array>
#include <cstddef>
#include <iterator>

#include "pcap/utf8.hh"
#include "sim/packet/headers.hh"

namespace ekspath {
namespace {

void append(fmt::memory_buffer& text, std::string_view words) {
  text.append(words.data(), words.data() + words.size());
}

/// What stands for itself in a JSON string.
constexpr auto plain_characters = [] {
  std::array<bool, 256> plain{};
  for (std::size_t c = ' '; c < 0x7f; ++c) plain[c] = c != '"' && c != '\\';
  return plain;
}();
bool is_plain(char c) { return plain_characters[static_cast<unsigned char>(c)]; }

void append_address(fmt::memory_buffer& text, Ipv4Address address) {
  const std::uint32_t bits = address.bits();
  fmt::format_to(std::back_inserter(text), FMT_COMPILE("\"{}.{}.{}.{}\""), bits >> 24, (bits >> 16) & 0xff,
                 (bits >> 8) & 0xff, bits & 0xff);
}

/// {"src":"10.0.0.1","dst":"8.8.8.8","proto":17,"sport":40000,"dport":53}; of ICMP "type", "code" and "id"
/// instead of ports.
void append_tuple(fmt::memory_buffer& text, const Tuple& tuple) {
  append(text, "{\"src\":");
  append_address(text, tuple.source);
  append(text, ",\"dst\":");
  append_address(text, tuple.destination);
  const auto out = std::back_inserter(text);
  fmt::format_to(out, FMT_COMPILE(",\"proto\":{}"), tuple.protocol);
  switch (IpProtocol{tuple.protocol}) {
    case IpProtocol::icmp:
      fmt::format_to(out, FMT_COMPILE(",\"type\":{},\"code\":{},\"id\":{}"), tuple.icmp_type(),
                     tuple.icmp_code(), tuple.source_port);
      break;
    case IpProtocol::tcp:
    case IpProtocol::udp:
    case IpProtocol::sctp:
      fmt::format_to(out, FMT_COMPILE(",\"sport\":{},\"dport\":{}"), tuple.source_port,
                     tuple.destination_port);
      break;
    default:
      break;
  }
  text.push_back('}');
}

}  // namespace

void append_json_string(fmt::memory_buffer& text, std::string_view value) {
  text.push_back('"');
  while (!value.empty()) {
    std::size_t plain = 0;
    while (plain < value.size() && is_plain(value[plain])) ++plain;
    append(text, value.substr(0, plain));
    value.remove_prefix(plain);
    if (value.empty()) break;
    const char c = value.front();
    std::size_t size = utf8_character(value);
    if (size == 0) {
      append(text, "\xef\xbf\xbd");
      size = 1;
    } else if (c == '"' || c == '\\') {
      text.push_back('\\');
      text.push_back(c);
    } else if (size == 1) {
      fmt::format_to(std::back_inserter(text), FMT_COMPILE("\\u{:04x}"), static_cast<unsigned>(c));
    } else {
      append(text, value.substr(0, size));
    }
    value.remove_prefix(size);
  }
  text.push_back('"');
}

void HopsFile::write(const Decision& decision, std::string_view where, std::uint32_t flow) {
  line_.clear();
  const auto out = std::back_inserter(line_);
  fmt::format_to(out, FMT_COMPILE("{{\"time\":{},\"trace\":{},\"flow\":"), decision.time.count(),
                 decision.trace);
  if (flow != 0)
    fmt::format_to(out, FMT_COMPILE("{}"), flow);
  else
    append(line_, "null");
  append(line_, ",\"where\":");
  append_json_string(line_, where);
  fmt::format_to(out, FMT_COMPILE(",\"stage\":\"{}\",\"verdict\":\"{}\",\"reason\":"),
                 to_string(decision.stage), to_string(decision.verdict));
  if (decision.reason == DropReason::none)
    append(line_, "null");
  else
    fmt::format_to(out, FMT_COMPILE("\"{}\""), to_string(decision.reason));
  append(line_, ",\"rule\":");
  if (decision.rule.empty())
    append(line_, "null");
  else
    append_json_string(line_, decision.rule);
  append(line_, ",\"before\":");
  if (decision.before == Tuple{})
    append(line_, "null");
  else
    append_tuple(line_, decision.before);
  append(line_, ",\"after\":");
  if (decision.after == decision.before || decision.after == Tuple{})
    append(line_, "null");
  else
    append_tuple(line_, decision.after);
  fmt::format_to(out, FMT_COMPILE(",\"mark\":{},\"connection\":"), decision.mark);
  if (decision.connection)
    fmt::format_to(out, FMT_COMPILE("{}"), decision.connection.value());
  else
    append(line_, "null");
  append(line_, "}\n");
  file_.write({reinterpret_cast<const std::uint8_t*>(line_.data()), line_.size()});
  if (file_.is_live()) file_.flush();
}

}  // namespace ekspath
