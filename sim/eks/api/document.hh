#pragma once

#include <nlohmann/json.hpp>

namespace ekspath {

/// What an API object says, as a tree of values. Keys are in alphabetical order, as `kubectl -o json` and `-o
/// yaml` print them.
using Document = nlohmann::json;

}  // namespace ekspath
