#include "sim/aws/resource_id.hh"

#include <fmt/format.h>

#include "sim/engine/random.hh"

namespace ekspath {

std::string resource_id(std::uint64_t seed, std::string_view kind, std::string_view name) {
  return fmt::format("{}-0{:016x}", kind, Random(seed, name, fmt::format("resource id {}", kind)).next());
}

}  // namespace ekspath
