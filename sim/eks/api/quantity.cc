#include "sim/eks/api/quantity.hh"

#include <fmt/format.h>

#include <charconv>

namespace ekspath {
namespace {

struct Suffix {
  std::string_view text;
  __extension__ __int128 milli;
};
constexpr Suffix suffixes[] = {
    {"", 1000},
    {"m", 1},
    {"k", 1'000'000},
    {"M", 1'000'000'000},
    {"G", 1'000'000'000'000},
    {"T", 1'000'000'000'000'000},
    {"P", 1'000'000'000'000'000'000},
    {"Ki", 1000LL << 10},
    {"Mi", 1000LL << 20},
    {"Gi", 1000LL << 30},
    {"Ti", 1000LL << 40},
    {"Pi", 1000LL << 50},
};

}  // namespace

std::optional<Quantity> Quantity::parse(std::string_view text) {
  std::size_t end = 0;
  __extension__ __int128 digits = 0;
  int decimals = 0;
  bool dot = false;
  bool any = false;
  for (; end < text.size(); ++end) {
    if (text[end] == '.' && !dot) {
      dot = true;
      continue;
    }
    if (text[end] < '0' || text[end] > '9') break;
    if (digits > 1'000'000'000'000'000'000) return std::nullopt;
    digits = digits * 10 + (text[end] - '0');
    any = true;
    decimals += dot ? 1 : 0;
  }
  if (!any) return std::nullopt;
  std::string_view rest = text.substr(end);
  int exponent = -decimals;
  if (rest.size() >= 2 && (rest[0] == 'e' || rest[0] == 'E')) {
    int power = 0;
    const auto [tail, error] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), power);
    if (error != std::errc() || tail != rest.data() + rest.size() || power > 15 || power < -15)
      return std::nullopt;
    exponent += power;
    rest = {};
  }
  for (const Suffix& suffix : suffixes) {
    if (suffix.text != rest) continue;
    __extension__ __int128 milli = digits * suffix.milli;
    for (; exponent > 0; --exponent) milli *= 10;
    for (; exponent < 0; ++exponent) milli = (milli + 9) / 10;
    if (milli > INT64_MAX) return std::nullopt;
    Quantity quantity;
    quantity.milli_ = static_cast<std::int64_t>(milli);
    quantity.text_ = text;
    return quantity;
  }
  return std::nullopt;
}

Quantity Quantity::of(std::int64_t whole) {
  Quantity quantity;
  quantity.milli_ = whole * 1000;
  quantity.text_ = fmt::format("{}", whole);
  return quantity;
}

}  // namespace ekspath
