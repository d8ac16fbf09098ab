#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ekspath {

/// The head of an HTTP/1.1 message: the first line and the fields in their order. RFC 9112
struct HttpHead {
  std::string first_line;
  std::vector<std::pair<std::string, std::string>> fields;

  /// The value of a field by its name in any case; null when it is not there.
  [[nodiscard]] const std::string* field(std::string_view name) const;
  [[nodiscard]] std::optional<std::uint64_t> content_length() const;
};

/// The head that `bytes` begins with, and how long it is; none while it is not whole.
struct ParsedHead {
  HttpHead head;
  std::size_t size = 0;
};
[[nodiscard]] std::optional<ParsedHead> parse_http_head(std::string_view bytes);

/// Letters of any case are one. For field names and schemes.
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace ekspath
