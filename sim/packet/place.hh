#pragma once

#include <deque>
#include <string>
#include <string_view>

#include "sim/base/id.hh"

namespace ekspath {

/// Where something happens, as a user names it: "node1/ens5", "pod1/eth0", "node1", "igw/myeks-vpc", "nat/nat-a".
using PlaceId = Id<struct PlaceTag>;

/// The names of places; cold. One a world, owned by it.
class PlaceNames {
 public:
  [[nodiscard]] PlaceId add(std::string name) {
    names_.push_back(std::move(name));
    return PlaceId(static_cast<std::uint32_t>(names_.size() - 1));
  }
  [[nodiscard]] std::string_view name(PlaceId place) const {
    return place ? std::string_view(names_[place.value()]) : std::string_view("?");
  }
  [[nodiscard]] std::size_t size() const { return names_.size(); }

 private:
  std::deque<std::string> names_;
};

}  // namespace ekspath
