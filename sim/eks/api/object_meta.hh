#pragma once

#include <boost/container/flat_map.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/nanoseconds.hh"
#include "sim/base/shared_text.hh"
#include "sim/eks/api/object_kind.hh"
#include "sim/eks/api/shared.hh"
#include "sim/eks/api/uid.hh"

namespace ekspath {

/// Few, read often: side by side.
using Labels = boost::container::flat_map<SharedText, SharedText, std::less<>>;

struct OwnerReference {
  SharedText api_version;
  SharedText kind;
  SharedText name;
  Uid uid;
  bool controller = true;
  bool block_owner_deletion = true;

  friend bool operator==(const OwnerReference&, const OwnerReference&) = default;
};

/// metadata of an object. Times are instants since the scenario's start; what was there before it began may
/// be older than zero.
struct ObjectMeta {
  SharedText name;
  SharedText generate_name;  // kept and returned: "web-5cf4cbfd97-"
  SharedText name_space;     // empty for kinds without one
  Uid uid;                   // given by the store
  std::uint64_t resource_version = 0;
  std::int64_t generation = 0;  // of kinds that count changes of their spec; 0: not shown
  Nanoseconds created;
  Labels labels;
  struct Deletion {
    Nanoseconds time;  // when its grace period is over
    std::int64_t grace_seconds = 0;
  };
  Shared<std::optional<Deletion>> deletion;  // of one that is terminating
  Shared<Labels> annotations;
  Shared<std::vector<OwnerReference>> owners;
  Shared<std::vector<std::string>> finalizers;

  [[nodiscard]] bool terminating() const { return deletion->has_value(); }
  /// The owner that manages it, or null.
  [[nodiscard]] const OwnerReference* controller() const {
    for (const OwnerReference& owner : *owners) {
      if (owner.controller) return &owner;
    }
    return nullptr;
  }
  /// Holds with `other` what both say alike.
  void join(const ObjectMeta& other);
};

}  // namespace ekspath
