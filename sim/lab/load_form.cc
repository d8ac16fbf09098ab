#include "sim/lab/load_form.hh"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace ekspath {
namespace {

std::optional<std::uint64_t> decimal(std::string_view text, std::uint64_t most) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || value > most || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  return value;
}

/// "1.25" times `scale`, when that is a whole number.
std::optional<std::uint64_t> scaled_decimal(std::string_view text, std::uint64_t scale, std::uint64_t most) {
  const std::size_t dot = text.find('.');
  const auto whole = decimal(text.substr(0, dot), most / scale);
  if (!whole) return std::nullopt;
  std::uint64_t value = *whole * scale;
  if (dot == std::string_view::npos) return value;
  const std::string_view digits = text.substr(dot + 1);
  if (digits.empty()) return std::nullopt;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    if (scale % 10 != 0 && c != '0') return std::nullopt;
    scale /= 10;
    value += scale * static_cast<std::uint64_t>(c - '0');
  }
  return value <= most ? std::optional(value) : std::nullopt;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 63 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

bool is_host_name(std::string_view text) {
  if (text.size() > 253) return false;
  while (true) {
    const std::size_t dot = text.find('.');
    if (!is_name(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

Shape text_shape(std::string what, std::string expected, std::string pattern) {
  Shape shape;
  shape.what = std::move(what);
  shape.expected = std::move(expected);
  shape.pattern = std::move(pattern);
  return shape;
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar (Howard Hinnant, "chrono-compatible
/// low-level date algorithms", days_from_civil).
std::int64_t days_since_epoch(std::int64_t year, unsigned month, unsigned day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const auto year_of_era = static_cast<unsigned>(year - era * 400);
  const unsigned day_of_year = (153 * (month + (month > 2 ? -3U : 9U)) + 2) / 5 + day - 1;
  const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + static_cast<std::int64_t>(day_of_era) - 719468;
}

unsigned days_of_month(std::int64_t year, unsigned month) {
  static constexpr std::array<unsigned, 12> days{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : days[month - 1];
}

/// Takes `width` digits off the front.
std::optional<unsigned> take_digits(std::string_view& text, std::size_t width) {
  if (text.size() < width) return std::nullopt;
  unsigned value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + static_cast<unsigned>(text[i] - '0');
  }
  text.remove_prefix(width);
  return value;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

/// RFC 3339 5.6: full-date "T" full-time.
std::optional<Nanoseconds> parse_timestamp(const std::string& whole) {
  std::string_view text = whole;
  const auto year = take_digits(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day || (!take(text, 'T') && !take(text, ' '))) return std::nullopt;
  const auto hour = take_digits(text, 2);
  if (!hour || !take(text, ':')) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || !take(text, ':')) return std::nullopt;
  const auto second = take_digits(text, 2);
  if (!second) return std::nullopt;
  // 1970 to 2200: what a signed 64-bit count of nanoseconds and a pcap's 32-bit seconds both reach with ease.
  if (*year < 1970 || *year > 2105 || *month < 1 || *month > 12 || *day < 1 ||
      *day > days_of_month(*year, *month)) {
    return std::nullopt;
  }
  if (*hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  std::int64_t fraction = 0;
  if (take(text, '.')) {
    std::int64_t unit = 1'000'000'000;
    while (!text.empty() && text[0] >= '0' && text[0] <= '9' && unit > 1) {
      unit /= 10;
      fraction += unit * (text[0] - '0');
      text.remove_prefix(1);
    }
    if (unit == 1'000'000'000) return std::nullopt;
  }
  std::int64_t offset = 0;
  if (!take(text, 'Z')) {
    const bool east = text.starts_with('+');
    if (!take(text, '+') && !take(text, '-')) return std::nullopt;
    const auto offset_hours = take_digits(text, 2);
    if (!offset_hours || !take(text, ':')) return std::nullopt;
    const auto offset_minutes = take_digits(text, 2);
    if (!offset_minutes || *offset_hours > 23 || *offset_minutes > 59) return std::nullopt;
    offset = (static_cast<std::int64_t>(*offset_hours) * 60 + *offset_minutes) * (east ? 60 : -60);
  }
  if (!text.empty()) return std::nullopt;
  const std::int64_t seconds =
      days_since_epoch(*year, *month, *day) * 86400 + *hour * 3600 + *minute * 60 + *second - offset;
  if (seconds < 0) return std::nullopt;
  return Nanoseconds(seconds * 1'000'000'000 + fraction);
}

std::optional<std::uint32_t> parse_loss(const std::string& text) {
  if (!text.ends_with('%')) return std::nullopt;
  const auto millionths =
      scaled_decimal(std::string_view(text).substr(0, text.size() - 1), 10'000, 1'000'000);
  return millionths ? std::optional(static_cast<std::uint32_t>(*millionths)) : std::nullopt;
}

std::optional<std::uint64_t> parse_rate(const std::string& text) {
  static constexpr std::array<std::pair<std::string_view, std::uint64_t>, 4> units{{
      {"Gbps", 1'000'000'000},
      {"Mbps", 1'000'000},
      {"kbps", 1'000},
      {"bps", 1},
  }};
  for (const auto& [unit, scale] : units) {
    if (!text.ends_with(unit)) continue;
    const auto bits = scaled_decimal(std::string_view(text).substr(0, text.size() - unit.size()), scale,
                                     10'000'000'000'000);
    return bits && *bits > 0 ? bits : std::nullopt;
  }
  return std::nullopt;
}

std::optional<PortSpan> parse_port_range(const std::string& text) {
  const std::size_t dash = text.find('-');
  const auto first = decimal(std::string_view(text).substr(0, dash), 65535);
  const auto last =
      dash == std::string::npos ? first : decimal(std::string_view(text).substr(dash + 1), 65535);
  if (!first || !last || *first > *last) return std::nullopt;
  return PortSpan{static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*last)};
}

std::optional<ProtocolChoice> parse_protocol(const std::string& text) {
  if (text == "all") return ProtocolChoice{};
  if (text == "icmp") return ProtocolChoice{1};
  if (text == "tcp") return ProtocolChoice{6};
  if (text == "udp") return ProtocolChoice{17};
  const auto number = decimal(text, 255);
  return number ? std::optional(ProtocolChoice{static_cast<std::uint8_t>(*number)}) : std::nullopt;
}

}  // namespace

std::string one_of(const std::vector<std::string>& words) {
  constexpr std::size_t shown = 16;
  if (words.size() == 1) return words.front();
  if (words.size() <= shown) return fmt::format("one of {}", fmt::join(words, ", "));
  const auto end = words.begin() + static_cast<std::ptrdiff_t>(shown);
  return fmt::format("one of {}, ... ({} in all)", fmt::join(words.begin(), end, ", "), words.size());
}

std::optional<std::string> read_text(const YamlNode& node, const Shape& shape, Reading& reading,
                                     const std::function<bool(const std::string&)>& serves) {
  if (node.kind != YamlNode::Kind::scalar) {
    reading.wrong(node, shape.expectation());
    return std::nullopt;
  }
  const bool looks_otherwise = node.is_boolean() || (node.is_number() && !shape.or_number);
  if (looks_otherwise && !node.quoted && !node.untyped) {
    reading.wrong(node, shape.expectation(),
                  serves(node.text) ? fmt::format("write it in quotes: \"{}\"", node.text) : "");
    return std::nullopt;
  }
  return node.text;
}

std::optional<std::int64_t> read_integer(const YamlNode& node, const Shape& shape, Reading& reading) {
  std::int64_t value = 0;
  const std::string_view digits =
      node.text.starts_with('+') ? std::string_view(node.text).substr(1) : node.text;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool whole = node.is_integer() && error == std::errc() && end == digits.data() + digits.size();
  if (whole && value >= shape.least && value <= shape.most) return value;
  reading.wrong(node, shape.expectation(),
                node.kind == YamlNode::Kind::scalar && node.quoted ? "write it without quotes" : "");
  return std::nullopt;
}

Form<bool> boolean_form() {
  Shape shape;
  shape.kind = Shape::Kind::boolean;
  shape.what = "true or false";
  return {shape, [](const YamlNode& node, bool& value, Reading& reading) {
            if (node.is_boolean()) {
              value = node.text[0] == 't' || node.text[0] == 'T';
              return true;
            }
            reading.wrong(
                node, "true or false",
                node.kind == YamlNode::Kind::scalar && node.quoted ? "write it without quotes" : "");
            return false;
          }};
}

Form<std::string> text_form(std::string what, std::string expected) {
  return parsed<std::string>(text_shape(std::move(what), std::move(expected), {}),
                             [](const std::string& value) -> std::optional<std::string> {
                               if (value.empty()) return std::nullopt;
                               return value;
                             });
}

Form<std::string> name_form(std::string what) {
  std::string expected = what + ": small letters, digits and '-', at most 63";
  return parsed<std::string>(
      text_shape(std::move(what), std::move(expected), "^[a-z0-9-]{1,63}$"),
      [](const std::string& value) { return is_name(value) ? std::optional(value) : std::nullopt; });
}

Form<std::string> host_name_form() {
  return parsed<std::string>(
      text_shape("a host name", "a DNS name in small letters, such as dns.google",
                 "^[a-z0-9-]+(\\.[a-z0-9-]+)*$"),
      [](const std::string& value) { return is_host_name(value) ? std::optional(value) : std::nullopt; });
}

Form<Nanoseconds> duration_form() {
  return parsed<Nanoseconds>(
      text_shape("a duration", "a number and its unit (ns, us, ms, s, m, h), such as 20ms",
                 "^[0-9]+(\\.[0-9]+)?(ns|us|ms|s|m|h)$"),
      [](const std::string& value) { return Nanoseconds::parse(value); });
}

Form<Prefix> cidr_form() {
  return parsed<Prefix>(
      text_shape("a CIDR", "an IPv4 network, such as 192.168.0.0/16",
                 "^([0-9]{1,3}\\.){3}[0-9]{1,3}/[0-9]{1,2}$"),
      [](const std::string& value) { return Prefix::parse(value); },
      [](const std::string& value) {
        const auto loose = Prefix::parse_loose(value);
        return loose ? did_you_mean(fmt::format("{}", *loose)) : std::string();
      });
}

Form<Ipv4Address> address_form() {
  return parsed<Ipv4Address>(
      text_shape("an address", "an IPv4 address, such as 192.168.1.100", "^([0-9]{1,3}\\.){3}[0-9]{1,3}$"),
      [](const std::string& value) { return Ipv4Address::parse(value); });
}

Form<std::uint16_t> port_form() { return integer_form<std::uint16_t>("a port", 1, 65535); }

Form<std::uint32_t> loss_form() {
  return parsed<std::uint32_t>(text_shape("a loss", "a percentage with at most four decimals, such as 0.1%",
                                          "^[0-9]+(\\.[0-9]{1,4})?%$"),
                               parse_loss);
}

Form<std::uint64_t> rate_form() {
  return parsed<std::uint64_t>(
      text_shape("a rate", "a number and its unit (bps, kbps, Mbps, Gbps), such as 5Gbps",
                 "^[0-9]+(\\.[0-9]+)?(bps|kbps|Mbps|Gbps)$"),
      parse_rate);
}

Form<Nanoseconds> timestamp_form() {
  return parsed<Nanoseconds>(
      text_shape("a time", "a date and time with its zone (RFC 3339), such as 2025-02-16T10:00:00+09:00",
                 "^[0-9]{4}-[0-9]{2}-[0-9]{2}[T "
                 "][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$"),
      parse_timestamp);
}

Form<std::vector<Setting>> settings_form(std::string what) {
  Shape shape;
  shape.kind = Shape::Kind::map;
  shape.what = std::move(what);
  shape.expected = shape.what + ": names and their values, as strings";
  shape.parts.push_back(text_shape("a string", "a string", {}));
  return {shape, [shape](const YamlNode& node, std::vector<Setting>& list, Reading& reading) {
            if (node.kind != YamlNode::Kind::map) {
              reading.wrong(node, shape.expectation());
              return false;
            }
            bool good = true;
            for (const auto& entry : node.entries) {
              reading.key = entry.key;
              const auto value = read_text(entry.value, shape.parts.front(), reading,
                                           [](const std::string&) { return true; });
              good = good && value;
              if (value) list.push_back({{entry.key, entry.where}, {*value, entry.value.where}});
            }
            std::ranges::sort(list, {}, [](const Setting& setting) { return *setting.name; });
            return good;
          }};
}

Form<PortSpan> port_range_form() {
  Shape shape = text_shape("ports", "a port or a range of ports, such as 80 or 1024-65535",
                           "^[0-9]{1,5}(-[0-9]{1,5})?$");
  shape.or_number = true;
  return parsed<PortSpan>(std::move(shape), parse_port_range);
}

Form<ProtocolChoice> protocol_form() {
  Shape shape = text_shape("a protocol", "all, icmp, tcp, udp, or a protocol's number",
                           "^(all|icmp|tcp|udp|[0-9]{1,3})$");
  shape.or_number = true;
  return parsed<ProtocolChoice>(std::move(shape), parse_protocol, [](const std::string& value) {
    static const std::vector<std::string> words{"all", "icmp", "tcp", "udp"};
    return did_you_mean(near_miss(value, words));
  });
}

}  // namespace ekspath
