#include "sim/apps/http_message.hh"

#include <algorithm>

#include "sim/apps/command_line.hh"

namespace ekspath {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

const std::string* HttpHead::field(std::string_view name) const {
  const auto found =
      std::ranges::find_if(fields, [&](const auto& entry) { return equal_ignoring_case(entry.first, name); });
  return found != fields.end() ? &found->second : nullptr;
}

std::optional<std::uint64_t> HttpHead::content_length() const {
  const std::string* value = field("Content-Length");
  if (value == nullptr) return std::nullopt;
  const auto number = parse_integer(*value, 0, std::int64_t{1} << 40);
  return number ? std::optional<std::uint64_t>(static_cast<std::uint64_t>(*number)) : std::nullopt;
}

std::optional<ParsedHead> parse_http_head(std::string_view bytes) {
  ParsedHead parsed;
  bool is_first = true;
  while (true) {
    // A lone LF ends a line as well. RFC 9112 2.2
    const auto line_end = bytes.find('\n', parsed.size);
    if (line_end == std::string_view::npos) return std::nullopt;
    std::string_view line = bytes.substr(parsed.size, line_end - parsed.size);
    parsed.size = line_end + 1;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (std::exchange(is_first, false)) {
      parsed.head.first_line = line;
      continue;
    }
    if (line.empty()) return parsed;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    parsed.head.fields.emplace_back(line.substr(0, colon), without_blanks(line.substr(colon + 1)));
  }
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

}  // namespace ekspath
