#pragma once

#include <string>

#include "sim/lab/commands/kubectl_document.hh"

namespace ekspath {

/// A document as Go's encoding/json writes it: names in order, and <, >, & as \u003c, \u003e, \u0026. With
/// an indent of four a line each, as `kubectl get -o json`, without the closing newline.
[[nodiscard]] std::string json_text(const Document& value, int indent = -1);

/// A value as Go's fmt prints it with %v: what custom columns and errors show. map[a:1 b:[x y]], <nil>
[[nodiscard]] std::string go_value(const Document& value);
/// With %#v: map[string]interface {}{"a":1}
[[nodiscard]] std::string go_syntax(const Document& value);
/// With %T: []interface {}
[[nodiscard]] std::string_view go_type(const Document& value);

}  // namespace ekspath
