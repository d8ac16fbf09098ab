#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

#include "sim/base/id.hh"

namespace ekspath {

/// Where something happens, as a user names it: "node1/ens5", "pod1/eth0", "node1", "igw/myeks-vpc",
/// "nat/nat-a".
using PlaceId = Id<struct PlaceTag>;

/// The names of places; cold, and many: their text stands close together. One a world, owned by it.
class PlaceNames {
 public:
  [[nodiscard]] PlaceId add(std::string_view name) {
    const std::size_t size = name.size() + 1;
    if (chunks_.empty() || used_ + size > chunk_size) {
      chunks_.push_back(std::make_unique<char[]>(std::max(size, chunk_size)));
      used_ = 0;
    }
    std::ranges::copy(name, chunks_.back().get() + used_);  // and the zero that is there
    starts_.push_back(static_cast<std::uint32_t>((chunks_.size() - 1) * chunk_size + used_));
    used_ += size;
    return PlaceId(static_cast<std::uint32_t>(starts_.size() - 1));
  }
  /// Good as long as the world is.
  [[nodiscard]] std::string_view name(PlaceId place) const {
    if (!place) return "?";
    const std::uint32_t start = starts_[place.value()];
    return chunks_[start / chunk_size].get() + start % chunk_size;
  }
  [[nodiscard]] std::size_t size() const { return starts_.size(); }

 private:
  static constexpr std::size_t chunk_size = 4096;
  std::vector<std::unique_ptr<char[]>> chunks_;  // of texts that end in a zero; a longer one has its own
  std::size_t used_ = 0;                         // of the last
  std::deque<std::uint32_t> starts_;             // the chunk's number times chunk_size, and where in it
};

}  // namespace ekspath
