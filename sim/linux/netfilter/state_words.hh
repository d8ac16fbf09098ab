#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "sim/linux/netfilter/match.hh"

namespace ekspath {

/// A word of a list such as NEW,ESTABLISHED, and its bit.
struct StateWord {
  std::string_view name;
  std::uint16_t bit;
};

/// What `-m conntrack --ctstate` takes, in the order in which it is printed; `-m state --state` knows the
/// first five. iptables 1.8 extensions/libxt_conntrack.c
inline constexpr std::array state_words{StateWord{"INVALID", ct_state::invalid},
                                        StateWord{"NEW", ct_state::new_},
                                        StateWord{"RELATED", ct_state::related},
                                        StateWord{"ESTABLISHED", ct_state::established},
                                        StateWord{"UNTRACKED", ct_state::untracked},
                                        StateWord{"SNAT", ct_state::snat},
                                        StateWord{"DNAT", ct_state::dnat}};

/// "NEW,RELATED" as bits. `what` names the option in iptables' error: `Bad ctstate "..."`.
/// Throws IptablesError.
[[nodiscard]] std::uint16_t parse_state_words(std::string_view text, std::span<const StateWord> words,
                                              std::string_view what);
/// " NEW,RELATED"
void append_state_words(std::string& out, std::uint16_t bits, std::span<const StateWord> words);

}  // namespace ekspath
