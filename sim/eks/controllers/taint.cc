#include "sim/eks/controllers/taint.hh"

#include <algorithm>

namespace ekspath {
namespace {

/// core/v1 toleration.go ToleratesTaint()
bool tolerates(const TolerationSpec& toleration, const TaintSpec& taint) {
  if (!toleration.effect.empty() && toleration.effect != taint.effect) return false;
  if (!toleration.key.empty() && toleration.key != taint.key) return false;
  return toleration.exists || toleration.value == taint.value;
}

}  // namespace

const TaintSpec* untolerated_taint(const std::vector<TolerationSpec>& tolerations,
                                   const std::vector<TaintSpec>& taints) {
  for (const TaintSpec& taint : taints) {
    if (taint.effect == "PreferNoSchedule") continue;
    if (std::ranges::none_of(tolerations, [&](const auto& one) { return tolerates(one, taint); }))
      return &taint;
  }
  return nullptr;
}

}  // namespace ekspath
