#include "sim/packet/dns_name.hh"

#include <fmt/format.h>

#include <algorithm>

namespace ekspath {
namespace {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::strong_ordering compare_labels(std::string_view a, std::string_view b) {
  return std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return static_cast<unsigned char>(lower(x)) <=> static_cast<unsigned char>(lower(y));
  });
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// bind lib/dns/name.c name_totext(): what a zone file would have to escape.
void append_label(std::string& text, std::string_view label) {
  constexpr std::string_view special = "\"().;\\@$";
  for (const char c : label) {
    const auto byte = static_cast<unsigned char>(c);
    if (special.find(c) != std::string_view::npos) {
      text += '\\';
      text += c;
    } else if (byte > 0x20 && byte < 0x7f) {
      text += c;
    } else {
      text += fmt::format("\\{:03}", byte);
    }
  }
}

}  // namespace

std::optional<DnsName> DnsName::parse(std::string_view text) {
  if (text == ".") return DnsName();
  std::vector<std::string> labels(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '.') {
      if (labels.back().empty()) return std::nullopt;
      if (i + 1 < text.size()) labels.emplace_back();
    } else if (text[i] == '\\') {
      if (i + 1 == text.size()) return std::nullopt;
      if (!is_digit(text[i + 1])) {
        labels.back() += text[++i];
        continue;
      }
      if (i + 3 >= text.size() || !is_digit(text[i + 2]) || !is_digit(text[i + 3])) return std::nullopt;
      const int value = (text[i + 1] - '0') * 100 + (text[i + 2] - '0') * 10 + (text[i + 3] - '0');
      if (value > 255) return std::nullopt;
      labels.back() += static_cast<char>(value);
      i += 3;
    } else {
      labels.back() += text[i];
    }
  }
  return of_labels(labels);
}

std::optional<DnsName> DnsName::of_labels(std::span<const std::string> labels) {
  DnsName name;
  name.labels_.assign(labels.begin(), labels.end());
  const bool sound = std::ranges::all_of(
      labels, [](const std::string& label) { return !label.empty() && label.size() <= longest_label; });
  if (!sound || name.wire_size() > longest_wire) return std::nullopt;
  return name;
}

DnsName DnsName::reverse_of(Ipv4Address address) {
  DnsName name;
  for (int shift = 0; shift < 32; shift += 8)
    name.labels_.push_back(fmt::format("{}", address.bits() >> shift & 0xff));
  name.labels_.insert(name.labels_.end(), {"in-addr", "arpa"});
  return name;
}

std::size_t DnsName::wire_size() const {
  std::size_t size = 1;
  for (const std::string& label : labels_) size += 1 + label.size();
  return size;
}

std::string DnsName::text() const { return is_root() ? "." : relative_text() + "."; }

std::string DnsName::relative_text() const {
  std::string text;
  for (const std::string& label : labels_) {
    if (!text.empty()) text += '.';
    append_label(text, label);
  }
  return text;
}

DnsName DnsName::lower_case() const {
  DnsName name = *this;
  for (std::string& label : name.labels_) std::ranges::transform(label, label.begin(), lower);
  return name;
}

bool DnsName::is_within(const DnsName& zone) const {
  return labels_.size() >= zone.labels_.size() && parent(labels_.size() - zone.labels_.size()) == zone;
}

std::optional<DnsName> DnsName::before(const DnsName& suffix) const {
  DnsName name = *this;
  name.labels_.insert(name.labels_.end(), suffix.labels_.begin(), suffix.labels_.end());
  if (name.wire_size() > longest_wire) return std::nullopt;
  return name;
}

DnsName DnsName::parent(std::size_t count) const {
  DnsName name;
  if (count < labels_.size())
    name.labels_.assign(labels_.begin() + static_cast<std::ptrdiff_t>(count), labels_.end());
  return name;
}

std::optional<Ipv4Address> DnsName::reversed_address() const {
  static const DnsName zone = *parse("in-addr.arpa");
  if (labels_.size() != 6 || !is_within(zone)) return std::nullopt;
  return Ipv4Address::parse(fmt::format("{}.{}.{}.{}", labels_[3], labels_[2], labels_[1], labels_[0]));
}

bool DnsName::operator==(const DnsName& other) const {
  return std::ranges::equal(labels_, other.labels_, [](const std::string& a, const std::string& b) {
    return compare_labels(a, b) == std::strong_ordering::equal;
  });
}

std::strong_ordering DnsName::operator<=>(const DnsName& other) const {
  return std::lexicographical_compare_three_way(
      labels_.rbegin(), labels_.rend(), other.labels_.rbegin(), other.labels_.rend(),
      [](const std::string& a, const std::string& b) { return compare_labels(a, b); });
}

}  // namespace ekspath
