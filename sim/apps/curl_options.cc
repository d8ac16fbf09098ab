#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/apps/command_line.hh"
#include "sim/apps/curl.hh"
#include "sim/apps/http_message.hh"

namespace ekspath {
namespace {

/// The variables of -w that Curl::variable() knows.
constexpr std::array<std::string_view, 21> write_out_variables{"http_code",
                                                               "response_code",
                                                               "time_total",
                                                               "time_namelookup",
                                                               "time_connect",
                                                               "time_pretransfer",
                                                               "time_starttransfer",
                                                               "local_ip",
                                                               "local_port",
                                                               "remote_ip",
                                                               "remote_port",
                                                               "size_download",
                                                               "num_connects",
                                                               "url",
                                                               "url_effective",
                                                               "exitcode",
                                                               "errormsg",
                                                               "method",
                                                               "scheme",
                                                               "http_version",
                                                               "content_type"};

std::optional<CommandError> check_write_out(std::string_view format) {
  for (std::size_t at = format.find("%{"); at != std::string_view::npos; at = format.find("%{", at + 2)) {
    if (at > 0 && format[at - 1] == '%') continue;
    const std::size_t end = format.find('}', at);
    if (end == std::string_view::npos) break;
    const std::string_view name = format.substr(at + 2, end - at - 2);
    if (std::ranges::find(write_out_variables, name) == write_out_variables.end()) {
      return CommandError{fmt::format("curl: --write-out variable '{}' is unknown or not modelled", name)};
    }
  }
  return std::nullopt;
}

constexpr std::array<std::pair<std::string_view, std::string_view>, 9> long_names{{
    {"silent", "s"},
    {"show-error", "S"},
    {"verbose", "v"},
    {"head", "I"},
    {"output", "o"},
    {"max-time", "m"},
    {"write-out", "w"},
    {"header", "H"},
    {"globoff", "g"},
}};

/// "http://host:port/path"; what is left out is what curl puts there.
std::optional<CommandError> take_url(const std::string& url, CurlOptions& options) {
  options.url = url;
  std::string_view rest = url;
  if (const auto scheme_end = rest.find("://"); scheme_end != std::string_view::npos) {
    const std::string_view scheme = rest.substr(0, scheme_end);
    if (!equal_ignoring_case(scheme, "http")) {
      return CommandError{fmt::format("curl: {}:// is not modelled, only http://", scheme)};
    }
    rest.remove_prefix(scheme_end + 3);
  } else {
    options.url = "http://" + url;
  }
  const auto slash = rest.find_first_of("/?");
  std::string_view authority = rest.substr(0, slash);
  if (slash != std::string_view::npos) options.path = rest.substr(slash);
  if (options.path.front() == '?') options.path.insert(0, "/");
  if (const auto hash = options.path.find('#'); hash != std::string::npos) options.path.resize(hash);
  if (slash == std::string_view::npos) options.url += "/";
  if (authority.find('@') != std::string_view::npos)
    return CommandError{"curl: a user in a URL is not modelled"};
  if (authority.find('[') != std::string_view::npos) return CommandError{"curl: IPv6 is not modelled"};
  if (const auto colon = authority.find(':'); colon != std::string_view::npos) {
    const auto port = parse_integer(authority.substr(colon + 1), 1, 65535);
    if (!port) return CommandError{"curl: (3) URL using bad/illegal format or missing URL"};
    options.port = static_cast<std::uint16_t>(*port);
    authority = authority.substr(0, colon);
  }
  if (authority.empty()) return CommandError{"curl: (3) URL using bad/illegal format or missing URL"};
  options.host = authority;
  return std::nullopt;
}

std::optional<CommandError> take_local_ports(const std::string& argument, CurlOptions& options) {
  const auto dash = argument.find('-');
  const auto first = parse_integer(std::string_view(argument).substr(0, dash), 1, 65535);
  const auto last = dash == std::string::npos
                        ? first
                        : parse_integer(std::string_view(argument).substr(dash + 1), 1, 65535);
  if (!first || !last || *last < *first) return CommandError{"curl: option --local-port: is badly used here"};
  options.local_port = static_cast<std::uint16_t>(*first);
  options.local_ports = static_cast<std::uint16_t>(*last - *first + 1);
  return std::nullopt;
}

std::optional<CommandError> take_time(std::string_view spelling, const std::string& argument,
                                      std::int64_t& value) {
  const auto time = parse_seconds_ns(argument);
  if (!time)
    return CommandError{fmt::format("curl: option {}: expected a proper numerical parameter", spelling)};
  value = *time;
  return std::nullopt;
}

std::optional<CommandError> take_option(const ProgramOption& option, CurlOptions& options) {
  if (option.name == "connect-timeout") {
    return take_time("--connect-timeout", option.argument, options.connect_timeout_ns);
  }
  if (option.name == "local-port") return take_local_ports(option.argument, options);
  if (option.name == "interface") {
    options.source = option.argument;
    return std::nullopt;
  }
  std::string_view name = option.name;
  for (const auto& [longer, letter] : long_names) {
    if (name == longer) name = letter;
  }
  switch (name.front()) {
    case 's':
      options.silent = true;
      break;
    case 'S':
      options.show_error = true;
      break;
    case 'v':
      options.verbose = true;
      break;
    case 'I':
      options.head = true;
      break;
    case 'o':
      options.discard_body = true;
      break;
    case 'm':
      return take_time("-m", option.argument, options.max_time_ns);
    case 'w':
      options.write_out = option.argument;
      return check_write_out(option.argument);
    case 'H':
      options.headers.push_back(option.argument);
      break;
    default:
      break;  // -g: our URLs are never globbed
  }
  return std::nullopt;
}

}  // namespace

std::variant<CurlOptions, CommandError> parse_curl(const std::vector<std::string>& arguments) {
  const OptionTable table{.tool = "curl",
                          .flags = "sSvIg",
                          .with_argument = "omwH",
                          .long_flags = {"silent", "show-error", "verbose", "head", "globoff"},
                          .long_with_argument = {"output", "max-time", "write-out", "header",
                                                 "connect-timeout", "local-port", "interface"},
                          .known_flags = "0123468aBfGijJklLMnNOpqRVZ#",
                          .known_with_argument = "AbcCdDeEFhKPQrtTuUxXyYz"};
  const CommandLine line = parse_command_line(table, arguments);
  if (!line.error.empty()) return CommandError{line.error};
  CurlOptions options;
  for (const ProgramOption& option : line.options) {
    if (auto error = take_option(option, options)) return *error;
  }
  if (line.operands.empty())
    return CommandError{"curl: try 'curl --help' or 'curl --manual' for more information"};
  if (line.operands.size() > 1) return CommandError{"curl: several URLs are not modelled"};
  if (options.discard_body && !options.silent) {
    return CommandError{"curl: -o without -s (the progress meter) is not modelled"};
  }
  if (auto error = take_url(line.operands.front(), options)) return *error;
  return options;
}

}  // namespace ekspath
