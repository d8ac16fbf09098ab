#include "sim/apps/program.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/apps/curl.hh"
#include "sim/apps/dig.hh"
#include "sim/apps/nc.hh"
#include "sim/apps/nslookup.hh"
#include "sim/apps/ping.hh"
#include "sim/apps/programs.hh"
#include "sim/apps/traceroute.hh"
#include "sim/base/near_miss.hh"

namespace ekspath {
namespace {

/// A command line that was understood, or why it was not.
using Parsed = std::variant<RunningProgram::Main, CommandError>;
using Parse = Parsed (*)(const std::vector<std::string>&);

template <auto parse, auto main>
Parsed bind_main(const std::vector<std::string>& arguments) {
  auto options = parse(arguments);
  if (auto* error = std::get_if<CommandError>(&options)) return std::move(*error);
  return RunningProgram::Main(
      [options = std::move(std::get<0>(options))](RunningProgram& self) { return main(self, options); });
}

struct Entry {
  std::string_view name;
  Parse parse;
};
constexpr std::array<Entry, 7> programs{{
    {"curl", bind_main<parse_curl, curl_main>},
    {"dig", bind_main<parse_dig, dig_main>},
    {"getent", bind_main<parse_getent, getent_main>},
    {"nc", bind_main<parse_nc, nc_main>},
    {"nslookup", bind_main<parse_nslookup, nslookup_main>},
    {"ping", bind_main<parse_ping, ping_main>},
    {"traceroute", bind_main<parse_traceroute, traceroute_main>},
}};
constexpr auto names = [] {
  std::array<std::string_view, programs.size()> result;
  for (std::size_t i = 0; i < programs.size(); ++i) result[i] = programs[i].name;
  return result;
}();

Parsed parse_program(const std::vector<std::string>& arguments) {
  if (arguments.empty()) return CommandError{"an empty command"};
  const auto found = std::ranges::find(programs, arguments.front(), &Entry::name);
  if (found != programs.end()) return found->parse(arguments);
  const std::string near = near_miss(arguments.front(), names);
  std::string text = fmt::format("unknown program '{}'", arguments.front());
  if (!near.empty()) text += fmt::format("; did you mean '{}'?", near);
  return CommandError{text};
}

constexpr std::array<std::string_view, 7> server_names{
    "agnhost", "http-client-address", "http-echo", "nginx", "tcp-echo", "udp-echo", "udp-sink"};

RunningProgram::Main server_main(ServerKind kind, std::uint16_t port) {
  switch (kind) {
    case ServerKind::http_client_address:
      return
          [port](RunningProgram& self) { return http_server_main(self, port, HttpServes::client_address); };
    case ServerKind::http_echo:
      return [port](RunningProgram& self) { return http_server_main(self, port, HttpServes::echo); };
    case ServerKind::nginx:
      return [port](RunningProgram& self) { return http_server_main(self, port, HttpServes::nginx); };
    case ServerKind::agnhost:
      return [port](RunningProgram& self) { return http_server_main(self, port, HttpServes::agnhost); };
    case ServerKind::tcp_echo:
      return [port](RunningProgram& self) { return tcp_echo_main(self, port); };
    case ServerKind::udp_echo:
      return [port](RunningProgram& self) { return udp_echo_main(self, port, UdpAnswers::echo); };
    case ServerKind::udp_sink:
      break;
  }
  return [port](RunningProgram& self) { return udp_echo_main(self, port, UdpAnswers::nothing); };
}

}  // namespace

std::string Program::text() const {
  std::string result;
  for (const ProgramOutput& piece : output()) result += piece.text;
  return result;
}

std::string Program::text(ProgramOutput::Stream stream) const {
  std::string result;
  for (const ProgramOutput& piece : output()) {
    if (piece.stream == stream) result += piece.text;
  }
  return result;
}

std::span<const std::string_view> program_names() { return names; }

std::optional<CommandError> check_program(const std::vector<std::string>& arguments) {
  Parsed parsed = parse_program(arguments);
  if (auto* error = std::get_if<CommandError>(&parsed)) return *error;
  return std::nullopt;
}

StartedProgram start_program(Netns& netns, std::vector<std::string> arguments, std::string input,
                             const ProgramEnvironment& environment) {
  Parsed parsed = parse_program(arguments);
  if (auto* error = std::get_if<CommandError>(&parsed)) return {nullptr, *error};
  auto program = std::make_unique<RunningProgram>(
      netns, RunningProgram::Start{std::move(arguments), std::move(input), environment,
                                   std::get<RunningProgram::Main>(std::move(parsed))});
  return {std::move(program), std::nullopt};
}

std::span<const std::string_view> server_kind_names() { return server_names; }

std::optional<ServerKind> parse_server_kind(std::string_view text) {
  const auto found = std::ranges::find(server_names, text);
  if (found == server_names.end()) return std::nullopt;
  return ServerKind{static_cast<std::uint8_t>(found - server_names.begin())};
}

std::unique_ptr<Program> start_http_agent(Netns& netns, Ipv4Address address, std::uint16_t port,
                                          HttpHandler handler) {
  RunningProgram::Start start;
  start.arguments = {"http-agent", std::to_string(port)};
  start.is_container = true;
  start.main = [local = Endpoint{address, port}, handler = std::move(handler)](RunningProgram& self) {
    return http_agent_main(self, local, handler);
  };
  return std::make_unique<RunningProgram>(netns, std::move(start));
}

std::unique_ptr<Program> start_server(Netns& netns, ServerKind kind, std::uint16_t port,
                                      const ProgramEnvironment& environment) {
  std::vector<std::string> arguments{std::string(server_names[static_cast<std::size_t>(kind)]),
                                     fmt::format("{}", port)};
  return std::make_unique<RunningProgram>(
      netns, RunningProgram::Start{std::move(arguments), {}, environment, server_main(kind, port)});
}

}  // namespace ekspath
