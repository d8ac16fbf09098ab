#include "sim/lab/commands/kubectl_time.hh"

#include <charconv>
#include <chrono>

namespace ekspath {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

std::optional<int> number(std::string_view text, std::size_t at, std::size_t digits) {
  int value = 0;
  if (text.size() < at + digits) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data() + at, text.data() + at + digits, value);
  if (error != std::errc() || end != text.data() + at + digits) return std::nullopt;
  return value;
}

}  // namespace

std::string kubectl_age(Nanoseconds age) {
  const std::int64_t seconds = age.whole_seconds(), minutes = seconds / 60, hours = minutes / 60,
                     days = hours / 24;
  const auto both = [](std::int64_t large, char large_unit, std::int64_t small, char small_unit) {
    return small == 0 ? fmt::format("{}{}", large, large_unit)
                      : fmt::format("{}{}{}{}", large, large_unit, small, small_unit);
  };
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 120) return fmt::format("{}s", seconds);
  if (minutes < 10) return both(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return fmt::format("{}m", minutes);
  if (hours < 8) return both(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return fmt::format("{}h", hours);
  if (days < 8) return both(days, 'd', hours % 24, 'h');
  if (days < 365 * 2) return fmt::format("{}d", days);
  if (days < 365 * 8) return both(days / 365, 'y', days % 365, 'd');
  return fmt::format("{}y", days / 365);
}

std::optional<std::int64_t> parse_api_time(std::string_view text) {
  using namespace std::chrono;
  const auto year_number = number(text, 0, 4), month_number = number(text, 5, 2),
             day_number = number(text, 8, 2), hour = number(text, 11, 2), minute = number(text, 14, 2),
             second = number(text, 17, 2);
  if (!year_number || !month_number || !day_number || !hour || !minute || !second) return std::nullopt;
  const year_month_day date{year(*year_number), month(static_cast<unsigned>(*month_number)),
                            day(static_cast<unsigned>(*day_number))};
  if (!date.ok() || !text.ends_with("Z")) return std::nullopt;
  const std::int64_t whole = duration_cast<seconds>(sys_days(date).time_since_epoch()).count() +
                             *hour * 3600 + *minute * 60 + *second;
  std::int64_t nanoseconds = 0, unit = second_ns / 10;
  for (std::size_t at = 20; text[19] == '.' && at + 1 < text.size(); ++at, unit /= 10)
    nanoseconds += (text[at] - '0') * unit;
  return whole * second_ns + nanoseconds;
}

std::string age_since(std::string_view api_time, std::int64_t now_ns) {
  const auto time = parse_api_time(api_time);
  return time ? kubectl_age(Nanoseconds(now_ns - *time)) : "<unknown>";
}

std::string rfc1123_time(std::string_view api_time) {
  const auto time = parse_api_time(api_time);
  return time ? rfc1123_time(*time) : std::string(api_time);
}

std::string rfc1123_time(std::int64_t ns_since_1970) {
  using namespace std::chrono;
  const std::int64_t whole = ns_since_1970 / second_ns;
  const sys_days date = floor<days>(sys_seconds(seconds(whole)));
  const year_month_day civil(date);
  const std::int64_t of_day = whole - duration_cast<seconds>(date.time_since_epoch()).count();
  constexpr std::string_view week_days = "SunMonTueWedThuFriSat",
                             months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} +0000",
                     week_days.substr(weekday(date).c_encoding() * 3, 3), static_cast<unsigned>(civil.day()),
                     months.substr((static_cast<unsigned>(civil.month()) - 1) * 3, 3),
                     static_cast<int>(civil.year()), of_day / 3600, of_day / 60 % 60, of_day % 60);
}

}  // namespace ekspath
