#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/lab/commands/kubectl_document.hh"

namespace ekspath {

/// A step of a path. A list is what one pair of braces holds: its nodes are applied one after another.
struct JsonPathNode {
  enum class Kind : std::uint8_t {
    list,
    literal,  // text outside of braces, quoted text, numbers, booleans
    field,
    array,
    filter,
    wildcard,
    recursive,
    union_of,
    identifier
  };
  struct Bound {
    bool known = false;
    bool derived = false;  // the end of [3], which nobody wrote
    std::int64_t value = 0;
  };

  Kind kind = Kind::list;
  std::string name;  // of a field or an identifier; a filter's operator
  Document value;    // a literal's
  std::array<Bound, 3> bounds;
  std::vector<JsonPathNode> nodes;  // of a list or union; a filter's left and right
};

/// The parts of a template. What is wrong with it goes to `error`. client-go util/jsonpath/parser.go
[[nodiscard]] std::vector<JsonPathNode> parse_jsonpath(std::string_view text, std::string& error);

}  // namespace ekspath
