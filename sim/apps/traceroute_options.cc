#include <fmt/format.h>

#include "sim/apps/command_line.hh"
#include "sim/apps/traceroute.hh"

namespace ekspath {
namespace {

CommandError cannot_handle(const ProgramOption& option) {
  return {fmt::format("Cannot handle `-{}' option with arg `{}'", option.name, option.argument)};
}

/// MAX, or MAX,HERE,NEAR with whole factors.
std::optional<CommandError> take_wait(const ProgramOption& option, TracerouteOptions& options) {
  const std::string_view text = option.argument;
  const auto comma = text.find(',');
  const auto wait = parse_seconds_ns(text.substr(0, comma));
  if (!wait) return cannot_handle(option);
  options.wait_ns = *wait;
  options.here_factor = options.near_factor = 0;
  if (comma == std::string_view::npos) return std::nullopt;
  const std::string_view factors = text.substr(comma + 1);
  const auto second = factors.find(',');
  const auto here = parse_integer(factors.substr(0, second), 0, 1000);
  const auto near = second == std::string_view::npos ? std::optional<std::int64_t>(0)
                                                     : parse_integer(factors.substr(second + 1), 0, 1000);
  if (!here || !near) return cannot_handle(option);
  options.here_factor = *here;
  options.near_factor = *near;
  return std::nullopt;
}

std::optional<CommandError> take_option(const ProgramOption& option, TracerouteOptions& options) {
  switch (option.name.front()) {
    case 'n':
      options.numeric = true;
      return std::nullopt;
    case 'I':
      options.method = TracerouteOptions::Method::icmp;
      return std::nullopt;
    case 'T':
      options.method = TracerouteOptions::Method::tcp;
      return std::nullopt;
    case 'w':
      return take_wait(option, options);
    default:
      break;
  }
  const auto number = parse_integer(option.argument, 0, 65535);
  if (!number) return cannot_handle(option);
  const auto value = static_cast<std::uint32_t>(*number);
  switch (option.name.front()) {
    case 'p':
      options.port = static_cast<std::uint16_t>(value);
      break;
    case 'q':
      options.probes_per_hop = value;
      break;
    case 'm':
      options.most_hops = value;
      break;
    default:
      options.first_hop = value;
      break;  // f
  }
  return std::nullopt;
}

}  // namespace

std::variant<TracerouteOptions, CommandError> parse_traceroute(const std::vector<std::string>& arguments) {
  const OptionTable table{.tool = "traceroute",
                          .flags = "nIT",
                          .with_argument = "pqwmf",
                          .known_flags = "46deFrUAV",
                          .known_with_argument = "gilMNOPstz"};
  const CommandLine line = parse_command_line(table, arguments);
  if (!line.error.empty()) return CommandError{line.error};
  TracerouteOptions options;
  for (const ProgramOption& option : line.options) {
    if (auto error = take_option(option, options)) return *error;
  }
  if (line.operands.empty()) return CommandError{"Specify \"host\" missing argument."};
  if (line.operands.size() > 2) return CommandError{fmt::format("Extra arg `{}'", line.operands[2])};
  options.host = line.operands.front();
  if (line.operands.size() == 2) {
    const auto bytes = parse_integer(line.operands[1], 0, 65000);
    if (!bytes)
      return CommandError{fmt::format("Cannot handle \"packetlen\" cmdline arg `{}'", line.operands[1])};
    options.packet_bytes = static_cast<std::uint32_t>(*bytes);
  }
  if (options.first_hop == 0 || options.first_hop > options.most_hops)
    return CommandError{"first hop out of range"};
  if (options.most_hops > 255) return CommandError{"max hops cannot be more than 255"};
  if (options.probes_per_hop == 0 || options.probes_per_hop > 10)
    return CommandError{"no more than 10 probes per hop"};
  return options;
}

}  // namespace ekspath
