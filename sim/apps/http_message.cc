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
  const auto end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  ParsedHead parsed;
  parsed.size = end + 4;
  std::string_view left = bytes.substr(0, end + 2);
  bool is_first = true;
  while (!left.empty()) {
    const auto line_end = left.find("\r\n");
    const std::string_view line = left.substr(0, line_end);
    left.remove_prefix(line_end + 2);
    if (std::exchange(is_first, false)) {
      parsed.head.first_line = line;
      continue;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    parsed.head.fields.emplace_back(line.substr(0, colon), without_blanks(line.substr(colon + 1)));
  }
  return parsed;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

}  // namespace ekspath
