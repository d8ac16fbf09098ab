#include "sim/linux/netfilter/iptables_order.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/linux/netfilter/iptables_error.hh"
#include "sim/linux/netfilter/match_objects.hh"
#include "sim/linux/netfilter/rule_store.hh"

namespace ekspath {
namespace {

using Verb = IptablesOrder::Verb;

struct MainOption {
  std::string_view name;
  char letter;
  enum class Argument : std::uint8_t { none, required, optional } argument;
};
constexpr auto none = MainOption::Argument::none;
constexpr auto required = MainOption::Argument::required;
constexpr auto optional = MainOption::Argument::optional;
// iptables/xtables-standalone.c original_opts[]
constexpr std::array main_options{MainOption{"append", 'A', required},
                                  MainOption{"delete", 'D', required},
                                  MainOption{"check", 'C', required},
                                  MainOption{"insert", 'I', required},
                                  MainOption{"replace", 'R', required},
                                  MainOption{"list", 'L', optional},
                                  MainOption{"list-rules", 'S', optional},
                                  MainOption{"flush", 'F', optional},
                                  MainOption{"zero", 'Z', optional},
                                  MainOption{"new-chain", 'N', required},
                                  MainOption{"delete-chain", 'X', optional},
                                  MainOption{"rename-chain", 'E', required},
                                  MainOption{"policy", 'P', required},
                                  MainOption{"source", 's', required},
                                  MainOption{"destination", 'd', required},
                                  MainOption{"src", 's', required},
                                  MainOption{"dst", 'd', required},
                                  MainOption{"protocol", 'p', required},
                                  MainOption{"in-interface", 'i', required},
                                  MainOption{"out-interface", 'o', required},
                                  MainOption{"jump", 'j', required},
                                  MainOption{"goto", 'g', required},
                                  MainOption{"table", 't', required},
                                  MainOption{"match", 'm', required},
                                  MainOption{"numeric", 'n', none},
                                  MainOption{"fragments", 'f', none},
                                  MainOption{"verbose", 'v', none},
                                  MainOption{"wait", 'w', optional},
                                  MainOption{"wait-interval", 'W', optional},
                                  MainOption{"exact", 'x', none},
                                  MainOption{"version", 'V', none},
                                  MainOption{"help", 'h', optional},
                                  MainOption{"line-numbers", '0', none},
                                  MainOption{"modprobe", 'M', required},
                                  MainOption{"set-counters", 'c', required},
                                  MainOption{"ipv4", '4', none},
                                  MainOption{"ipv6", '6', none}};

/// The others of libxtables that this project does not model: refused by name instead of as unknown.
constexpr std::array<std::string_view, 36> foreign_matches{
    "ah",       "bpf",    "cgroup", "cluster",   "connbytes", "connlabel", "connlimit", "cpu",    "dccp",
    "devgroup", "ecn",    "esp",    "hashlimit", "helper",    "ipcomp",    "ipvs",      "osf",    "owner",
    "physdev",  "policy", "quota",  "rateest",   "realm",     "rpfilter",  "sctp",      "socket", "string",
    "tcpmss",   "time",   "u32",    "ttl6",      "unclean",   "account",   "condition", "geoip",  "psd"};
constexpr std::array<std::string_view, 24> foreign_targets{
    "AUDIT",     "CHECKSUM", "CLASSIFY",    "CLUSTERIP", "CONNSECMARK", "DSCP",   "ECN",     "HMARK",
    "IDLETIMER", "LED",      "NETMAP",      "NFLOG",     "NFQUEUE",     "QUEUE",  "RATEEST", "SECMARK",
    "SET",       "SYNPROXY", "TCPOPTSTRIP", "TEE",       "TOS",         "TPROXY", "TRACE",   "ULOG"};

constexpr std::size_t longest_interface = 15;
constexpr std::size_t longest_chain = 28;

std::uint32_t option_bit(char letter) {
  constexpr std::string_view letters = "nvxsdpiojgcf0w";
  const std::size_t at = letters.find(letter);
  return at == std::string_view::npos ? 0 : std::uint32_t{1} << at;
}

RuleAction standard_verdict(std::string_view name) {
  if (name == "ACCEPT") return RuleAction::accept;
  if (name == "DROP") return RuleAction::drop;
  if (name == "RETURN") return RuleAction::return_;
  return RuleAction::none;
}

bool takes_rule(Verb verb) {
  switch (verb) {
    case Verb::append:
    case Verb::insert:
    case Verb::delete_rule:
    case Verb::replace:
    case Verb::check:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::uint32_t parse_rule_number(std::string_view text) {
  const auto number = parse_number(text, 0xffffffff);
  if (!number || *number == 0) usage_error(fmt::format("Invalid rule number `{}'", text));
  return static_cast<std::uint32_t>(*number);
}

void check_chain_name(std::string_view name) {
  if (name.starts_with('-') || name.starts_with('!')) {
    usage_error(fmt::format("chain name not allowed to start with `{}'", name.front()));
  }
  if (name.size() > longest_chain) {
    usage_error(fmt::format("chain name `{}' too long (must be under {} chars)", name, longest_chain + 1));
  }
  for (const char c : name) {
    if (c == ' ' || (c >= '\t' && c <= '\r')) usage_error(fmt::format("Invalid chain name `{}'", name));
  }
}

void IptablesOrder::clear() {
  verb = Verb::none;
  zero_too = false;
  table = TableName::filter;
  chain = new_name = policy = jump_to_chain = refusal = {};
  number = 0;
  verbosity = 0;
  style = {};
  spec.clear();
  sources.clear();
  destinations.clear();
  counter.reset();
}

IptablesOrder& IptablesParser::parse(std::span<const std::string_view> words, TableName table) {
  order_.clear();
  order_.table = table;
  words_ = words;
  at_ = 0;
  invert_ = false;
  command_ = 0;
  options_ = 0;
  waits_ = false;
  loaded_.clear();
  target_ = nullptr;
  target_seen_ = 0;
  while (more()) {
    const std::string_view word = next();
    if (word == "!") {
      if (invert_) usage_error("multiple consecutive ! not allowed");
      invert_ = true;
      continue;
    }
    if (word.size() > 2 && word.starts_with("--")) {
      read_long(word.substr(2));
    } else if (word.size() > 1 && word.front() == '-') {
      read_short(word.substr(1));
    } else {
      throw IptablesError{2, fmt::format("Bad argument `{}'", word), IptablesError::Form::argument};
    }
    invert_ = false;
    if (order_.verb == Verb::version || order_.verb == Verb::help) return order_;
  }
  finish();
  return order_;
}

std::optional<std::string_view> IptablesParser::optional_word() {
  if (!more() || words_[at_].starts_with('-') || words_[at_].starts_with('!')) return std::nullopt;
  return next();
}

std::string_view IptablesParser::argument(std::string_view dashes, std::string_view option) {
  if (!more()) usage_error(fmt::format("option \"{}{}\" requires an argument", dashes, option));
  return next();
}

// --- options

void IptablesParser::read_long(std::string_view name) {
  const std::string_view whole = words_[at_ - 1];
  std::optional<std::string_view> attached;
  if (const std::size_t equals = name.find('='); equals != std::string_view::npos) {
    attached = name.substr(equals + 1);
    name = name.substr(0, equals);
  }
  if (!attached && read_extension_option(name)) return;
  const MainOption* found = nullptr;
  for (const MainOption& known : main_options) {
    if (known.name == name) {
      found = &known;
      break;
    }
  }
  if (found == nullptr) {  // getopt_long() takes abbreviations that are clear
    bool ambiguous = false;
    for (const MainOption& known : main_options) {
      if (!known.name.starts_with(name)) continue;
      if (found != nullptr && found->letter != known.letter) ambiguous = true;
      if (found == nullptr) found = &known;
    }
    if (ambiguous) found = nullptr;
  }
  if (found == nullptr) {
    // The protocol's own match, not yet asked for: command_default() of iptables/xshared.c
    const Rule& rule = order_.spec.rule;
    if (!attached && rule.protocol != 0 && !rule.has(Rule::not_protocol)) {
      const MatchExtension* own = find_match(protocol_name(rule.protocol));
      const bool loaded =
          std::ranges::any_of(loaded_, [&](const LoadedMatch& match) { return match.extension == own; });
      if (own != nullptr && !loaded) {
        load_match(*own);
        if (read_extension_option(name)) return;
        order_.spec.matches.pop_back();
        loaded_.pop_back();
      }
    }
    usage_error(fmt::format("unknown option \"{}\"", whole));
  }
  std::string_view value;
  switch (found->argument) {
    case none:
      break;
    case required:
      value = attached ? *attached : argument("", whole);
      break;
    case optional:
      if (attached) {
        value = *attached;
      } else if (const auto word = optional_word()) {
        value = *word;
      }
      break;
  }
  read_main(found->letter, value);
}

void IptablesParser::read_short(std::string_view cluster) {
  while (!cluster.empty()) {
    const char letter = cluster.front();
    cluster.remove_prefix(1);
    const auto* found = std::ranges::find(main_options, letter, &MainOption::letter);
    if (found == main_options.end() || letter == '0')
      usage_error(fmt::format("unknown option \"-{}\"", letter));
    if (found->argument == none) {
      read_main(letter, {});
      continue;
    }
    std::string_view value = cluster;
    if (value.empty() && found->argument == required) value = argument("-", {&letter, 1});
    if (value.empty() && found->argument == optional) value = optional_word().value_or(std::string_view());
    return read_main(letter, value);
  }
}

bool IptablesParser::read_extension_option(std::string_view name) {
  const auto matching = [&](std::span<const OptionSpec> specs, bool exact) -> const OptionSpec* {
    for (const OptionSpec& spec : specs) {
      if (exact ? spec.name == name : spec.name.starts_with(name)) return &spec;
    }
    return nullptr;
  };
  const auto give = [&](const OptionSpec& spec, std::string_view owner, std::uint32_t& seen, auto&& read) {
    GivenOption given{spec, {}, {}, invert_, seen};
    apply(spec, owner, seen, given);
    read(given);
  };
  for (const bool exact : {true, false}) {
    if (!exact &&
        std::ranges::any_of(main_options, [&](const MainOption& known) { return known.name == name; }))
      break;
    if (target_ != nullptr) {
      if (const OptionSpec* spec = matching(target_->options, exact)) {
        give(*spec, target_->name, target_seen_,
             [&](const GivenOption& given) { target_->read(context(), given, *order_.spec.target); });
        return true;
      }
    }
    for (auto loaded = loaded_.rbegin(); loaded != loaded_.rend();
         ++loaded) {  // the latest of a name has its options
      const OptionSpec* spec = matching(loaded->extension->options, exact);
      if (spec == nullptr) continue;
      give(*spec, loaded->extension->name, loaded->seen, [&](const GivenOption& given) {
        loaded->extension->read(context(), given, order_.spec.matches[loaded->index]);
      });
      return true;
    }
  }
  return false;
}

/// libxtables xtables_option_tpcall(), xtoptions.c xtopt_parse_*()
void IptablesParser::apply(const OptionSpec& spec, std::string_view owner, std::uint32_t& seen,
                           GivenOption& given) {
  if (spec.argument) given.value = argument("--", spec.name);
  if (spec.words == 2) {
    if (!more() || words_[at_].starts_with('-') || words_[at_] == "!") {
      usage_error(fmt::format("--{} requires two args.", spec.name));
    }
    given.second_value = next();
  }
  if ((seen & bit(spec.id)) != 0) {
    usage_error(fmt::format("{}: option \"--{}\" can only be used once.\n", owner, spec.name));
  }
  if (invert_ && !spec.invertible)
    usage_error(fmt::format("{}: option \"--{}\" cannot be inverted.\n", owner, spec.name));
  seen |= bit(spec.id);
}

RuleContext IptablesParser::context() const {
  return {store_, order_.spec.rule,
          [](const void* environment, std::string_view name) {
            const auto& sets = static_cast<const MatchObjects*>(environment)->sets.by_name;
            return sets.find(name) != sets.end();
          },
          &objects_};
}

void IptablesParser::read_main(char option, std::string_view value) {
  switch (option) {
    case 'A':
    case 'D':
    case 'C':
    case 'I':
    case 'R':
    case 'L':
    case 'S':
    case 'F':
    case 'Z':
    case 'N':
    case 'X':
    case 'E':
    case 'P':
      return read_command(option, value);
    case 's':
      return read_addresses((once('s'), value), order_.sources);
    case 'd':
      return read_addresses((once('d'), value), order_.destinations);
    case 'p':
      return read_protocol(value);
    case 'i':
    case 'o':
      return read_interface(option, value);
    case 'j':
    case 'g':
      if ((options_ & (option_bit('j') | option_bit('g'))) != 0) {
        usage_error(fmt::format("multiple -{} flags not allowed", option));
      }
      options_ |= option_bit(option);
      return load_target(value, option == 'g');
    case 'm': {
      if (invert_) usage_error("unexpected ! flag before --match");
      const MatchExtension* extension = find_match(value);
      if (extension == nullptr) {
        if (std::ranges::find(foreign_matches, value) != foreign_matches.end()) {
          usage_error(fmt::format("match `{}' is not supported", value));
        }
        usage_error(fmt::format("Couldn't load match `{}':No such file or directory\n", value));
      }
      return load_match(*extension);
    }
    case 't': {
      if (restoring_) usage_error("The -t option cannot be used in iptables-restore.\n");
      for (const TableName table : {TableName::raw, TableName::mangle, TableName::nat, TableName::filter}) {
        if (to_string(table) != value) continue;
        order_.table = table;
        return;
      }
      if (value == "security") usage_error("table `security' is not supported");
      throw IptablesError{
          3,
          fmt::format("table '{}' does not exist\nPerhaps iptables or your kernel needs to be upgraded.",
                      value),
          IptablesError::Form::version};
    }
    case 'n':
      options_ |= option_bit('n');
      order_.style.numeric = true;
      return;
    case 'v':
      options_ |= option_bit('v');
      ++order_.verbosity;
      order_.style.verbose = true;
      return;
    case 'x':
      options_ |= option_bit('x');
      order_.style.exact = true;
      return;
    case '0':
      options_ |= option_bit('0');
      order_.style.line_numbers = true;
      return;
    case 'f':
      once('f');
      order_.spec.rule.flags |= invert_ ? Rule::not_fragment : Rule::fragment;
      return;
    case 'w':
      if (restoring_) usage_error("You cannot use `-w' from iptables-restore");
      if (!value.empty() && !parse_number(value, 0x7fffffff)) usage_error("wait seconds not numeric");
      waits_ = true;
      return;  // the lock is never held here: nothing to wait for
    case 'W':
      if (!value.empty() && !parse_number(value, 999999)) usage_error("wait interval not numeric");
      options_ |= option_bit('w');
      return;
    case 'c': {
      once('c');
      const std::size_t comma = value.find(',');
      std::string_view bytes = comma == std::string_view::npos ? std::string_view() : value.substr(comma + 1);
      if (comma == std::string_view::npos) {
        if (!more() || words_[at_].starts_with('-')) usage_error("-c requires packet and byte counter");
        bytes = next();
      }
      const auto packet_count = parse_number(value.substr(0, comma), ~std::uint64_t{0});
      if (!packet_count) usage_error("-c packet counter not numeric");
      const auto byte_count = parse_number(bytes, ~std::uint64_t{0});
      if (!byte_count) usage_error("-c byte counter not numeric");
      order_.counter = Counter{*packet_count, *byte_count};
      return;
    }
    case '4':
      return;
    case '6':
      usage_error("This is the IPv4 version of iptables.");
    case 'V':
      order_.verb = Verb::version;
      return;
    case 'h':
      order_.verb = Verb::help;
      return;
    default:
      usage_error(fmt::format("option \"-{}\" is not supported", option));
  }
}

// --- commands

void IptablesParser::take_verb(char option, Verb verb) {
  if (command_ != 0) {
    const bool lists_and_zeroes = (command_ == 'L' || command_ == 'S') && option == 'Z';
    const bool zeroes_and_lists = command_ == 'Z' && (option == 'L' || option == 'S');
    if (!lists_and_zeroes && !zeroes_and_lists)
      usage_error(fmt::format("Cannot use -{} with -{}", option, command_));
    order_.zero_too = true;
    if (lists_and_zeroes) return;
  }
  if (invert_) usage_error("unexpected ! flag before command");
  command_ = option;
  order_.verb = verb;
}

void IptablesParser::read_command(char option, std::string_view chain) {
  const auto number_behind = [&] {
    if (const auto word = optional_word()) order_.number = parse_rule_number(*word);
  };
  if (!chain.empty()) order_.chain = chain;
  switch (option) {
    case 'A':
      return take_verb(option, Verb::append);
    case 'C':
      return take_verb(option, Verb::check);
    case 'D':
      take_verb(option, Verb::delete_rule);
      number_behind();
      if (order_.number != 0) order_.verb = Verb::delete_number;
      return;
    case 'R':
      take_verb(option, Verb::replace);
      if (const auto word = optional_word()) {
        order_.number = parse_rule_number(*word);
      } else {
        usage_error("-R requires a rule number");
      }
      return;
    case 'I':
      take_verb(option, Verb::insert);
      order_.number = 1;
      number_behind();
      return;
    case 'L':
    case 'S':
      take_verb(option, option == 'L' ? Verb::list : Verb::list_rules);
      if (!chain.empty()) number_behind();
      return;
    case 'F':
      return take_verb(option, Verb::flush);
    case 'Z':
      take_verb(option, Verb::zero);
      if (!chain.empty()) number_behind();
      if (order_.number != 0 && order_.verb == Verb::zero) order_.verb = Verb::zero_number;
      return;
    case 'N':
      check_chain_name(chain);
      if (standard_verdict(chain) != RuleAction::none || find_target(chain) != nullptr ||
          std::ranges::find(foreign_targets, chain) != foreign_targets.end()) {
        usage_error("chain name may not clash with target name");
      }
      return take_verb(option, Verb::new_chain);
    case 'X':
      return take_verb(option, Verb::delete_chain);
    case 'E':
      take_verb(option, Verb::rename);
      if (const auto word = optional_word()) {
        order_.new_name = *word;
      } else {
        usage_error("-E requires old-chain-name and new-chain-name");
      }
      return;
    case 'P':
      take_verb(option, Verb::policy);
      if (const auto word = optional_word()) {
        order_.policy = *word;
      } else {
        usage_error("-P requires a chain and a policy");
      }
      return;
    default:
      return;
  }
}

// --- the rule

void IptablesParser::once(char option) {
  if ((options_ & option_bit(option)) != 0)
    usage_error(fmt::format("multiple -{} flags not allowed", option));
  options_ |= option_bit(option);
}

void IptablesParser::read_addresses(std::string_view text, std::vector<AddressAndMask>& into) {
  const bool is_source = &into == &order_.sources;
  std::string_view rest = text;
  while (true) {
    const std::size_t comma = rest.find(',');
    into.push_back(parse_address_and_mask(rest.substr(0, comma)));
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  if (!invert_) return;
  if (into.size() > 1) usage_error("! not allowed with multiple source or destination IP addresses");
  order_.spec.rule.flags |= is_source ? Rule::not_source : Rule::not_destination;
}

void IptablesParser::read_protocol(std::string_view name) {
  once('p');
  const auto number = protocol_number(name);
  if (!number) usage_error(fmt::format("unknown protocol \"{}\" specified", name));
  if (*number == 0 && invert_) usage_error("rule would never match protocol");
  order_.spec.rule.protocol = *number;
  if (invert_) order_.spec.rule.flags |= Rule::not_protocol;
}

void IptablesParser::read_interface(char option, std::string_view name) {
  once(option);
  if (name.empty()) usage_error("Empty interface is likely to be undesired");
  if (name.size() > longest_interface) {
    usage_error(
        fmt::format("interface name `{}' must be shorter than IFNAMSIZ ({})", name, longest_interface));
  }
  if (name == "+" && !invert_) return;  // any: nothing asked
  const PatternNumber pattern = store_.pattern(name);
  if (option == 'i') {
    order_.spec.rule.in = pattern;
    if (invert_) order_.spec.rule.flags |= Rule::not_in;
  } else {
    order_.spec.rule.out = pattern;
    if (invert_) order_.spec.rule.flags |= Rule::not_out;
  }
}

void IptablesParser::load_match(const MatchExtension& extension) {
  // iptables-nft keeps the ports of one protocol together: a second -m tcp adds to the first
  // (observed: 1.8.9).
  if (&extension == &match_tcp || &extension == &match_udp) {
    for (auto loaded = loaded_.begin(); loaded != loaded_.end(); ++loaded) {
      if (loaded->extension != &extension) continue;
      std::rotate(loaded, loaded + 1, loaded_.end());
      return;
    }
  }
  loaded_.push_back({&extension, order_.spec.matches.size()});
  order_.spec.matches.push_back(extension.start());
}

void IptablesParser::load_target(std::string_view name, bool is_goto) {
  if (invert_) usage_error(fmt::format("cannot have ! before -{}", is_goto ? 'g' : 'j'));
  if (is_goto) {
    order_.spec.rule.action = RuleAction::goto_;
    order_.jump_to_chain = name;
    return;
  }
  if (name.empty()) usage_error("Invalid target name (too short)");
  for (const char c : name) {
    if (c == ' ' || (c >= '\t' && c <= '\r')) usage_error(fmt::format("Invalid target name `{}'", name));
  }
  if (const RuleAction verdict = standard_verdict(name); verdict != RuleAction::none) {
    order_.spec.rule.action = verdict;
    return;
  }
  if (const TargetExtension* extension = find_target(name)) {
    target_ = extension;
    order_.spec.rule.action = RuleAction::extension;
    order_.spec.target = extension->start();
    return;
  }
  if (std::ranges::find(foreign_targets, name) != foreign_targets.end()) {
    usage_error(fmt::format("target `{}' is not supported", name));
  }
  if (name.size() > longest_chain) {
    usage_error(fmt::format("Invalid target name `{}' ({} chars max)", name, longest_chain));
  }
  order_.spec.rule.action = RuleAction::jump;
  order_.jump_to_chain = name;
}

// --- what must hold of the whole line

namespace {

/// libxtables xtables_options_fcheck()
void check_given(std::string_view owner, std::span<const OptionSpec> options, std::uint32_t seen) {
  for (const OptionSpec& spec : options) {
    const bool given = (seen & bit(spec.id)) != 0;
    if (!given && spec.mandatory)
      usage_error(fmt::format("{}: option \"--{}\" must be specified\n", owner, spec.name));
    if (!given) continue;
    if (spec.needs != 0 && (seen & spec.needs) == 0) {
      usage_error(
          fmt::format("{}: option \"--{}\" also requires \"--{}\".\n", owner, spec.name, spec.needed_name));
    }
    for (const OptionSpec& other : options) {
      if ((seen & spec.excludes & bit(other.id)) == 0) continue;
      usage_error(fmt::format("{}: option \"--{}\" cannot be used together with \"--{}\".\n", owner,
                              spec.name, other.name));
    }
  }
}

}  // namespace

void IptablesParser::finish() {
  if (order_.verb == Verb::none) usage_error("no command specified");
  const auto kernel_says = [&](auto&& check) {
    try {
      check();
    } catch (const IptablesError& error) {
      if (error.form != IptablesError::Form::kernel) throw;
      order_.refusal = "Invalid argument";
    }
  };
  for (const LoadedMatch& loaded : loaded_) {
    kernel_says([&] { loaded.extension->check(context(), loaded.seen, order_.spec.matches[loaded.index]); });
    check_given(loaded.extension->name, loaded.extension->options, loaded.seen);
  }
  if (target_ != nullptr) {
    kernel_says([&] { target_->check(context(), target_seen_, *order_.spec.target); });
    check_given(target_->name, target_->options, target_seen_);
  }
  check_options();
  if (!takes_rule(order_.verb)) return;
  forget_what_nf_tables_cannot_say();
  if (!order_.jump_to_chain.empty())
    order_.spec.rule.argument = store_.chain_name(order_.jump_to_chain).value();
  if (order_.sources.empty()) order_.sources.push_back({});
  if (order_.destinations.empty()) order_.destinations.push_back({});
  // nft_cmp of no bytes: the kernel refuses "not any address" (observed: iptables 1.8.9).
  const Rule& rule = order_.spec.rule;
  const bool not_any = (rule.has(Rule::not_source) && order_.sources.front().mask == 0) ||
                       (rule.has(Rule::not_destination) && order_.destinations.front().mask == 0);
  if (not_any) order_.refusal = "Invalid argument";
}

/// Conditions that are lost on their way through nf_tables, and the match with them if nothing else is in it:
/// "not 0 to 65535", and flags of which none is looked at (observed: iptables 1.8.9).
void IptablesParser::forget_what_nf_tables_cannot_say() {
  // "Not 0 to N" comes back as "above N".
  const auto forget = [](PortRange& range) {
    if (range.low != 0 || range.high == 0 || !range.invert) return false;
    const bool lost = range.high == 65535;
    range = lost ? PortRange{} : PortRange{static_cast<std::uint16_t>(range.high + 1), 65535, false};
    return lost;
  };
  std::erase_if(order_.spec.matches, [&](Match& match) {
    if (auto* udp = std::get_if<UdpMatch>(&match)) {
      const bool lost_source = forget(udp->source);
      return (forget(udp->destination) || lost_source) && *udp == UdpMatch{};
    }
    auto* tcp = std::get_if<TcpMatch>(&match);
    if (tcp == nullptr || tcp->option != 0) return false;  // with an option it stays an x_tables match
    bool lost = forget(tcp->source);
    lost = forget(tcp->destination) || lost;
    if (tcp->flag_mask == 0 && (tcp->flag_compare != 0 || tcp->invert_flags)) {
      tcp->flag_compare = 0;
      tcp->invert_flags = false;
      lost = true;
    }
    return lost && *tcp == TcpMatch{};
  });
}

/// generic_opt_check() and do_parse() of iptables/xshared.c
void IptablesParser::check_options() {
  for (const char option : {'n', 'x', '0'}) {
    if ((options_ & option_bit(option)) == 0) continue;
    if (order_.verb != Verb::list) usage_error(fmt::format("Illegal option `-{}' with this command", option));
  }
  if (!takes_rule(order_.verb)) {
    for (const char option : {'s', 'd', 'p', 'i', 'o', 'j', 'f'}) {
      if ((options_ & option_bit(option)) != 0)
        usage_error(fmt::format("Illegal option `-{}' with this command", option));
    }
  }
  if ((options_ & option_bit('w')) != 0 && !waits_)
    usage_error("--wait-interval only makes sense with --wait\n");
  if (order_.verb == Verb::replace && (order_.sources.size() > 1 || order_.destinations.size() > 1)) {
    usage_error("Replacement rule does not specify a unique address");
  }
  const Rule& rule = order_.spec.rule;
  const bool inbound = order_.chain == "PREROUTING" || order_.chain == "INPUT";
  const bool outbound = order_.chain == "POSTROUTING" || order_.chain == "OUTPUT";
  if (inbound && rule.out != 0) usage_error(fmt::format("Can't use -o with {}\n", order_.chain));
  if (outbound && rule.in != 0) usage_error(fmt::format("Can't use -i with {}\n", order_.chain));
  if (order_.verb == Verb::append || order_.verb == Verb::insert || order_.verb == Verb::replace) {
    const bool drops_in_nat = order_.table == TableName::nat && rule.action == RuleAction::drop;
    if (drops_in_nat) usage_error(std::string(drop_in_nat));
  }
}

}  // namespace ekspath
