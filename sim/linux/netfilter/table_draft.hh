#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/linux/netfilter/chain.hh"
#include "sim/linux/netfilter/netfilter.hh"
#include "sim/linux/netfilter/table.hh"

namespace ekspath {

/// A table while a command changes it: nothing of the namespace is touched before commit(), which refuses
/// what the kernel would refuse. So a command, or a table of a restored text, happens whole or not at all.
class TableDraft {
 public:
  /// How a rule came in, for the kernel's complaint: "RULE_APPEND failed (...): rule in chain X".
  enum class Way : std::uint8_t { kept, append, insert, replace };
  struct Origin {
    Way way = Way::kept;
    std::uint32_t line = 0;  // of a restored text
    std::string_view refusal = {};
    std::optional<Counter> counter = {};
  };

  TableDraft(Netns& netns, TableName table);

  [[nodiscard]] RuleStore& store() { return store_; }
  [[nodiscard]] TableName name() const { return name_; }
  [[nodiscard]] bool table_exists() const { return exists_; }
  /// The chain as it stands now; null: there is none.
  [[nodiscard]] const ChainBlock* find(Symbol chain) const;
  /// Built-in chains first, in the order of their hooks, then the others by their bytes.
  [[nodiscard]] std::vector<Symbol> chains() const;
  /// How many rules jump to each chain, by symbol.
  [[nodiscard]] boost::unordered_flat_map<std::uint32_t, std::uint32_t, IntegerHash> references() const;

  /// The table comes to life with its built-in chains, if it was not there.
  void ensure_table();
  /// Everything goes; the table with it, unless something is declared afterwards.
  void wipe();
  void create(Symbol chain);
  void flush(Symbol chain);
  /// Refused at commit() when a rule still jumps there.
  void remove(Symbol chain, std::uint32_t line);
  void rename(Symbol from, Symbol to);
  void append(Symbol chain, const RuleSpec& spec, const Origin& origin);
  void insert(Symbol chain, std::uint32_t row, const RuleSpec& spec, const Origin& origin);
  void replace(Symbol chain, std::uint32_t row, const RuleSpec& spec, const Origin& origin);
  void erase(Symbol chain, std::uint32_t row);
  void policy(Symbol chain, bool drops, const std::optional<Counter>& counter);
  void zero(Symbol chain);
  void zero(Symbol chain, std::uint32_t row);

  /// Takes these chains, in place of own ones of their names, with counters at zero.
  void adopt(const ChainMap& chains);
  /// After commit(): the chains that it wrote.
  [[nodiscard]] const ChainMap& written() const { return written_; }
  [[nodiscard]] bool wiped() const { return wiped_; }

  /// Throws IptablesError in the kernel's words. `line`: where the table ends in a restored text, 0 in a
  /// command.
  void commit(std::uint32_t line);

 private:
  struct Row {
    std::int64_t old = -1;  // the row whose counter and state go on
    Origin origin;
  };
  struct Chain {
    ChainBlock block;
    std::vector<Row> rows;
  };
  struct Policy {
    bool drops = false;
    std::optional<Counter> counter;
  };
  struct Reach {
    std::uint32_t level = 0;
    std::uint8_t hooks = 0;
    bool on_path = false;
  };

  [[nodiscard]] Chain& open(Symbol chain);
  void edit(Symbol chain, const std::function<void(std::vector<RuleSpec>&, std::vector<Row>&)>& change);
  void check_targets() const;
  void check_removals() const;
  void intern_written();
  [[nodiscard]] bool reaches_well() const;
  void check_reach() const;
  void visit(Symbol chain, std::uint32_t level, std::uint8_t hooks, const Row* way_in, Symbol from,
             boost::unordered_flat_map<std::uint32_t, Reach, IntegerHash>& reached) const;
  [[nodiscard]] const Row* row_of(Symbol chain, std::uint32_t row) const;
  [[noreturn]] void refuse(const Row* row, Symbol chain, std::string_view reason) const;
  void apply();
  static void carry_counters(TableState& table, const ChainRef& chain, const std::vector<Row>& rows);

  Netns& netns_;
  RuleStore& store_;
  TableName name_;
  bool exists_ = false;
  bool wiped_ = false;
  bool interned_ = false;
  ChainMap map_;
  ChainMap adopted_;
  ChainMap written_;
  boost::unordered_flat_map<std::uint32_t, std::unique_ptr<Chain>, IntegerHash> open_;
  std::vector<std::uint32_t> opened_;  // in order
  std::vector<std::pair<Symbol, std::uint32_t>> removed_;
  boost::unordered_flat_map<std::uint32_t, Policy, IntegerHash> policies_;
  std::vector<std::pair<Symbol, std::optional<std::uint32_t>>> zeroed_;
  std::vector<std::pair<Symbol, Symbol>> renamed_;
  std::uint32_t line_ = 0;
};

}  // namespace ekspath
