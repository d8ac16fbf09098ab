#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "sim/base/mac_address.hh"
#include "sim/packet/fate.hh"

namespace ekspath {

/// In files a simulated interface index begins here: tcpdump looks an index up on the machine of its reader,
/// and prints the name of whatever it finds there. observed: facts/capture.md 2
constexpr std::uint32_t first_file_interface_index = 1'000'000;

/// The interface that a frame passed.
struct Sll2Interface {
  std::uint32_t index = 0;  // as the namespace counts; the file holds it plus first_file_interface_index
  MacAddress mac;
  bool loopback = false;
};

using Sll2Header = std::array<std::uint8_t, 20>;

/// The link header that `tcpdump -i any` puts in front of what follows a frame's Ethernet header.
/// `frame` has at least the 14 bytes of that header.
[[nodiscard]] Sll2Header sll2_header(const Sll2Interface& interface, Direction direction,
                                     std::span<const std::uint8_t> frame);

}  // namespace ekspath
