#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ekspath {

/// A sum of resource amounts, printed in the form of what was added first: "350m", "192Mi". apimachinery
/// pkg/api/resource/quantity.go Add(), String()
class QuantitySum {
 public:
  /// Amounts that are none add nothing.
  void add(std::string_view amount);
  void add(const QuantitySum& other);

  [[nodiscard]] std::int64_t milli() const { return milli_; }
  [[nodiscard]] std::int64_t whole() const { return (milli_ + 999) / 1000; }
  [[nodiscard]] std::string text() const;

 private:
  std::int64_t milli_ = 0;
  bool binary_ = false;  // Ki, Mi, Gi
  bool empty_ = true;
};

}  // namespace ekspath
