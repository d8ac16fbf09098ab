#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/ipv4_address.hh"

namespace ekspath {

/// A domain name as the labels that stand on the wire, without compression: at most 63 bytes a label and 255
/// in all, the root's empty one included. RFC 1035 3.1. Names are equal, and ordered, without regard to the
/// case of ASCII letters (RFC 4343), which is kept.
class DnsName {
 public:
  static constexpr std::size_t longest_wire = 255;
  static constexpr std::size_t longest_label = 63;

  DnsName() = default;  // the root
  /// "www.google.com", "www.google.com.", "."; \. and \DDD as in RFC 1035 5.1.
  [[nodiscard]] static std::optional<DnsName> parse(std::string_view text);
  /// None: an empty label, or too long.
  [[nodiscard]] static std::optional<DnsName> of_labels(std::span<const std::string> labels);
  /// 8.8.8.8 as 8.8.8.8.in-addr.arpa. RFC 1035 3.5
  [[nodiscard]] static DnsName reverse_of(Ipv4Address address);

  [[nodiscard]] bool is_root() const { return labels_.empty(); }
  /// From the left, the root's left out.
  [[nodiscard]] const std::vector<std::string>& labels() const { return labels_; }
  [[nodiscard]] std::size_t wire_size() const;
  /// With the final dot, special bytes escaped as dig does.
  [[nodiscard]] std::string text() const;
  /// The same without the final dot: what getaddrinfo(3) and ping show.
  [[nodiscard]] std::string relative_text() const;
  [[nodiscard]] DnsName lower_case() const;

  /// Whether the name is `zone` or lies below it.
  [[nodiscard]] bool is_within(const DnsName& zone) const;
  /// This name in front of `suffix`; none: too long.
  [[nodiscard]] std::optional<DnsName> before(const DnsName& suffix) const;
  /// Without its first `count` labels.
  [[nodiscard]] DnsName parent(std::size_t count = 1) const;
  /// The address whose reverse_of() this is.
  [[nodiscard]] std::optional<Ipv4Address> reversed_address() const;

  [[nodiscard]] bool operator==(const DnsName& other) const;
  /// Label by label from the right: the canonical order. RFC 4034 6.1
  [[nodiscard]] std::strong_ordering operator<=>(const DnsName& other) const;

 private:
  friend class DnsReader;
  std::vector<std::string> labels_;
};

}  // namespace ekspath
