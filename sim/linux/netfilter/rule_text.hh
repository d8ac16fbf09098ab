#pragma once

#include <cstdint>
#include <string>

#include "sim/linux/netfilter/chain.hh"
#include "sim/linux/netfilter/table.hh"

namespace ekspath {

class RuleStore;

/// "-A CHAIN -s ... -m ... -j ...", without newline, as iptables -S and iptables-save print it. `counter`:
/// `-S -v` puts
/// "-c P B" in front of the target; null: not.
void save_rule(std::string& out, const RuleStore& store, const ChainBlock& chain, std::uint32_t row,
               const Counter* counter = nullptr);

/// How `-L` was asked.
struct ListStyle {
  bool numeric = false, verbose = false, exact = false, line_numbers = false;
};

/// One line of `-L`, with its newline. iptables/nft-ipv4.c nft_ipv4_print_rule()
void list_rule(std::string& out, const RuleStore& store, const ChainBlock& chain, std::uint32_t row,
               const Counter& counter, const ListStyle& style);
/// The line of titles over the rules.
void list_titles(std::string& out, const ListStyle& style);
/// "  12", "568K", " 10M": as columns (a blank behind when `in_column`) or bare. libxtables
/// xtables_print_num()
void append_count(std::string& out, std::uint64_t number, const ListStyle& style, bool in_column);

}  // namespace ekspath
