#pragma once

#include <string>

#include "sim/engine/random.hh"

namespace ekspath {

/// An iptables-save text of all four tables with random rules, of every match and target that is modelled, as
/// a person or an agent could have written them; such that iptables 1.8.9 takes it.
[[nodiscard]] std::string random_rules(Random& random);

}  // namespace ekspath
