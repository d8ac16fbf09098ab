#pragma once

#include <cstddef>
#include <cstdint>

namespace ekspath {

/// What the bytes of a captured packet begin with. The values are those of files
/// (https://www.tcpdump.org/linktypes.html).
enum class LinkType : std::uint16_t { ethernet = 1, linux_sll2 = 276 };

/// tcpdump's default: no packet of ours is longer, so nothing is ever cut.
constexpr std::uint32_t snapshot_length = 262144;

}  // namespace ekspath
