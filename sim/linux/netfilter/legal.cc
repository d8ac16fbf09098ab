#include "sim/linux/netfilter/legal.hh"

namespace ekspath {

Legal legal(const Target& target) {
  if (const auto* nat = std::get_if<NatTarget>(&target)) {
    switch (nat->kind) {
      case NatTarget::Kind::snat:
        return {TableName::nat,
                static_cast<std::uint8_t>(hook_bit(Hook::post_routing) | hook_bit(Hook::local_in))};
      case NatTarget::Kind::dnat:
      case NatTarget::Kind::redirect:
        return {TableName::nat,
                static_cast<std::uint8_t>(hook_bit(Hook::pre_routing) | hook_bit(Hook::local_out))};
      case NatTarget::Kind::masquerade:
        return {TableName::nat, hook_bit(Hook::post_routing)};
    }
  }
  if (std::holds_alternative<RejectTarget>(target)) return {TableName::filter};
  if (std::holds_alternative<CtTarget>(target)) return {TableName::raw};
  if (std::holds_alternative<TtlTarget>(target)) return {TableName::mangle};
  if (const auto* mss = std::get_if<TcpmssTarget>(&target); mss != nullptr && mss->clamp) {
    // tcpmss_tg4_check(): path MTU clamping only where there is a route out
    return {std::nullopt, static_cast<std::uint8_t>(hook_bit(Hook::forward) | hook_bit(Hook::local_out) |
                                                    hook_bit(Hook::post_routing))};
  }
  return {};
}

std::uint8_t legal_hooks(const Match& match) {
  constexpr auto in_side = static_cast<std::uint8_t>(hook_bit(Hook::pre_routing) | hook_bit(Hook::local_in));
  constexpr auto out_side =
      static_cast<std::uint8_t>(hook_bit(Hook::local_out) | hook_bit(Hook::post_routing));
  if (const auto* type = std::get_if<AddrtypeMatch>(&match)) {  // addrtype_mt_checkentry_v1()
    if (type->limit_in) return static_cast<std::uint8_t>(all_hooks & ~out_side);
    if (type->limit_out) return static_cast<std::uint8_t>(all_hooks & ~in_side);
  }
  if (std::holds_alternative<MacMatch>(match))
    return static_cast<std::uint8_t>(in_side | hook_bit(Hook::forward));
  return all_hooks;
}

}  // namespace ekspath
