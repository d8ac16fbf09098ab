#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/kernel/outcome.hh"

namespace ekspath {

/// A frame as a capture on an interface sees it.
struct CapturedFrame {
  bool out = false;
  std::vector<std::uint8_t> bytes;
};
/// By "node1/ens5"; in the order of the capture.
using NodeFrames = std::map<std::string, std::vector<CapturedFrame>>;

/// Makes captures of two worlds comparable: what is a world's own, in each frame the same, is set aside.
///
///   ARP, IPv6                       left out
///   the far end's MAC at an ENI     zero: AWS answers ARP with the owner's, the exported fabric with its own
///   TCP sequence numbers            from each SYN's on
///   TCP timestamps                  1 (0 stays 0)
///   the time in a ping's payload    zero
///   the Date of an HTTP answer      of one day
///
/// Checksums that were right are made right again; one that was wrong stays so.
void set_own_aside(NodeFrames& frames);

/// What differs between the frames at each interface, as a text for a person; "" when nothing does. What the
/// hosts drew (ports, ICMP ids, IP ids) is compared up to one renaming; `given` are ports that nobody drew.
[[nodiscard]] std::string frame_difference(const NodeFrames& kernels, const NodeFrames& ours,
                                           const std::vector<std::uint16_t>& given);

}  // namespace ekspath
