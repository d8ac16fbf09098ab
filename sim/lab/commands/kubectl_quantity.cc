#include "sim/lab/commands/kubectl_quantity.hh"

#include <fmt/format.h>

#include "sim/eks/api/quantity.hh"

namespace ekspath {

void QuantitySum::add(std::string_view amount) {
  const auto parsed = Quantity::parse(amount);
  if (!parsed) return;
  QuantitySum one;
  one.milli_ = parsed->milli();
  one.binary_ = amount.ends_with("i");
  one.empty_ = false;
  add(one);
}

void QuantitySum::add(const QuantitySum& other) {
  if (other.empty_) return;
  if (empty_ || milli_ == 0) binary_ = other.binary_;
  empty_ = false;
  milli_ += other.milli_;
}

/// CanonicalizeBytes(): the largest unit that leaves a whole number.
std::string QuantitySum::text() const {
  if (milli_ == 0) return "0";
  if (milli_ % 1000 != 0) return fmt::format("{}m", milli_);
  std::int64_t amount = milli_ / 1000;
  const std::int64_t step = binary_ ? 1024 : 1000;
  constexpr std::string_view decimal[] = {"", "k", "M", "G", "T", "P"},
                             binary[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi"};
  std::size_t unit = 0;
  for (; amount % step == 0 && unit + 1 < std::size(decimal); ++unit) amount /= step;
  return fmt::format("{}{}", amount, binary_ ? binary[unit] : decimal[unit]);
}

}  // namespace ekspath
