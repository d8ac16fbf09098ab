#include "sim/base/nanoseconds.hh"

#include <array>
#include <utility>

namespace ekspath {
namespace {

constexpr std::array<std::pair<std::string_view, std::int64_t>, 6> units{{{"h", 3'600'000'000'000},
                                                                          {"m", 60'000'000'000},
                                                                          {"s", 1'000'000'000},
                                                                          {"ms", 1'000'000},
                                                                          {"us", 1'000},
                                                                          {"ns", 1}}};
constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max() / 4;

}  // namespace

std::optional<Nanoseconds> Nanoseconds::parse(std::string_view text) {
  const std::size_t unit_at = text.find_first_not_of("0123456789.");
  if (unit_at == std::string_view::npos) return std::nullopt;
  std::int64_t unit = 0;
  for (const auto& [name, size] : units) {
    if (text.substr(unit_at) == name) unit = size;
  }
  const std::string_view number = text.substr(0, unit_at);
  const std::size_t point = number.find('.');
  const std::string_view whole = number.substr(0, point);
  if (unit == 0 || whole.empty()) return std::nullopt;

  std::int64_t count = 0;
  for (const char digit : whole) {
    if (count > (largest / unit - (digit - '0')) / 10) return std::nullopt;
    count = count * 10 + (digit - '0');
  }
  count *= unit;
  if (point == std::string_view::npos) return Nanoseconds(count);

  const std::string_view fraction = number.substr(point + 1);
  if (fraction.empty() || fraction.find('.') != std::string_view::npos) return std::nullopt;
  std::int64_t weight = unit;
  for (const char digit : fraction) {
    if (digit == '0') {
      weight /= 10;
      continue;
    }
    if (weight == 0 || weight % 10 != 0) return std::nullopt;  // finer than a nanosecond
    weight /= 10;
    count += (digit - '0') * weight;
  }
  return Nanoseconds(count);
}

}  // namespace ekspath

auto fmt::formatter<ekspath::Nanoseconds>::format(ekspath::Nanoseconds time,
                                                  fmt::format_context& context) const
    -> fmt::format_context::iterator {
  const std::int64_t count = time.count();
  if (count == 0) return fmt::formatter<std::string_view>::format("0s", context);
  for (const auto& [name, size] : {std::pair<std::string_view, std::int64_t>{"s", 1'000'000'000},
                                   {"ms", 1'000'000},
                                   {"us", 1'000},
                                   {"ns", 1}}) {
    if (count % size == 0)
      return fmt::formatter<std::string_view>::format(fmt::format("{}{}", count / size, name), context);
  }
  return context.out();
}
