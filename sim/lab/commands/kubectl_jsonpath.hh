#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/lab/commands/kubectl_document.hh"

namespace ekspath {

struct JsonPathNode;

/// A template of `-o jsonpath=`, of a column of custom-columns or of --sort-by: text, and between braces
/// paths with fields, wildcards, indices, slices, unions, filters, recursive descent, ranges and quoted text.
/// Mistakes are accepted or refused as k8s.io/client-go util/jsonpath/{parser,jsonpath}.go does. The members
/// of a map come in the order of their names where the real one's order is by chance (`.*`, `..`).
class JsonPath {
 public:
  /// None, and why in `error`, when the text is no template.
  [[nodiscard]] static std::optional<JsonPath> parse(std::string_view text, std::string& error);
  ~JsonPath();
  JsonPath(JsonPath&&) noexcept;
  JsonPath& operator=(JsonPath&&) noexcept;

  /// What each part of the template found, in order. The values live in the document or in `literals`.
  struct Found {
    std::vector<std::vector<const Document*>> parts;
    std::deque<Document> literals;
    std::string error;  // "" when all went well
  };
  /// A field that no value has finds nothing (kubectl's --allow-missing-template-keys, its default).
  [[nodiscard]] Found find(const Document& root) const;

 private:
  explicit JsonPath(std::vector<JsonPathNode> nodes);
  std::vector<JsonPathNode> nodes_;
};

/// What was found as kubectl prints it: values of one part with a space between, objects and lists as compact
/// JSON.
[[nodiscard]] std::string jsonpath_text(const JsonPath::Found& found);

}  // namespace ekspath
