#pragma once

#include <cstring>
#include <deque>
#include <memory>
#include <string>
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
    if (name.size() > room_) {
      room_ = name.size() > chunk_size ? name.size() : chunk_size;
      chunks_.push_back(std::make_unique<char[]>(room_));
      next_ = chunks_.back().get();
    }
    if (!name.empty()) std::memcpy(next_, name.data(), name.size());
    names_.emplace_back(next_, name.size());
    next_ += name.size();
    room_ -= name.size();
    return PlaceId(static_cast<std::uint32_t>(names_.size() - 1));
  }
  /// Good as long as the world is.
  [[nodiscard]] std::string_view name(PlaceId place) const {
    return place ? names_[place.value()] : std::string_view("?");
  }
  [[nodiscard]] std::size_t size() const { return names_.size(); }

 private:
  static constexpr std::size_t chunk_size = 4096;
  std::vector<std::unique_ptr<char[]>> chunks_;
  char* next_ = nullptr;
  std::size_t room_ = 0;  // behind next_
  std::deque<std::string_view> names_;
};

}  // namespace ekspath
