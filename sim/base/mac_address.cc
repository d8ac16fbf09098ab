#include "sim/base/mac_address.hh"

namespace ekspath {
namespace {

std::optional<std::uint8_t> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<std::uint8_t>(c - 'A' + 10);
  return std::nullopt;
}

}  // namespace

std::optional<MacAddress> MacAddress::parse(std::string_view text) {
  if (text.size() != 17) return std::nullopt;
  MacAddress mac;
  for (std::size_t i = 0; i < 6; ++i) {
    const auto high = hex_digit(text[i * 3]);
    const auto low = hex_digit(text[i * 3 + 1]);
    if (!high || !low || (i < 5 && text[i * 3 + 2] != ':')) return std::nullopt;
    mac.bytes[i] = static_cast<std::uint8_t>((*high << 4) | *low);
  }
  return mac;
}

}  // namespace ekspath

auto fmt::formatter<ekspath::MacAddress>::format(ekspath::MacAddress mac, fmt::format_context& context) const
    -> fmt::format_context::iterator {
  const auto& b = mac.bytes;
  std::array<char, 18> text{};
  fmt::format_to_n(text.data(), text.size(), "{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", b[0], b[1], b[2], b[3], b[4],
                   b[5]);
  return fmt::formatter<std::string_view>::format({text.data(), 17}, context);
}
