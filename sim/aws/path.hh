#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "sim/base/nanoseconds.hh"

namespace ekspath {

/// The kinds of path through the fabric, by what they cost.
enum class PathKind : std::uint8_t {
  gateway,  // to .1 and the other services of the hypervisor
  arp,      // the hypervisor's answer to ARP
  same_az,
  cross_az,
  peering,      // on top of same_az or cross_az
  nat_gateway,  // on top of same_az or cross_az, between an instance and a NAT gateway
  igw,          // to a public address of the same region, through the internet gateway and back
  internet,     // to a host of the internet that names no round trip of its own
};
constexpr std::size_t path_kind_count = static_cast<std::size_t>(PathKind::internet) + 1;
/// "same-az", "cross-az", ... as `links:` of a scenario names them.
[[nodiscard]] std::string_view to_string(PathKind kind);
[[nodiscard]] std::optional<PathKind> parse_path_kind(std::string_view text);

/// Round trip between two hosts' interfaces, largest datagram, loss in each direction.
struct PathSettings {
  Nanoseconds rtt;
  std::uint16_t mtu = 9001;
  std::uint32_t loss_per_million = 0;
};

/// The delay of an ENI's attachment in each direction: no message between two instances takes less than twice
/// that, and the second half is the lookahead of a divided run.
constexpr Nanoseconds attachment_delay{25'000};
/// The least round trip between two attached hosts.
constexpr Nanoseconds least_rtt = attachment_delay * 4;

/// Defaults are those of facts/aws-fabric.md sections 6 and 7; no jitter.
class Paths {
 public:
  Paths();
  [[nodiscard]] const PathSettings& operator[](PathKind kind) const {
    return settings_[static_cast<std::size_t>(kind)];
  }
  /// What the attachments alone take of a round trip; the settings must not be below.
  [[nodiscard]] static Nanoseconds least(PathKind kind);
  static constexpr std::uint16_t least_mtu = 68;  // RFC 791: every link carries so much
  void change(PathKind kind, const PathSettings& settings) {
    settings_[static_cast<std::size_t>(kind)] = settings;
  }

 private:
  std::array<PathSettings, path_kind_count> settings_;
};

}  // namespace ekspath
