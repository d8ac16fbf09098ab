#include "sim/aws/path.hh"

namespace ekspath {
namespace {

constexpr std::array<std::string_view, path_kind_count> names{
    "gateway", "arp", "same-az", "cross-az", "peering", "nat-gateway", "igw", "internet"};

}  // namespace

std::string_view to_string(PathKind kind) { return names[static_cast<std::size_t>(kind)]; }

std::optional<PathKind> parse_path_kind(std::string_view text) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == text) return static_cast<PathKind>(i);
  }
  return std::nullopt;
}

Paths::Paths()
    : settings_{{
          {Nanoseconds(60'000), 9001, 0},
          {Nanoseconds(570'000), 9001, 0},
          {Nanoseconds(200'000), 9001, 0},
          {Nanoseconds(1'200'000), 9001, 0},
          {Nanoseconds(0), 9001, 0},
          {Nanoseconds(0), 8500, 0},
          {Nanoseconds(800'000), 1500, 0},
          {Nanoseconds(20'000'000), 1500, 0},
      }} {}

Nanoseconds Paths::least(PathKind kind) {
  switch (kind) {
    case PathKind::gateway:
    case PathKind::arp:
      return least_rtt / 2;
    case PathKind::peering:
    case PathKind::nat_gateway:
      return Nanoseconds();
    default:
      return least_rtt;
  }
}

}  // namespace ekspath
