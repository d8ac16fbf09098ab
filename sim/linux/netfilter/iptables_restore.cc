#include <fmt/format.h>

#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>
#include <memory>
#include <optional>
#include <set>

#include "sim/linux/netfilter/iptables_execute.hh"
#include "sim/linux/netfilter/match_objects.hh"
#include "sim/linux/netfilter/restore_plan.hh"
#include "sim/linux/netfilter/rule_store.hh"
#include "sim/linux/netfilter/words.hh"
#include "sim/linux/netns.hh"

namespace ekspath {
namespace {

struct RestoreOptions {
  bool keep = false;                     // -n
  bool counters = false;                 // -c
  bool test = false;                     // -t
  std::optional<std::string_view> only;  // -T
};

/// One restored text. iptables/xtables-restore.c xtables_restore_parse()
class Restore {
 public:
  Restore(Netns& netns, const RestoreOptions& options, std::string& out)
      : netns_(netns),
        options_(options),
        out_(out),
        store_(netns.kernel().rules),
        parser_(store_, netns.ensure_netfilter().objects(), true) {}

  void run(std::string_view whole_text) {
    const std::string option_key = std::string(options_.keep ? "n" : "") + (options_.counters ? "c" : "");
    const bool plannable = !options_.test && !options_.only;
    if (plannable) {
      const RestorePlan* plan = store_.plan(option_key, whole_text);
      if (plan != nullptr && has_accounts(*plan) && has_chains(*plan)) return follow(*plan);
    }
    std::string_view text = whole_text;
    plan_ = std::make_unique<RestorePlan>();
    depends_on_text_only_ = plannable;
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      ++line_;
      read_line(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (!draft_) {
      if (!depends_on_text_only_ || whole_text.size() < worth_remembering) return;
      plan_->options = option_key;
      plan_->text = whole_text;
      return store_.remember(std::move(plan_));
    }
    throw IptablesError{1, fmt::format("COMMIT expected at line {}", line_ + 1), IptablesError::Form::plain};
  }
  [[nodiscard]] std::uint32_t line() const { return line_; }

 private:
  static constexpr std::size_t worth_remembering = 1024;

  [[nodiscard]] bool has_accounts(const RestorePlan& plan) const {
    const auto& known = netns_.netfilter->objects().accounts_by_symbol;
    return std::ranges::all_of(plan.accounts, [&](std::uint32_t account) { return known.contains(account); });
  }

  [[nodiscard]] bool has_chains(const RestorePlan& plan) const {
    return std::ranges::all_of(plan.tables, [&](const RestorePlan::Table& table) {
      if (table.needs.empty()) return true;
      const TableState* state =
          netns_.netfilter->has(table.name) ? netns_.netfilter->table(table.name) : nullptr;
      return state != nullptr && std::ranges::all_of(table.needs, [&](Symbol chain) {
               return state->chains.find(chain) != nullptr;
             });
    });
  }

  void follow(const RestorePlan& plan) {
    for (const RestorePlan::Table& table : plan.tables) {
      TableDraft draft(netns_, table.name);
      if (table.wipes) draft.wipe();
      draft.adopt(table.chains);
      for (const auto& [chain, drops] : table.policies) draft.policy(chain, drops, Counter{});
      draft.commit(1);
    }
  }

  void read_line(std::string_view line) {
    if (line.empty() || line.front() == '#') return;
    if (line == "COMMIT") return commit();
    if (line.front() == '*' && !draft_) return begin(line.substr(1));
    if (skipping_) return;
    if (!draft_) throw IptablesError{1, "", IptablesError::Form::plain};
    if (line.front() == ':') return declare(line.substr(1));
    read_rule(line);
  }

  void begin(std::string_view line) {
    if (skipping_) throw IptablesError{1, "", IptablesError::Form::plain};
    const std::string_view name = line.substr(0, line.find_first_of(" \t"));
    std::optional<TableName> table;
    for (const TableName known : {TableName::raw, TableName::mangle, TableName::nat, TableName::filter}) {
      if (to_string(known) == name) table = known;
    }
    if (options_.only && *options_.only != name) {
      skipping_ = true;
      return;
    }
    if (!table) usage_error(fmt::format("iptables-restore: line {} table name '{}' invalid", line_, name));
    draft_ = std::make_unique<TableDraft>(netns_, *table);
    if (!options_.keep) draft_->wipe();
  }

  void commit() {
    if (skipping_) {
      skipping_ = false;
      return;
    }
    if (!draft_) throw IptablesError{1, "", IptablesError::Form::plain};
    if (!options_.test) draft_->commit(line_);
    ChainMap chains = draft_->written();
    for (unsigned hook = 0; hook < 5 && options_.keep; ++hook) {  // built-in chains may have rules elsewhere
      const std::string_view base = base_chain_name(draft_->name(), static_cast<Hook>(hook));
      if (!base.empty()) chains.erase(store_.chain_name(base));
    }
    std::erase_if(jumps_, [&](std::uint32_t chain) { return declared_.contains(chain); });
    std::vector<Symbol> needs;
    for (const std::uint32_t chain : jumps_) needs.emplace_back(chain);
    plan_->tables.push_back(
        {draft_->name(), draft_->wiped(), std::move(chains), std::move(policies_), std::move(needs)});
    policies_.clear();
    jumps_.clear();
    declared_.clear();
    draft_.reset();
  }

  /// ":NAME POLICY [P:B]"
  void declare(std::string_view line) {
    const auto word = [&] {
      line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
      const std::string_view taken = line.substr(0, line.find_first_of(" \t"));
      line.remove_prefix(taken.size());
      return taken;
    };
    const std::string_view name = word();
    if (name.empty()) usage_error(fmt::format("iptables-restore: line {} chain name invalid", line_));
    check_chain_name(name);
    const std::string_view policy = word();
    if (policy.empty()) usage_error(fmt::format("iptables-restore: line {} policy invalid", line_));
    const Symbol chain = store_.chain_name(name);
    draft_->ensure_table();
    if (!is_base_chain(draft_->name(), name)) {
      declared_.insert(chain.value());
      if (draft_->find(chain) == nullptr) {
        draft_->create(chain);
      } else {
        draft_->flush(chain);
      }
      return;
    }
    if (policy == "-") return;
    if (policy != "ACCEPT" && policy != "DROP") plain_error("Bad policy name.");
    std::optional<Counter> counter = Counter{};
    if (options_.counters) {
      const std::string_view text = word();
      counter = text.empty() ? std::nullopt : parse_counters(text);
      if (!counter) usage_error(fmt::format("invalid policy counters for chain '{}'", name));
      depends_on_text_only_ = false;
    }
    draft_->policy(chain, policy == "DROP", counter);
    policies_.push_back({chain, policy == "DROP"});
  }

  /// "[P:B]"
  static std::optional<Counter> parse_counters(std::string_view text) {
    if (!text.starts_with('[') || !text.ends_with(']')) return std::nullopt;
    text = text.substr(1, text.size() - 2);
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto packets = parse_number(text.substr(0, colon), ~std::uint64_t{0});
    const auto bytes = parse_number(text.substr(colon + 1), ~std::uint64_t{0});
    if (!packets || !bytes) return std::nullopt;
    return Counter{*packets, *bytes};
  }

  void read_rule(std::string_view line) {
    std::optional<Counter> counter;
    if (line.front() == '[') {
      const std::size_t close = line.find(']');
      if (close == std::string_view::npos) usage_error(fmt::format("Bad line {}: need ]", line_));
      counter = parse_counters(line.substr(0, close + 1));
      if (!counter) usage_error(fmt::format("Bad line {}: need :", line_));
      line.remove_prefix(close + 1);
    }
    IptablesOrder& order = parser_.parse(splitter_.restore_words(line), draft_->name());
    if (counter && options_.counters) order.counter = counter;
    note_dependence(order);
    execute(order, *draft_, netns_, line_, out_);
  }

  /// Whether this line could do something else in another namespace.
  void note_dependence(const IptablesOrder& order) {
    if (order.verb != IptablesOrder::Verb::append || order.counter) depends_on_text_only_ = false;
    if (options_.keep && !declared_.contains(store_.chain_name(order.chain).value()))
      depends_on_text_only_ = false;
    if (order.spec.rule.jumps() && !declared_.contains(order.spec.rule.argument))
      jumps_.insert(order.spec.rule.argument);
    for (const Match& match : order.spec.matches) {
      if (std::holds_alternative<SetMatch>(match)) depends_on_text_only_ = false;
      if (const auto* account = std::get_if<NfacctMatch>(&match))
        plan_->accounts.push_back(account->name.value());
    }
  }

  Netns& netns_;
  const RestoreOptions& options_;
  std::string& out_;
  RuleStore& store_;
  IptablesParser parser_;
  WordSplitter splitter_;
  std::unique_ptr<TableDraft> draft_;
  std::unique_ptr<RestorePlan> plan_;
  std::vector<RestorePlan::Policy> policies_;
  boost::unordered_flat_set<std::uint32_t, IntegerHash> declared_;  // user chains of this table
  std::set<std::uint32_t> jumps_;  // of this table, to chains that were not declared before the rule
  bool depends_on_text_only_ = false;
  bool skipping_ = false;
  std::uint32_t line_ = 0;
};

std::optional<RestoreOptions> parse_options(std::span<const std::string_view> options, std::string& error) {
  RestoreOptions result;
  for (std::size_t i = 0; i < options.size(); ++i) {
    const std::string_view option = options[i];
    if (option == "-n" || option == "--noflush") {
      result.keep = true;
    } else if (option == "-c" || option == "--counters") {
      result.counters = true;
    } else if (option == "-t" || option == "--test") {
      result.test = true;
    } else if ((option == "-T" || option == "--table") && i + 1 < options.size()) {
      result.only = options[++i];
    } else if (option == "-w" || option == "--wait") {
      // The lock is never held. A number of seconds may stand behind.
      if (i + 1 < options.size() && parse_number(options[i + 1], 0x7fffffff)) ++i;
    } else {
      error = fmt::format(
          "iptables-restore: unrecognized option '{}'\nTry `iptables-restore -h' for more information.\n",
          option);
      return std::nullopt;
    }
  }
  return result;
}

}  // namespace

CommandResult iptables_restore(Netns& netns, std::string_view text,
                               std::span<const std::string_view> options) {
  CommandResult result;
  const auto parsed = parse_options(options, result.err);
  if (!parsed) {
    result.status = 1;
    return result;
  }
  Restore restore(netns, *parsed, result.out);
  try {
    restore.run(text);
  } catch (const IptablesError& error) {
    if (error.form == IptablesError::Form::plain && error.text.starts_with("COMMIT expected")) {
      result.status = 1;
      result.err = fmt::format("iptables-restore: {}\n", error.text);
      return result;
    }
    if (error.form == IptablesError::Form::plain && error.text.empty()) {
      result.status = 1;
      result.err = fmt::format("iptables-restore: line {} failed\n", restore.line());
      return result;
    }
    return report(error, "iptables-restore", restore.line(), std::move(result.out));
  }
  return result;
}

}  // namespace ekspath
