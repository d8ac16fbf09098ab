#include <fmt/format.h>

#include "sim/apps/command_line.hh"
#include "sim/apps/nc.hh"

namespace ekspath {
namespace {

std::optional<CommandError> take_port(std::string_view text, std::uint16_t& port) {
  const auto number = parse_integer(text, 0, std::int64_t{1} << 60);
  if (!number || *number == 0) return CommandError{fmt::format("nc: port number invalid: {}", text)};
  if (*number > 65535) return CommandError{fmt::format("nc: port number too large: {}", text)};
  port = static_cast<std::uint16_t>(*number);
  return std::nullopt;
}

std::optional<CommandError> take_ports(std::string_view text, NcOptions& options) {
  const auto dash = text.find('-');
  if (auto error = take_port(text.substr(0, dash), options.first_port)) return error;
  options.last_port = options.first_port;
  if (dash == std::string_view::npos) return std::nullopt;
  if (auto error = take_port(text.substr(dash + 1), options.last_port)) return error;
  if (options.last_port < options.first_port) std::swap(options.first_port, options.last_port);
  return std::nullopt;
}

std::optional<CommandError> take_option(const ProgramOption& option, NcOptions& options) {
  switch (option.name.front()) {
    case 'u':
      options.udp = true;
      break;
    case 'l':
      options.listen = true;
      break;
    case 'k':
      options.keep_listening = true;
      break;
    case 'z':
      options.scan = true;
      break;
    case 'v':
      options.verbose = true;
      break;
    case 'n':
      options.numeric = true;
      break;
    case 'N':
      options.shutdown_at_end = true;
      break;
    case 'w': {
      const auto seconds = parse_integer(option.argument, 0, 2'147'483);
      if (!seconds) return CommandError{fmt::format("nc: timeout invalid: {}", option.argument)};
      options.timeout_s = *seconds;
      break;
    }
    case 's':
      options.source = option.argument;
      break;
    default:
      return take_port(option.argument, options.source_port);  // p
  }
  return std::nullopt;
}

/// `nc -l 80`, `nc -l 10.0.0.5 80`, and Debian's `nc -l -p 80`.
std::optional<CommandError> take_listen_operands(const std::vector<std::string>& operands,
                                                 NcOptions& options) {
  if (operands.empty()) {
    if (options.source_port == 0) return CommandError{"nc: missing port number"};
    options.first_port = options.last_port = options.source_port;
    return std::nullopt;
  }
  if (operands.size() == 2) {
    options.host = operands.front();
  } else if (options.source_port != 0) {
    options.host = operands.front();
    options.first_port = options.last_port = options.source_port;
    return std::nullopt;
  }
  return take_port(operands.back(), options.first_port);
}

}  // namespace

std::variant<NcOptions, CommandError> parse_nc(const std::vector<std::string>& arguments) {
  const OptionTable table{.tool = "nc",
                          .flags = "ulkzvnN",
                          .with_argument = "wsp",
                          .known_flags = "46bCDdFhrStUZ",
                          .known_with_argument = "IiMmOPqTVWXx"};
  const CommandLine line = parse_command_line(table, arguments);
  if (!line.error.empty()) return CommandError{line.error};
  NcOptions options;
  for (const ProgramOption& option : line.options) {
    if (auto error = take_option(option, options)) return *error;
  }
  if (line.operands.size() > 2)
    return CommandError{fmt::format("nc: unexpected argument '{}'", line.operands[2])};
  if (options.listen && options.scan) return CommandError{"nc: cannot use -z and -l"};
  if (!options.listen && options.keep_listening) return CommandError{"nc: must use -l with -k"};
  if (options.listen && !options.source.empty()) return CommandError{"nc: cannot use -s and -l"};
  if (options.listen) {
    if (auto error = take_listen_operands(line.operands, options)) return *error;
    return options;
  }
  if (line.operands.empty()) return CommandError{"nc: a destination and a port are needed"};
  if (line.operands.size() == 1) return CommandError{"nc: missing port number"};
  options.host = line.operands.front();
  if (auto error = take_ports(line.operands.back(), options)) return *error;
  return options;
}

}  // namespace ekspath
