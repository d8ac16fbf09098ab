#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/prefix.hh"
#include "sim/linux/netfilter/iptables_text.hh"
#include "sim/linux/netfilter/match.hh"

namespace ekspath {

class Netns;

/// One set of addresses (hash:ip) or networks (hash:net), as rules ask it.
struct IpSet {
  enum class Type : std::uint8_t { hash_ip, hash_net } type = Type::hash_ip;
  std::uint32_t hash_size = 1024;
  std::uint32_t most_elements = 65536;
  std::set<Prefix> elements;
  std::array<std::uint32_t, 33>
      by_length{};  // how many elements have each length: lookups try only those that exist

  [[nodiscard]] bool contains(Ipv4Address address) const;
  bool add(Prefix element);
  bool remove(Prefix element);
};

/// The sets of one namespace, by name.
struct IpSets {
  std::map<std::string, IpSet, std::less<>> by_name;
};

/// `ipset create|add|del|test|list|save|destroy|flush|restore`; `arguments` are the words behind "ipset".
/// hash:ip and hash:net of IPv4, options hashsize, maxelem, family inet, -exist (-!); anything else is an
/// error that names it. Text as ipset 7.17.
[[nodiscard]] CommandResult ipset(Netns& netns, std::span<const std::string_view> arguments);
[[nodiscard]] CommandResult ipset(Netns& netns, std::string_view line);
[[nodiscard]] CommandResult ipset_restore(Netns& netns, std::string_view text);

/// `nfacct add|delete NAME`, `nfacct list`: the named counters of -m nfacct.
[[nodiscard]] CommandResult nfacct(Netns& netns, std::span<const std::string_view> arguments);

}  // namespace ekspath
