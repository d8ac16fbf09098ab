#include "sim/apps/command_line.hh"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace ekspath {
namespace {

bool contains(std::string_view letters, char letter) {
  return letters.find(letter) != std::string_view::npos;
}

/// Takes the letters of one "-abc" argument. Returns how many of the following arguments were used.
std::size_t take_letters(const OptionTable& table, const std::vector<std::string>& arguments, std::size_t at,
                         CommandLine& result) {
  const std::string_view word = arguments[at];
  for (std::size_t i = 1; i < word.size(); ++i) {
    const char letter = word[i];
    const std::string name(1, letter);
    if (contains(table.flags, letter)) {
      result.options.push_back({name, ""});
      continue;
    }
    if (contains(table.known_flags, letter) || contains(table.known_with_argument, letter)) {
      result.error = fmt::format("{}: -{} is not modelled", table.tool, letter);
      return 0;
    }
    if (!contains(table.with_argument, letter)) {
      result.error = fmt::format("{}: invalid option -- '{}'", table.tool, letter);
      return 0;
    }
    if (i + 1 < word.size()) {
      result.options.push_back({name, std::string(word.substr(i + 1))});
      return 0;
    }
    if (at + 1 >= arguments.size()) {
      result.error = fmt::format("{}: option requires an argument -- '{}'", table.tool, letter);
      return 0;
    }
    result.options.push_back({name, arguments[at + 1]});
    return 1;
  }
  return 0;
}

std::size_t take_long(const OptionTable& table, const std::vector<std::string>& arguments, std::size_t at,
                      CommandLine& result) {
  std::string_view name = std::string_view(arguments[at]).substr(2);
  std::optional<std::string> inline_argument;
  if (const auto equals = name.find('='); equals != std::string_view::npos) {
    inline_argument = std::string(name.substr(equals + 1));
    name = name.substr(0, equals);
  }
  if (std::ranges::find(table.long_flags, name) != table.long_flags.end() && !inline_argument) {
    result.options.push_back({std::string(name), ""});
    return 0;
  }
  if (std::ranges::find(table.long_with_argument, name) == table.long_with_argument.end()) {
    result.error = fmt::format("{}: option --{} is unknown or not modelled", table.tool, name);
    return 0;
  }
  if (inline_argument) {
    result.options.push_back({std::string(name), *inline_argument});
    return 0;
  }
  if (at + 1 >= arguments.size()) {
    result.error = fmt::format("{}: option --{}: requires parameter", table.tool, name);
    return 0;
  }
  result.options.push_back({std::string(name), arguments[at + 1]});
  return 1;
}

}  // namespace

CommandLine parse_command_line(const OptionTable& table, const std::vector<std::string>& arguments) {
  CommandLine result;
  for (std::size_t i = 1; i < arguments.size() && result.error.empty(); ++i) {
    const std::string& word = arguments[i];
    if (word == "--") {
      result.operands.insert(result.operands.end(), arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                             arguments.end());
      break;
    }
    if (word.starts_with("--")) {
      i += take_long(table, arguments, i, result);
    } else if (word.size() > 1 && word.front() == '-') {
      i += take_letters(table, arguments, i, result);
    } else {
      result.operands.push_back(word);
    }
  }
  return result;
}

bool CommandLine::has(std::string_view name) const {
  return std::ranges::any_of(options, [&](const ProgramOption& option) { return option.name == name; });
}

std::optional<std::int64_t> parse_integer(std::string_view text, std::int64_t low, std::int64_t high) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < low || value > high)
    return std::nullopt;
  return value;
}

std::optional<std::int64_t> parse_seconds_ns(std::string_view text) {
  const auto dot = text.find('.');
  const std::string_view whole = text.substr(0, dot);
  const std::string_view fraction = dot == std::string_view::npos ? std::string_view() : text.substr(dot + 1);
  if (whole.empty() && fraction.empty()) return std::nullopt;
  const auto seconds = whole.empty() ? 0 : parse_integer(whole, 0, 1'000'000'000);
  if (!seconds || fraction.size() > 9) return std::nullopt;
  std::string digits(fraction);
  digits.resize(9, '0');
  if (!std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
  if (!whole.empty() && (whole.front() < '0' || whole.front() > '9')) return std::nullopt;
  return *seconds * 1'000'000'000 + *parse_integer(digits, 0, 999'999'999);
}

}  // namespace ekspath
