#include <fmt/format.h>

#include <array>
#include <iterator>

#include "sim/linux/netfilter/extension.hh"
#include "sim/linux/netfilter/iptables_error.hh"

namespace ekspath {
namespace {

constexpr std::uint8_t to = 0, random_ = 1, random_fully = 2, persistent = 3;

constexpr std::array<OptionSpec, 4> snat_options{{
    {.name = "to-source", .id = to, .mandatory = true},
    {.name = "random", .id = random_, .argument = false},
    {.name = "random-fully", .id = random_fully, .argument = false},
    {.name = "persistent", .id = persistent, .argument = false},
}};
constexpr std::array<OptionSpec, 3> dnat_options{{
    {.name = "to-destination", .id = to, .mandatory = true},
    {.name = "random", .id = random_, .argument = false},
    {.name = "persistent", .id = persistent, .argument = false},
}};
constexpr std::array<OptionSpec, 3> masquerade_options{{
    {.name = "to-ports", .id = to},
    {.name = "random", .id = random_, .argument = false},
    {.name = "random-fully", .id = random_fully, .argument = false},
}};
constexpr std::array<OptionSpec, 2> redirect_options{{
    {.name = "to-ports", .id = to},
    {.name = "random", .id = random_, .argument = false},
}};

template <NatTarget::Kind kind>
Target start() {
  return NatTarget{.kind = kind, .range = {}};
}

/// iptables extensions/libxt_NAT.c parse_ports()
void parse_ports(std::string_view text, const RuleContext& context, NatRange& range) {
  if (!context.protocol_is({6, 17, 132, 33, 1}))
    usage_error("Need TCP, UDP, SCTP or DCCP with port specification");
  range.ports_specified = true;
  if (text.find('/') != std::string_view::npos) {
    usage_error(fmt::format("shifted port ranges (`{}') are not supported", text));
  }
  const std::size_t dash = text.find('-');
  const auto one = [&](std::string_view port) {
    if (const auto number = parse_number(port, 65535)) return static_cast<std::uint16_t>(*number);
    if (parse_number(port, ~std::uint64_t{0})) usage_error(fmt::format("Port `{}' not valid", port));
    return parse_port(port, context.rule.protocol);
  };
  range.low_port = range.high_port = one(text.substr(0, dash));
  if (dash == std::string_view::npos) return;
  const std::string_view high = text.substr(dash + 1);
  range.high_port = one(high);
  if (range.high_port < range.low_port) usage_error(fmt::format("Port range `{}' funky", high));
}

/// "A[-B][:P[-Q]]", ":P"
void parse_to(std::string_view text, const RuleContext& context, NatRange& range) {
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos) parse_ports(text.substr(colon + 1), context, range);
  const std::string_view addresses = text.substr(0, colon);
  if (addresses.empty() && colon != std::string_view::npos) return;
  range.map_addresses = true;
  const std::size_t dash = addresses.find('-');
  const auto one = [](std::string_view word) {
    const auto address = Ipv4Address::parse(word);
    if (!address) usage_error(fmt::format("Bad IP address \"{}\"", word));
    return *address;
  };
  range.low = range.high = one(addresses.substr(0, dash));
  if (dash != std::string_view::npos) range.high = one(addresses.substr(dash + 1));
}

void read(const RuleContext& context, const GivenOption& option, Target& target) {
  auto& own = std::get<NatTarget>(target);
  switch (option.spec.id) {
    case random_:
      own.range.random = true;
      return;
    case random_fully:
      own.range.random_fully = true;
      return;
    case persistent:
      own.range.persistent = true;
      return;
    default:
      break;
  }
  if (own.kind == NatTarget::Kind::masquerade || own.kind == NatTarget::Kind::redirect) {
    parse_ports(option.value, context, own.range);
  } else {
    parse_to(option.value, context, own.range);
  }
}

void check(const RuleContext&, std::uint32_t, const Target&) {}

void append_ports(std::string& out, const NatRange& range) {
  fmt::format_to(std::back_inserter(out), "{}", range.low_port);
  if (range.high_port != range.low_port) fmt::format_to(std::back_inserter(out), "-{}", range.high_port);
}

void append_to(std::string& out, const NatRange& range) {
  if (range.map_addresses) fmt::format_to(std::back_inserter(out), "{}", range.low);
  if (range.high != range.low) fmt::format_to(std::back_inserter(out), "-{}", range.high);
  if (!range.ports_specified) return;
  out += ':';
  append_ports(out, range);
}

void append_flags(std::string& out, const NatRange& range, std::string_view dash) {
  if (range.random) fmt::format_to(std::back_inserter(out), " {}random", dash);
  if (range.random_fully) fmt::format_to(std::back_inserter(out), " {}random-fully", dash);
  if (range.persistent) fmt::format_to(std::back_inserter(out), " {}persistent", dash);
}

void save(RulePrinter& printer, const Target& target) {
  const auto& own = std::get<NatTarget>(target);
  if (own.kind == NatTarget::Kind::snat || own.kind == NatTarget::Kind::dnat) {
    printer.out += own.kind == NatTarget::Kind::snat ? " --to-source " : " --to-destination ";
    append_to(printer.out, own.range);
  } else if (own.range.ports_specified) {
    printer.out += " --to-ports ";
    append_ports(printer.out, own.range);
  }
  append_flags(printer.out, own.range, "--");
}

void list(RulePrinter& printer, const Target& target) {
  const auto& own = std::get<NatTarget>(target);
  if (own.kind == NatTarget::Kind::snat || own.kind == NatTarget::Kind::dnat) {
    printer.out += " to:";
    append_to(printer.out, own.range);
  } else if (own.range.ports_specified) {
    printer.out += own.kind == NatTarget::Kind::masquerade ? " masq ports: " : " redir ports ";
    append_ports(printer.out, own.range);
  }
  append_flags(printer.out, own.range, "");
}

}  // namespace

constinit const TargetExtension target_snat{"SNAT", snat_options, start<NatTarget::Kind::snat>, read, check,
                                            save,   list};
constinit const TargetExtension target_dnat{"DNAT", dnat_options, start<NatTarget::Kind::dnat>, read, check,
                                            save,   list};
constinit const TargetExtension target_masquerade{
    "MASQUERADE", masquerade_options, start<NatTarget::Kind::masquerade>, read, check, save, list};
constinit const TargetExtension target_redirect{
    "REDIRECT", redirect_options, start<NatTarget::Kind::redirect>, read, check, save, list};

}  // namespace ekspath
