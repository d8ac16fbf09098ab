#include "sim/linux/netfilter/rule_store.hh"

namespace ekspath {

RuleStore::RuleStore() = default;
RuleStore::~RuleStore() = default;

}  // namespace ekspath
