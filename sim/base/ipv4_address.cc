#include "sim/base/ipv4_address.hh"

#include <array>

namespace ekspath {

std::optional<Ipv4Address> Ipv4Address::parse(std::string_view text) {
  std::uint32_t bits = 0;
  std::size_t at = 0;
  for (int part = 0; part < 4; ++part) {
    if (part > 0) {
      if (at >= text.size() || text[at] != '.') return std::nullopt;
      ++at;
    }
    const std::size_t start = at;
    std::uint32_t value = 0;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9' && at - start < 3) {
      value = value * 10 + static_cast<std::uint32_t>(text[at] - '0');
      ++at;
    }
    const std::size_t digits = at - start;
    if (digits == 0 || value > 255 || (digits > 1 && text[start] == '0')) return std::nullopt;
    bits = (bits << 8) | value;
  }
  if (at != text.size()) return std::nullopt;
  return Ipv4Address(bits);
}

}  // namespace ekspath

auto fmt::formatter<ekspath::Ipv4Address>::format(ekspath::Ipv4Address address, fmt::format_context& context) const
    -> fmt::format_context::iterator {
  const std::uint32_t bits = address.bits();
  std::array<char, 16> text{};
  const auto end = fmt::format_to_n(text.data(), text.size(), "{}.{}.{}.{}", bits >> 24, (bits >> 16) & 0xff,
                                    (bits >> 8) & 0xff, bits & 0xff);
  return fmt::formatter<std::string_view>::format({text.data(), end.size}, context);
}
