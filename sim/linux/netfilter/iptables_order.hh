#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/linux/netfilter/extension.hh"
#include "sim/linux/netfilter/netfilter.hh"
#include "sim/linux/netfilter/rule_text.hh"
#include "sim/linux/netfilter/table.hh"

namespace ekspath {

/// What one iptables command line asks for. Texts borrow from the words.
struct IptablesOrder {
  enum class Verb : std::uint8_t {
    none,
    append,
    insert,
    delete_rule,
    delete_number,
    replace,
    check,
    flush,
    zero,
    zero_number,
    list,
    list_rules,
    new_chain,
    delete_chain,
    rename,
    policy,
    version,
    help
  } verb = Verb::none;
  bool zero_too = false;  // -L -Z, -S -Z
  TableName table = TableName::filter;
  std::string_view chain;  // empty: all
  std::string_view new_name;
  std::string_view policy;
  std::uint32_t number = 0;
  std::uint32_t verbosity = 0;
  ListStyle style;
  // the rule; source and destination stand beside it, since "a,b" makes several
  RuleSpec spec;
  std::vector<AddressAndMask> sources, destinations;
  std::string_view jump_to_chain;  // -j or -g to a name that is no target
  std::optional<Counter> counter;
  /// What the kernel would refuse of this rule, as it stands by itself: "Invalid argument".
  std::string_view refusal;

  void clear();
};

/// Reads command lines as getopt_long() and libxtables do: short options in clusters, long ones abbreviated,
/// options of matches and targets once these are known. Throws IptablesError. Keeps its buffers from line to
/// line.
class IptablesParser {
 public:
  IptablesParser(RuleStore& store, const MatchObjects& objects, bool restoring)
      : store_(store), objects_(objects), restoring_(restoring) {}

  /// `words` stand behind the command's name; `table` is the one meant unless they name one. The order is
  /// good until the next call.
  IptablesOrder& parse(std::span<const std::string_view> words, TableName table = TableName::filter);

 private:
  struct LoadedMatch {
    const MatchExtension* extension;
    std::size_t index;  // in order_.spec.matches
    std::uint32_t seen = 0;
  };

  [[nodiscard]] bool more() const { return at_ < words_.size(); }
  [[nodiscard]] std::string_view next() { return words_[at_++]; }
  /// The word behind, when it is no option.
  [[nodiscard]] std::optional<std::string_view> optional_word();
  /// `dashes` and `option` name the option in the complaint.
  [[nodiscard]] std::string_view argument(std::string_view dashes, std::string_view option);

  void read_long(std::string_view name);
  void read_short(std::string_view cluster);
  void read_main(char option, std::string_view argument);
  [[nodiscard]] bool read_extension_option(std::string_view name);
  void apply(const OptionSpec& spec, std::string_view owner, std::uint32_t& seen, GivenOption& given);
  void load_match(const MatchExtension& extension);
  void load_target(std::string_view name, bool is_goto);
  [[nodiscard]] RuleContext context() const;

  void take_verb(char option, IptablesOrder::Verb verb);
  void read_command(char option, std::string_view chain);
  void read_protocol(std::string_view name);
  void read_interface(char option, std::string_view name);
  void read_addresses(std::string_view text, std::vector<AddressAndMask>& into);
  void once(char option);
  void finish();
  void forget_what_nf_tables_cannot_say();
  void check_options();

  RuleStore& store_;
  const MatchObjects& objects_;
  bool restoring_;
  IptablesOrder order_;
  std::span<const std::string_view> words_;
  std::size_t at_ = 0;
  bool invert_ = false;
  char command_ = 0;
  std::uint32_t options_ = 0;  // which of the options were given, by their place in option_letters
  bool waits_ = false;
  std::vector<LoadedMatch> loaded_;
  const TargetExtension* target_ = nullptr;
  std::uint32_t target_seen_ = 0;
};

inline constexpr std::string_view drop_in_nat =
    "\nThe \"nat\" table is not intended for filtering, the use of DROP is therefore inhibited.\n\n";

/// "Invalid rule number `0'"
[[nodiscard]] std::uint32_t parse_rule_number(std::string_view text);
/// Fails unless a chain may have this name.
void check_chain_name(std::string_view name);

}  // namespace ekspath
