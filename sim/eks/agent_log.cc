#include "sim/eks/agent_log.hh"

#include <fmt/format.h>

#include <chrono>
#include <utility>

namespace ekspath {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

struct CivilTime {
  std::int64_t year;
  unsigned month, day;
  std::int64_t hour, minute, second, nanosecond;
};

CivilTime civil_time(std::int64_t unix_ns) {
  namespace chrono = std::chrono;
  const chrono::sys_time<chrono::nanoseconds> instant{chrono::nanoseconds(unix_ns)};
  const auto day = chrono::floor<chrono::days>(instant);
  const chrono::year_month_day date(day);
  const std::int64_t in_day = (instant - day).count();
  const std::int64_t seconds = in_day / second_ns;
  return {int{date.year()},  unsigned{date.month()}, unsigned{date.day()}, seconds / 3600,
          seconds / 60 % 60, seconds % 60,           in_day % second_ns};
}

/// "12.5" of 12500 thousandths.
std::string with_fraction(std::int64_t value, std::int64_t unit, int digits) {
  std::string text = fmt::format("{}", value / unit);
  if (value % unit == 0) return text;
  text += fmt::format(".{:0{}}", value % unit, digits);
  while (text.ends_with('0')) text.pop_back();
  return text;
}

}  // namespace

void AgentLog::write(Nanoseconds now, std::string_view level, const LogCaller& caller,
                     fmt::string_view pattern, std::vector<std::string> arguments) {
  files_->append(path_, {Nanoseconds(epoch_ns_) + now,
                         level,
                         names_network_cards() ? caller.from_1_20 : caller.until_1_19,
                         {pattern.data(), pattern.size()},
                         std::move(arguments)});
}

std::string go_duration(Nanoseconds duration) {
  const std::int64_t ns = duration.count();
  if (ns == 0) return "0s";
  if (ns < 1'000) return fmt::format("{}ns", ns);
  if (ns < 1'000'000) return with_fraction(ns, 1'000, 3) + "µs";
  if (ns < second_ns) return with_fraction(ns, 1'000'000, 6) + "ms";
  const std::int64_t minutes = ns / second_ns / 60;
  std::string text;
  if (minutes >= 60) text += fmt::format("{}h", minutes / 60);
  if (minutes >= 1) text += fmt::format("{}m", minutes % 60);
  return text + with_fraction(ns % (60 * second_ns), second_ns, 9) + "s";
}

std::string go_time(std::int64_t unix_ns) {
  const CivilTime t = civil_time(unix_ns);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{}{}Z", t.year, t.month, t.day, t.hour, t.minute,
                     t.second < 10 ? "0" : "",
                     with_fraction(t.second * second_ns + t.nanosecond, second_ns, 9));
}

std::string log_time(Nanoseconds since_1970) {
  const CivilTime t = civil_time(since_1970.count());
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", t.year, t.month, t.day, t.hour, t.minute,
                     t.second, t.nanosecond / 1'000'000);
}

std::string json_quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        quoted += "\\\"";
        break;
      case '\\':
        quoted += "\\\\";
        break;
      case '\n':
        quoted += "\\n";
        break;
      case '\t':
        quoted += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          quoted += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        } else {
          quoted += c;
        }
    }
  }
  return quoted + '"';
}

}  // namespace ekspath
