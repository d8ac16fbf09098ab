#include "sim/apps/program.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/apps/ping.hh"
#include "sim/apps/programs.hh"
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
constexpr std::array<Entry, 1> programs{{
    {"ping", bind_main<parse_ping, ping_main>},
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

}  // namespace ekspath
