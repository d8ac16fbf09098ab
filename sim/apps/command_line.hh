#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ekspath {

/// One option as it was given.
struct ProgramOption {
  std::string name;      // "c", "connect-timeout"
  std::string argument;  // "" for those that take none
};

/// What a tool's getopt(3) is told, and what of it is not modelled here.
struct OptionTable {
  std::string_view tool;
  std::string_view flags;          // one letter each, modelled
  std::string_view with_argument;  // one letter each, modelled
  std::vector<std::string_view> long_flags = {};
  std::vector<std::string_view> long_with_argument = {};
  std::string_view known_flags = {};  // letters that the tool has and we have not
  std::string_view known_with_argument = {};
};

/// A command line taken apart as GNU getopt does: options may follow operands, "--" ends them, letters may be
/// joined.
struct CommandLine {
  std::vector<ProgramOption> options;
  std::vector<std::string> operands;
  std::string error;  // "" or what is wrong: the option is named

  [[nodiscard]] bool has(std::string_view name) const;
};
[[nodiscard]] CommandLine parse_command_line(const OptionTable& table,
                                             const std::vector<std::string>& arguments);

/// A whole decimal number in [low, high].
[[nodiscard]] std::optional<std::int64_t> parse_integer(std::string_view text, std::int64_t low,
                                                        std::int64_t high);
/// Decimal seconds ("0.2", "1") as nanoseconds; exact to the nanosecond, no sign, no exponent.
[[nodiscard]] std::optional<std::int64_t> parse_seconds_ns(std::string_view text);

}  // namespace ekspath
