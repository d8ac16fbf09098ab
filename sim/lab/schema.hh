#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ekspath {

struct FieldShape;

/// What a value of the scenario file may look like. The loader's forms (load_form.hh) carry one each and
/// check by it, the JSON Schema is printed from it, and the paths of --set are walked along it: one table,
/// three uses, no drift.
struct Shape {
  enum class Kind : std::uint8_t { text, integer, boolean, list, object, map, any_of, anything };

  Kind kind = Kind::text;
  std::string what;                // with its article: "a duration", "a pod"
  std::string expected;            // for messages: "a number and a unit, such as 20ms"; empty: `what`
  std::string pattern;             // of text: ECMAScript, anchored
  std::vector<std::string> words;  // text of a closed list
  bool or_number = false;          // text that may as well be a plain number: a port
  std::int64_t least = 0;          // integer
  std::int64_t most = 0;
  std::vector<FieldShape> fields;  // object
  std::vector<Shape> parts;        // list: the item; map: the value; any_of: the alternatives

  [[nodiscard]] const FieldShape* field(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> field_names() const;
  [[nodiscard]] const std::string& expectation() const { return expected.empty() ? what : expected; }
};

struct FieldShape {
  std::string name;
  std::string about;
  bool required = false;
  Shape shape;
};

/// The whole scenario file.
[[nodiscard]] const Shape& scenario_shape();

/// JSON Schema (2020-12) of a shape, for editors: `ekspath schema`. Objects stand in $defs under their names.
[[nodiscard]] std::string json_schema(const Shape& shape, std::string_view title);

}  // namespace ekspath
