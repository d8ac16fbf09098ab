#include "sim/base/prefix.hh"

namespace ekspath {
namespace {

std::optional<unsigned> parse_length(std::string_view text) {
  if (text.empty() || text.size() > 2 || (text.size() == 2 && text[0] == '0')) return std::nullopt;
  unsigned length = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    length = length * 10 + static_cast<unsigned>(c - '0');
  }
  if (length > 32) return std::nullopt;
  return length;
}

}  // namespace

std::optional<Prefix> Prefix::parse(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto address = Ipv4Address::parse(text.substr(0, slash));
  const auto length = parse_length(text.substr(slash + 1));
  if (!address || !length || (address->bits() & ~mask_of(*length)) != 0) return std::nullopt;
  return Prefix(*address, *length);
}

std::optional<Prefix> Prefix::parse_loose(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = Ipv4Address::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  if (slash == std::string_view::npos) return Prefix(*address, 32);
  const auto length = parse_length(text.substr(slash + 1));
  if (!length) return std::nullopt;
  return Prefix(*address, *length);
}

}  // namespace ekspath

auto fmt::formatter<ekspath::Prefix>::format(ekspath::Prefix prefix, fmt::format_context& context) const
    -> fmt::format_context::iterator {
  return fmt::formatter<std::string_view>::format(fmt::format("{}/{}", prefix.network(), prefix.length()), context);
}
