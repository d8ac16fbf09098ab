#pragma once

#include <memory>

namespace ekspath {

/// The compiled rule sets of a world, each held once whatever number of namespaces use it. Owned by the world, and outlives
/// its namespaces.
class RuleStore {
 public:
  RuleStore();
  ~RuleStore();
  RuleStore(const RuleStore&) = delete;
  RuleStore& operator=(const RuleStore&) = delete;
};

}  // namespace ekspath
