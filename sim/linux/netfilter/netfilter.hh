#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/linux/netfilter/flow_memory.hh"
#include "sim/linux/netfilter/hook.hh"
#include "sim/packet/fate.hh"

namespace ekspath {

class Netns;
class RuleStore;
struct TableState;    // netfilter/table.hh
struct MatchObjects;  // netfilter/match_objects.hh

enum class TableName : std::uint8_t { raw, mangle, nat, filter };
[[nodiscard]] std::string_view to_string(TableName table);

/// stolen: the packet is gone already, dropped with its reason and the rule, or rejected.
enum class TableVerdict : std::uint8_t { accept, stolen };

/// The four tables of one namespace. A table exists from the first command that writes to it on (facts 4).
/// Rule sets that are equal on many namespaces are compiled and held once, in the world's RuleStore; counters
/// and the state of matches are the namespace's own.
class Netfilter {
 public:
  explicit Netfilter(Netns& netns);
  ~Netfilter();

  [[nodiscard]] bool has(TableName table) const {
    return tables_[static_cast<std::size_t>(table)] != nullptr;
  }
  /// Whether any rule asks for connection tracking: a match or target of connections, or a translation. An
  /// empty nat table does not (observed: Linux 6.18).
  [[nodiscard]] bool needs_conntrack() const { return needs_conntrack_; }

  /// Walks one table at one hook. Only this gives verdicts. traverse.cc
  [[nodiscard]] TableVerdict traverse(TableName table, Hook hook, Hop& hop, PacketRef& packet);

  /// What is forwarded as packets before were.
  [[nodiscard]] FlowMemory& flows() { return flows_; }
  /// Before anything that flows depend on changes: rules, routes, interfaces.
  void forget_flows() { flows_.forget(); }

  /// An interface was born, renamed or deleted: patterns such as eni+ are matched again.
  void interfaces_changed();

  /// The lists, sets and counters that rules refer to by name.
  [[nodiscard]] MatchObjects& objects() { return *objects_; }

  // For commands: what they get has its counters up to date until the next packet.
  [[nodiscard]] TableState* table(TableName name);
  TableState& ensure_table(TableName name);
  void delete_table(TableName name);
  /// After a change of rules: patterns, and whether connections are tracked.
  void rules_changed();

 private:
  Netns* netns_;
  std::array<std::unique_ptr<TableState>, 4> tables_;
  std::unique_ptr<MatchObjects> objects_;
  FlowMemory flows_;
  bool needs_conntrack_ = false;
};

}  // namespace ekspath
