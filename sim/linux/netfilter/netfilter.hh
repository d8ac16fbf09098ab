#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/linux/netfilter/hook.hh"
#include "sim/packet/fate.hh"

namespace ekspath {

class Netns;
class RuleStore;
struct TableState;  // netfilter/table.hh

enum class TableName : std::uint8_t { raw, mangle, nat, filter };
[[nodiscard]] std::string_view to_string(TableName table);

enum class TableVerdict : std::uint8_t { accept, drop, stolen };

/// The four tables of one namespace. A table exists from its first use by a command on (`iptables -t nat -L`
/// makes it too, as iptables-nft does when it writes; see facts 4). Rule sets that are equal on many
/// namespaces are compiled and held once, in the world's RuleStore; counters and interface patterns are the
/// namespace's own.
class Netfilter {
 public:
  explicit Netfilter(Netns& netns);
  ~Netfilter();

  [[nodiscard]] bool has(TableName table) const {
    return tables_[static_cast<std::size_t>(table)] != nullptr;
  }
  /// Whether any rule or the nat table asks for connection tracking (facts 1: only then does a namespace have
  /// it).
  [[nodiscard]] bool needs_conntrack() const { return needs_conntrack_; }

  /// Walks one table at one hook. Only this gives verdicts. drop: the caller drops the packet as
  /// netfilter_drop with the rule as its place; stolen: the packet is gone already (REJECT).
  [[nodiscard]] TableVerdict traverse(TableName table, Hook hook, Hop& hop, PacketRef& packet);

  /// An interface was born, renamed or deleted: patterns such as eni+ are matched again.
  void interfaces_changed();

 private:
  friend class IptablesCommand;
  Netns* netns_;
  std::array<std::unique_ptr<TableState>, 4> tables_;
  bool needs_conntrack_ = false;
};

}  // namespace ekspath
