#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ekspath {

/// "vpc-0f3a...": the kind, a zero and 16 hexadecimal digits, drawn from the seed for a stable name.
[[nodiscard]] std::string resource_id(std::uint64_t seed, std::string_view kind, std::string_view name);

}  // namespace ekspath
