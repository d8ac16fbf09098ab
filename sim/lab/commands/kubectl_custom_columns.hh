#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/lab/commands/kubectl_jsonpath.hh"

namespace ekspath {

/// "metadata.name", ".metadata.name", "{metadata.name}" as the template "{.metadata.name}"; none, and why,
/// for anything else. kubectl pkg/cmd/get/customcolumn.go RelaxedJSONPathExpression()
[[nodiscard]] std::optional<std::string> relaxed_jsonpath(std::string_view path, std::string& error);

/// The table of `-o custom-columns=NAME:.metadata.name,...`. kubectl pkg/cmd/get/customcolumn.go
class CustomColumns {
 public:
  [[nodiscard]] static std::optional<CustomColumns> parse(std::string_view specification, std::string& error);
  /// A line for each of the objects under the headers.
  [[nodiscard]] std::string text(const std::vector<const Document*>& objects, bool headers,
                                 std::string& error) const;

 private:
  struct Column {
    std::string header;
    JsonPath path;
  };
  std::vector<Column> columns_;
};

}  // namespace ekspath
