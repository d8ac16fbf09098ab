#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <map>
#include <string>

#include "sim/engine/random.hh"
#include "sim/linux/netfilter/chain.hh"
#include "sim/linux/netfilter/ipset.hh"
#include "sim/linux/netfilter/recent.hh"
#include "sim/linux/netfilter/table.hh"

namespace ekspath {

/// What the rules of one namespace refer to by name, and the luck of its statistic matches.
struct MatchObjects {
  explicit MatchObjects(const Random& statistic_stream) : statistic(statistic_stream) {}

  boost::unordered_flat_map<std::uint32_t, RecentList, IntegerHash>
      recent;  // by symbol; ~0: the list DEFAULT
  IpSets sets;
  boost::unordered_flat_map<std::uint32_t, IpSet*, IntegerHash> sets_by_symbol;
  std::map<std::string, Counter, std::less<>> accounts;  // nfacct
  boost::unordered_flat_map<std::uint32_t, Counter*, IntegerHash> accounts_by_symbol;
  Random statistic;
};

}  // namespace ekspath
