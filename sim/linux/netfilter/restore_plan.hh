#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/linux/netfilter/chain_map.hh"
#include "sim/linux/netfilter/netfilter.hh"

namespace ekspath {

/// What an iptables-restore text does, when that depends on nothing but the text and on chains that must be
/// there: the same text on a thousand nodes is read and compiled once.
struct RestorePlan {
  struct Policy {
    Symbol chain;
    bool drops = false;
  };
  struct Table {
    TableName name = TableName::filter;
    bool wipes = false;
    ChainMap chains;  // those that the text declares
    std::vector<Policy> policies;
    std::vector<Symbol> needs;  // chains that its rules jump to and the text does not declare
  };
  std::string options;  // "n": --noflush; "c": --counters
  std::string text;
  std::vector<Table> tables;
  std::vector<std::uint32_t> accounts;  // symbols of the nfacct counters that must be there
};

}  // namespace ekspath
