#include "sim/linux/netfilter/iptables_execute.hh"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "sim/linux/netfilter/match_objects.hh"
#include "sim/linux/netfilter/rule_store.hh"
#include "sim/linux/netns.hh"

namespace ekspath {
namespace {

using Verb = IptablesOrder::Verb;
constexpr std::string_view no_chain = "No chain/target/match by that name.";
constexpr std::string_view no_rule = "Bad rule (does a matching rule exist in that chain?).";

/// One execution of one order.
struct Execution {
  IptablesOrder& order;
  TableDraft& draft;
  const Netns& netns;
  std::uint32_t line;
  std::string& out;

  [[nodiscard]] RuleStore& store() const { return draft.store(); }
  [[nodiscard]] bool is_base() const { return is_base_chain(draft.name(), order.chain); }
  [[nodiscard]] Symbol symbol() const { return store().chain_name(order.chain); }
  [[nodiscard]] const TableState* table() const {
    return netns.netfilter != nullptr ? netns.netfilter->table(draft.name()) : nullptr;
  }

  /// The chain named in the order; a built-in one brings its table to life.
  [[nodiscard]] const ChainBlock& chain_to_change() {
    if (is_base()) draft.ensure_table();
    const ChainBlock* chain = draft.find(symbol());
    if (chain == nullptr) plain_error(std::string(no_chain));
    return *chain;
  }
  [[nodiscard]] const ChainBlock& chain_with_row(std::string_view complaint) {
    const ChainBlock* chain = draft.find(symbol());
    if (chain == nullptr) plain_error(std::string(no_chain));
    if (order.number > chain->size()) plain_error(std::string(complaint));
    return *chain;
  }

  /// Calls `each` with the rule for every pair of a source and a destination: "a,b" stands for two rules.
  template <class Each>
  void for_each_rule(Each&& each) {
    Rule& rule = order.spec.rule;
    for (const AddressAndMask& source : order.sources) {
      for (const AddressAndMask& destination : order.destinations) {
        rule.source = source.address;
        rule.source_mask = source.mask;
        rule.destination = destination.address;
        rule.destination_mask = destination.mask;
        each(order.spec);
      }
    }
  }

  [[nodiscard]] TableDraft::Origin origin(TableDraft::Way way) const {
    return {way, line, order.refusal, order.counter};
  }

  void describe() {
    if (!order.style.verbose) return;
    for_each_rule([&](const RuleSpec& spec) { out += described(spec); });
  }
  /// "ACCEPT  tcp opt -- in eth+ out lo  1.1.1.1  -> 0.0.0.0/0   tcp dpt:5": what -v says of a rule that is
  /// changed.
  [[nodiscard]] std::string described(const RuleSpec& spec) const {
    ChainBlock chain(symbol());
    chain.append(spec);
    std::string listed;
    list_rule(listed, store(), chain, 0, {}, {.numeric = true, .verbose = true});
    return described_from(listed, spec);
  }
  [[nodiscard]] std::string described_from(std::string_view listed, const RuleSpec& spec) const;

  void check_jump() const;
  void append();
  void insert();
  void delete_rule();
  void check();
  void flush();
  void zero();
  void list();
  void list_chain(Symbol chain, std::uint32_t references);
  void list_rules();
  void new_chain();
  void delete_chain();
  void rename();
  void policy();
  [[nodiscard]] std::vector<Symbol> listed_chains();
  [[nodiscard]] std::optional<std::uint32_t> find_row(const ChainBlock& chain, const RuleSpec& spec) const;
};

std::string Execution::described_from(std::string_view listed, const RuleSpec& spec) const {
  // pkts bytes target prot opt in out source destination rest
  std::array<std::string_view, 9> columns;
  const bool has_target = spec.rule.action != RuleAction::none;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i == 2 && !has_target) continue;
    listed.remove_prefix(std::min(listed.find_first_not_of(' '), listed.size()));
    const std::size_t end = std::min(listed.find(' '), listed.size());
    columns[i] = listed.substr(0, end);
    listed.remove_prefix(end);
  }
  while (listed.ends_with('\n')) listed.remove_suffix(1);
  listed.remove_prefix(std::min(listed.find_first_not_of(' '), listed.size()));
  const auto split_sign = [](std::string_view& text) {
    const bool negated = text.starts_with('!');
    if (negated) text.remove_prefix(1);
    return negated ? '!' : ' ';
  };
  const char protocol_sign = split_sign(columns[3]);
  const char source_sign = split_sign(columns[7]);
  const char destination_sign = split_sign(columns[8]);
  return fmt::format("{} {}{} opt {} in {} out {} {}{} {}-> {}  {}{}\n", columns[2], protocol_sign,
                     columns[3], columns[4], columns[5], columns[6], source_sign, columns[7],
                     destination_sign, columns[8], listed.empty() ? "" : " ", listed);
}

void Execution::check_jump() const {
  // In a restored text the chain may still come: there it is looked for at the end.
  if (line != 0 || order.jump_to_chain.empty()) return;
  if (draft.find(store().chain_name(order.jump_to_chain)) != nullptr) return;
  if (is_base_chain(draft.name(), order.jump_to_chain)) return;
  usage_error(fmt::format("Chain '{}' does not exist", order.jump_to_chain));
}

void Execution::append() {
  if (is_base()) draft.ensure_table();
  check_jump();
  if (draft.find(symbol()) == nullptr) plain_error(std::string(no_chain));
  describe();
  for_each_rule([&](const RuleSpec& spec) { draft.append(symbol(), spec, origin(TableDraft::Way::append)); });
}

void Execution::insert() {
  check_jump();
  if (chain_to_change().size() + 1 < order.number) plain_error("Index of insertion too big.");
  describe();
  // One after the other at the same place: the last comes first, as nft_cmd_rule_insert() does it.
  for_each_rule([&](const RuleSpec& spec) {
    draft.insert(symbol(), order.number - 1, spec, origin(TableDraft::Way::insert));
  });
}

std::optional<std::uint32_t> Execution::find_row(const ChainBlock& chain, const RuleSpec& spec) const {
  for (std::uint32_t row = 0; row < chain.size(); ++row) {
    if (chain.equals(row, spec)) return row;
  }
  return std::nullopt;
}

void Execution::delete_rule() {
  check_jump();
  for_each_rule([&](const RuleSpec& spec) {
    const ChainBlock* chain = draft.find(symbol());
    const auto row = chain != nullptr ? find_row(*chain, spec) : std::nullopt;
    if (!row) plain_error(std::string(no_rule));
    draft.erase(symbol(), *row);
  });
  describe();
}

void Execution::check() {
  check_jump();
  for_each_rule([&](const RuleSpec& spec) {
    const ChainBlock* chain = draft.find(symbol());
    if (chain == nullptr || !find_row(*chain, spec)) plain_error(std::string(no_rule));
  });
  describe();
}

void Execution::flush() {
  const auto flush_one = [&](Symbol chain) {
    if (order.style.verbose) out += fmt::format("Flushing chain `{}'\n", store().chain_name(chain));
    if (draft.find(chain)->size() > 0) draft.flush(chain);
  };
  if (!order.chain.empty()) {
    (void)chain_to_change();
    return flush_one(symbol());
  }
  if (order.style.verbose)
    draft.ensure_table();  // it names the built-in chains, and makes them for that (observed)
  if (!draft.table_exists()) return;
  for (const Symbol chain : draft.chains()) flush_one(chain);
}

void Execution::zero() {
  const auto zero_one = [&](Symbol chain) {
    if (order.style.verbose) out += fmt::format("Zeroing chain `{}'\n", store().chain_name(chain));
    draft.zero(chain);
  };
  if (!order.chain.empty()) {
    if (!draft.table_exists() && is_base()) return;
    if (draft.find(symbol()) == nullptr) plain_error(std::string(no_chain));
    return zero_one(symbol());
  }
  if (!draft.table_exists()) return;
  for (const Symbol chain : draft.chains()) zero_one(chain);
}

std::vector<Symbol> Execution::listed_chains() {
  if (!draft.table_exists()) draft.ensure_table();  // shown as if it were there; the draft is thrown away
  if (order.chain.empty()) return draft.chains();
  if (draft.find(symbol()) == nullptr) {
    // iptables 1.8.8 and 1.8.9 say so of any name that they do not find (observed).
    throw IptablesError{1,
                        fmt::format("chain `{}' in table `{}' is incompatible, use 'nft' tool.", order.chain,
                                    to_string(draft.name())),
                        IptablesError::Form::version};
  }
  return {symbol()};
}

void Execution::list_chain(Symbol chain, std::uint32_t references) {
  const TableState* state = table();
  const BaseChain* base = state != nullptr ? state->base(chain) : nullptr;
  auto into = std::back_inserter(out);
  fmt::format_to(into, "Chain {} (", store().chain_name(chain));
  if (is_base_chain(draft.name(), store().chain_name(chain))) {
    fmt::format_to(into, "policy {}", base != nullptr && base->drops ? "DROP" : "ACCEPT");
    if (order.style.verbose) {
      const Counter counter = base != nullptr ? base->policy : Counter{};
      out += ' ';
      append_count(out, counter.packets, order.style, false);
      out += " packets, ";
      append_count(out, counter.bytes, order.style, false);
      out += " bytes";
    }
  } else {
    fmt::format_to(into, "{} references", references);
  }
  out += ")\n";
  list_titles(out, order.style);
}

void Execution::list() {
  const std::vector<Symbol> names = listed_chains();
  const auto references = draft.references();
  bool first = true;
  for (const Symbol name : names) {
    const ChainBlock& chain = *draft.find(name);
    const auto line_of = [&](std::uint32_t row) {
      const TableState* state = table();
      list_rule(out, store(), chain, row, state != nullptr ? state->counter(name, row) : Counter{},
                order.style);
    };
    if (order.number != 0) {
      if (order.number <= chain.size()) line_of(order.number - 1);
      continue;
    }
    if (!first) out += '\n';
    first = false;
    const auto found = references.find(name.value());
    list_chain(name, found == references.end() ? 0 : found->second);
    for (std::uint32_t row = 0; row < chain.size(); ++row) line_of(row);
  }
  if (order.zero_too) zero();
}

void Execution::list_rules() {
  const std::vector<Symbol> names = listed_chains();
  const TableState* state = table();
  auto into = std::back_inserter(out);
  for (const Symbol name : names) {
    if (order.number != 0) break;
    const std::string_view text = store().chain_name(name);
    if (!is_base_chain(draft.name(), text)) {
      fmt::format_to(into, "-N {}\n", text);
      continue;
    }
    const BaseChain* base = state != nullptr ? state->base(name) : nullptr;
    fmt::format_to(into, "-P {} {}", text, base != nullptr && base->drops ? "DROP" : "ACCEPT");
    const Counter counter = base != nullptr ? base->policy : Counter{};
    if (order.style.verbose) fmt::format_to(into, " -c {} {}", counter.packets, counter.bytes);
    out += '\n';
  }
  for (const Symbol name : names) {
    const ChainBlock& chain = *draft.find(name);
    for (std::uint32_t row = 0; row < chain.size(); ++row) {
      if (order.number != 0 && order.number != row + 1) continue;
      const Counter counter = state != nullptr ? state->counter(name, row) : Counter{};
      save_rule(out, store(), chain, row, order.style.verbose ? &counter : nullptr);
      out += '\n';
    }
  }
  if (order.zero_too) zero();
}

void Execution::new_chain() {
  draft.ensure_table();
  if (draft.find(symbol()) != nullptr) plain_error("Chain already exists.");
  draft.create(symbol());
}

void Execution::delete_chain() {
  const auto busy = [&](Symbol chain) {
    std::string text =
        fmt::format("CHAIN_DEL failed (Device or resource busy): chain {}", store().chain_name(chain));
    kernel_error(line == 0 ? std::move(text) : fmt::format("line {}: {}", line, text));
  };
  const auto delete_one = [&](Symbol chain) {
    if (order.style.verbose) out += fmt::format("Deleting chain `{}'\n", store().chain_name(chain));
    if (draft.find(chain)->size() > 0) busy(chain);
    draft.remove(chain, line);
  };
  if (!order.chain.empty()) {
    const ChainBlock* chain = draft.table_exists() ? draft.find(symbol()) : nullptr;
    if (chain == nullptr) plain_error(std::string(no_chain));
    if (is_base()) busy(symbol());
    return delete_one(symbol());
  }
  if (!draft.table_exists()) return;
  for (const Symbol chain : draft.chains()) {
    if (!is_base_chain(draft.name(), store().chain_name(chain))) delete_one(chain);
  }
}

void Execution::rename() {
  const Symbol to = store().chain_name(order.new_name);
  if (draft.table_exists() && draft.find(to) != nullptr) plain_error("File exists.");
  if (!draft.table_exists() || draft.find(symbol()) == nullptr || is_base())
    plain_error(std::string(no_chain));
  draft.rename(symbol(), to);
}

void Execution::policy() {
  if (!is_base()) plain_error("Bad built-in chain name.");
  if (draft.name() == TableName::nat && order.policy == "DROP") usage_error(std::string(drop_in_nat));
  if (order.policy != "ACCEPT" && order.policy != "DROP") {
    plain_error(line == 0 ? "Bad policy name. Run `dmesg' for more information." : "Bad policy name.");
  }
  draft.ensure_table();
  draft.policy(symbol(), order.policy == "DROP", order.counter);
}

}  // namespace

void execute(IptablesOrder& order, TableDraft& draft, const Netns& netns, std::uint32_t line,
             std::string& out) {
  Execution run{order, draft, netns, line, out};
  // nfnl_acct_find_get(): the counter must be there before the rule.
  const bool adds = order.verb == Verb::append || order.verb == Verb::insert || order.verb == Verb::replace;
  for (const Match& match : order.spec.matches) {
    const auto* account = std::get_if<NfacctMatch>(&match);
    if (account == nullptr || !adds) continue;
    const bool known = netns.netfilter != nullptr &&
                       netns.netfilter->objects().accounts_by_symbol.contains(account->name.value());
    if (!known) order.refusal = "No such file or directory";
  }
  switch (order.verb) {
    case Verb::none:
    case Verb::version:
    case Verb::help:
      return;
    case Verb::append:
      return run.append();
    case Verb::insert:
      return run.insert();
    case Verb::delete_rule:
      return run.delete_rule();
    case Verb::check:
      return run.check();
    case Verb::delete_number:
      (void)run.chain_with_row("Index of deletion too big.");
      return draft.erase(run.symbol(), order.number - 1);
    case Verb::replace:
      (void)run.chain_with_row("Index of replacement too big.");
      run.check_jump();
      run.describe();
      return run.for_each_rule([&](const RuleSpec& spec) {
        draft.replace(run.symbol(), order.number - 1, spec, run.origin(TableDraft::Way::replace));
      });
    case Verb::flush:
      return run.flush();
    case Verb::zero:
      return run.zero();
    case Verb::zero_number:
      (void)run.chain_with_row("Index of counter too big.");
      return draft.zero(run.symbol(), order.number - 1);
    case Verb::list:
      return run.list();
    case Verb::list_rules:
      return run.list_rules();
    case Verb::new_chain:
      return run.new_chain();
    case Verb::delete_chain:
      return run.delete_chain();
    case Verb::rename:
      return run.rename();
    case Verb::policy:
      return run.policy();
  }
}

CommandResult report(const IptablesError& error, std::string_view program, std::uint32_t line,
                     std::string out) {
  const std::string head = fmt::format("{} {}: ", program, iptables_version);
  const std::string where = line == 0 ? std::string() : fmt::format("Error occurred at line: {}\n", line);
  const std::string hint =
      fmt::format("{}Try `{} -h' or '{} --help' for more information.\n", where, program, program);
  std::string text;
  switch (error.form) {
    case IptablesError::Form::usage:
      text = head + error.text + "\n" + hint;
      break;
    case IptablesError::Form::argument:
      text = error.text + "\n" + hint;
      break;
    case IptablesError::Form::version:
      text = head + error.text + "\n";
      break;
    case IptablesError::Form::kernel:
      text = head + (line == 0 ? " " : "\n") + error.text + "\n";
      break;
    case IptablesError::Form::plain:
      text = line == 0 ? fmt::format("{}: {}\n", program, error.text)
                       : fmt::format("{}: line {} failed: {}\n", program, line, error.text);
      break;
  }
  return {error.status, std::move(out), std::move(text)};
}

}  // namespace ekspath
