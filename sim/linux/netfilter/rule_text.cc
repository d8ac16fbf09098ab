#include "sim/linux/netfilter/rule_text.hh"

#include <fmt/format.h>

#include <iterator>

#include "sim/linux/netfilter/extension.hh"
#include "sim/linux/netfilter/rule_store.hh"

namespace ekspath {
namespace {

auto into(std::string& out) { return std::back_inserter(out); }

void save_address(std::string& out, std::string_view option, bool invert, std::uint32_t address,
                  std::uint32_t mask) {
  if (mask == 0 && !invert) return;
  fmt::format_to(into(out), "{} {} {}", invert ? " !" : "", option, Ipv4Address(address));
  append_mask(out, mask);
}

std::string protocol_text(std::uint8_t protocol) {
  const std::string_view name = protocol_name(protocol);
  return name.empty() ? fmt::format("{}", protocol) : std::string(name);
}

std::string_view action_name(const RuleStore& store, const ChainBlock& chain, const Rule& rule) {
  switch (rule.action) {
    case RuleAction::none:
      return "";
    case RuleAction::accept:
      return "ACCEPT";
    case RuleAction::drop:
      return "DROP";
    case RuleAction::return_:
      return "RETURN";
    case RuleAction::jump:
    case RuleAction::goto_:
      return store.chain_name(rule.chain());
    case RuleAction::extension:
      return extension_of(*chain.target(rule)).name;
  }
  return "";
}

/// NOTRACK lists under the name of the target that it is.
std::string_view listed_name(const RuleStore& store, const ChainBlock& chain, const Rule& rule) {
  const std::string_view name = action_name(store, chain, rule);
  return rule.action == RuleAction::extension && name == "NOTRACK" ? "CT" : name;
}

/// "10.0.0.0/8", "10.0.0.1", "anywhere"
std::string listed_address(std::uint32_t address, std::uint32_t mask, bool invert, bool numeric) {
  if (mask == 0 && !invert && !numeric) return "anywhere";
  if (mask == 0) return "0.0.0.0/0";
  if (mask == 0xffffffff && address == 0x7f000001 && !numeric) return "localhost";
  std::string text = fmt::format("{}", Ipv4Address(address));
  if (mask != 0xffffffff) append_mask(text, mask);
  return text;
}

std::string listed_interface(const RuleStore& store, PatternNumber pattern, bool invert, bool numeric) {
  if (pattern == 0) return numeric ? "*" : "any";
  return fmt::format("{}{}", invert ? "!" : "", store.pattern_text(pattern));
}

}  // namespace

void save_rule(std::string& out, const RuleStore& store, const ChainBlock& chain, std::uint32_t row,
               const Counter* counter) {
  const Rule& rule = chain.rule(row);
  fmt::format_to(into(out), "-A {}", store.chain_name(chain.name()));
  save_address(out, "-s", rule.has(Rule::not_source), rule.source, rule.source_mask);
  save_address(out, "-d", rule.has(Rule::not_destination), rule.destination, rule.destination_mask);
  if (rule.in != 0)
    fmt::format_to(into(out), "{} -i {}", rule.has(Rule::not_in) ? " !" : "", store.pattern_text(rule.in));
  if (rule.out != 0) {
    fmt::format_to(into(out), "{} -o {}", rule.has(Rule::not_out) ? " !" : "", store.pattern_text(rule.out));
  }
  if (rule.protocol != 0) {
    fmt::format_to(into(out), "{} -p {}", rule.has(Rule::not_protocol) ? " !" : "",
                   protocol_text(rule.protocol));
  }
  if (rule.has(Rule::not_fragment)) out += " !";
  if (rule.has(Rule::fragment) || rule.has(Rule::not_fragment)) out += " -f";
  RulePrinter printer{out, store};
  for (const Match& match : chain.matches(rule)) {
    const MatchExtension& extension = extension_of(match);
    out += " -m ";
    out += extension.name;
    extension.save(printer, match);
  }
  if (counter != nullptr) fmt::format_to(into(out), " -c {} {}", counter->packets, counter->bytes);
  if (rule.action == RuleAction::none) return;
  out += rule.action == RuleAction::goto_ ? " -g " : " -j ";
  out += action_name(store, chain, rule);
  if (const Target* target = chain.target(rule)) extension_of(*target).save(printer, *target);
}

void append_count(std::string& out, std::uint64_t number, const ListStyle& style, bool in_column) {
  const auto put = [&](std::string_view unit, unsigned width) {
    fmt::format_to(into(out), "{:{}}{}{}", number, in_column ? width : 0, unit, in_column ? " " : "");
  };
  if (style.exact) return put("", 8);
  if (number <= 99999) return put("", 5);
  for (const std::string_view unit : {"K", "M", "G"}) {
    number = (number + 500) / 1000;
    if (number <= 9999) return put(unit, 4);
  }
  number = (number + 500) / 1000;
  put("T", 4);
}

void list_titles(std::string& out, const ListStyle& style) {
  if (style.line_numbers) out += "num  ";
  if (style.verbose) out += style.exact ? "    pkts      bytes " : " pkts bytes ";
  out += "target     prot opt ";
  if (style.verbose) out += "in     out     ";
  out += "source               destination         \n";
}

void list_rule(std::string& out, const RuleStore& store, const ChainBlock& chain, std::uint32_t row,
               const Counter& counter, const ListStyle& style) {
  const Rule& rule = chain.rule(row);
  if (style.line_numbers) fmt::format_to(into(out), "{:<4} ", row + 1);
  if (style.verbose) {
    append_count(out, counter.packets, style, true);
    append_count(out, counter.bytes, style, true);
  }
  const auto sign = [&](std::uint8_t flag) { return rule.has(flag) ? '!' : ' '; };
  fmt::format_to(into(out), "{:<9} {}{:<4} {}{} ", listed_name(store, chain, rule), sign(Rule::not_protocol),
                 protocol_text(rule.protocol), rule.has(Rule::not_fragment) ? '!' : '-',
                 rule.has(Rule::fragment) || rule.has(Rule::not_fragment) ? 'f' : '-');
  if (style.verbose) {
    fmt::format_to(into(out), " {:<6} {:<6} ",
                   listed_interface(store, rule.in, rule.has(Rule::not_in), style.numeric),
                   listed_interface(store, rule.out, rule.has(Rule::not_out), style.numeric));
  }
  fmt::format_to(into(out), "{}{:<19} {}{:<19} ", sign(Rule::not_source),
                 listed_address(rule.source, rule.source_mask, rule.has(Rule::not_source), style.numeric),
                 sign(Rule::not_destination),
                 listed_address(rule.destination, rule.destination_mask, rule.has(Rule::not_destination),
                                style.numeric));
  if (rule.action == RuleAction::goto_) out += "[goto] ";
  RulePrinter printer{out, store, style.numeric, rule.protocol};
  for (const Match& match : chain.matches(rule)) extension_of(match).list(printer, match);
  if (const Target* target = chain.target(rule)) extension_of(*target).list(printer, *target);
  out += '\n';
}

}  // namespace ekspath
