#pragma once

#include <cstdint>
#include <optional>

#include "sim/linux/netfilter/hook.hh"
#include "sim/linux/netfilter/netfilter.hh"
#include "sim/linux/netfilter/rule.hh"

namespace ekspath {

/// Sets of hooks: bit n is Hook n.
constexpr std::uint8_t all_hooks = 0x1f;
[[nodiscard]] constexpr std::uint8_t hook_bit(Hook hook) {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(hook));
}

/// Where a target may stand. Linux 6.1: .table and .hooks of each struct xt_target
struct Legal {
  std::optional<TableName> table = std::nullopt;
  std::uint8_t hooks = all_hooks;
};
[[nodiscard]] Legal legal(const Target& target);
/// At which hooks a match may be asked: .hooks of each struct xt_match, and what their checks say.
[[nodiscard]] std::uint8_t legal_hooks(const Match& match);

}  // namespace ekspath
