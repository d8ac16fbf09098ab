#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace ekspath {

/// An amount of a resource, as written ("100m", "128Mi") and exact in thousandths (of a CPU, a byte, a pod).
/// apimachinery pkg/api/resource/quantity.go; exponents (1e3) are taken, fractions below a thousandth round
/// up.
class Quantity {
 public:
  Quantity() = default;
  [[nodiscard]] static std::optional<Quantity> parse(std::string_view text);
  [[nodiscard]] static Quantity of(std::int64_t whole);

  [[nodiscard]] std::int64_t milli() const { return milli_; }
  /// In whole units, rounded up.
  [[nodiscard]] std::int64_t whole() const { return (milli_ + 999) / 1000; }
  [[nodiscard]] const std::string& text() const { return text_; }

  /// As they are written: "1" is not "1000m".
  friend bool operator==(const Quantity&, const Quantity&) = default;

 private:
  std::int64_t milli_ = 0;
  std::string text_ = "0";
};

/// By resource: "cpu", "memory", "pods", "vpc.amazonaws.com/pod-eni".
using ResourceList = std::map<std::string, Quantity, std::less<>>;

}  // namespace ekspath
