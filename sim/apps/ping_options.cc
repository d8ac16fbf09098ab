#include <fmt/format.h>

#include <limits>

#include "sim/apps/command_line.hh"
#include "sim/apps/ping.hh"

namespace ekspath {
namespace {

CommandError out_of_range(std::string_view argument, std::int64_t low, std::int64_t high) {
  return {fmt::format("ping: invalid argument: '{}': out of range: {} <= value <= {}", argument, low, high)};
}

/// iputils iputils_common.c strtol_or_err()
std::optional<CommandError> take_number(std::string_view argument, std::int64_t low, std::int64_t high,
                                        std::int64_t& value) {
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const auto number = parse_integer(argument, least, most);
  if (!number) return CommandError{fmt::format("ping: invalid argument: '{}'", argument)};
  if (*number < low || *number > high) return out_of_range(argument, low, high);
  value = *number;
  return std::nullopt;
}

std::optional<CommandError> take_milliseconds(const ProgramOption& option, std::string_view what,
                                              std::int64_t& value) {
  const auto nanoseconds = parse_seconds_ns(option.argument);
  if (!nanoseconds) return CommandError{fmt::format("ping: {}: {}", what, option.argument)};
  value = *nanoseconds / 1'000'000;
  return std::nullopt;
}

std::optional<CommandError> take_option(const ProgramOption& option, PingOptions& options) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t most_int = std::numeric_limits<std::int32_t>::max();
  std::int64_t number = 0;
  switch (option.name.front()) {
    case 'c':
      return take_number(option.argument, 1, most, options.count);
    case 'i':
      return take_milliseconds(option, "bad timing interval", options.interval_ms);
    case 's': {
      // A size that no IPv4 datagram holds is refused before the start, where the real ping fails at the
      // first send.
      if (auto error = take_number(option.argument, 0, most_int, options.size)) return error;
      if (options.size > 65507)
        return CommandError{fmt::format("ping: -s {} is not modelled: over 65507", options.size)};
      return std::nullopt;
    }
    case 'W':
      return take_milliseconds(option, "bad linger time", options.linger_ms);
    case 'w':
      return take_number(option.argument, 0, most_int, options.deadline_s);
    case 't':
      if (auto error = take_number(option.argument, 0, 255, number)) return error;
      if (number == 0) return CommandError{"ping: cannot set unicast time-to-live: Invalid argument"};
      options.ttl = static_cast<std::uint8_t>(number);
      return std::nullopt;
    case 'M':
      if (option.argument == "do") {
        options.path_mtu = PathMtuDiscovery::do_;
      } else if (option.argument == "dont") {
        options.path_mtu = PathMtuDiscovery::dont;
      } else if (option.argument != "want") {
        return CommandError{fmt::format("ping: invalid -M argument: {}", option.argument)};
      }
      return std::nullopt;
    case 'I':
      options.source = option.argument;
      return std::nullopt;
    case 'q':
      options.quiet = true;
      return std::nullopt;
    default:
      options.numeric = true;
      return std::nullopt;  // n
  }
}

}  // namespace

std::variant<PingOptions, CommandError> parse_ping(const std::vector<std::string>& arguments) {
  const OptionTable table{.tool = "ping",
                          .flags = "qn",
                          .with_argument = "cisWwtMI",
                          .known_flags = "46aAbBCdDfhLOrRUvV3",
                          .known_with_argument = "eFlmNpQST"};
  const CommandLine line = parse_command_line(table, arguments);
  if (!line.error.empty()) return CommandError{line.error};
  PingOptions options;
  for (const ProgramOption& option : line.options) {
    if (auto error = take_option(option, options)) return *error;
  }
  if (line.operands.empty()) return CommandError{"ping: usage error: Destination address required"};
  if (line.operands.size() > 1) return CommandError{"ping: a route of several destinations is not modelled"};
  options.target = line.operands.front();
  if (options.interval_ms < 1) return CommandError{"ping: -i below 1 ms (flood) is not modelled"};
  return options;
}

}  // namespace ekspath
