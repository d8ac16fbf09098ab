#pragma once

#include <cstddef>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "sim/base/shared_text.hh"
#include "sim/eks/api/document.hh"
#include "sim/eks/api/pod_spec.hh"

namespace ekspath {

/// What the bodies of one shape have alike, once for all of them.
struct BodyShape {
  std::string packed;             // CBOR (RFC 8949) with a number in the place of each name
  std::vector<SharedText> names;  // of the first one: some are those of all
  // Of pods:
  ObjectMeta meta;   // of the first
  PodSpec spec;      // what its body says
  PodStatus status;  // of the one that was the last to be ready
};

/// The shapes of a store's bodies. Those that nobody has any more go by and by.
class BodyShapes {
 public:
  [[nodiscard]] std::shared_ptr<BodyShape> intern(std::string packed);

 private:
  struct Order {
    using is_transparent = void;
    static const std::string& of(const std::string& packed) { return packed; }
    static const std::string& of(const std::shared_ptr<BodyShape>& shape) { return shape->packed; }
    bool operator()(const auto& a, const auto& b) const { return of(a) < of(b); }
  };
  std::set<std::shared_ptr<BodyShape>, Order> shapes_;
  std::size_t sweep_at_ = 64;
};

/// A document of which a cluster keeps tens of thousands and reads few. What its user wrote for thousands of
/// pods differs in names alone (of the node, of a container, of the token's volume): packed, a body is its
/// shape, which it shares, and its own names, a hundredth of a tree's room. It is open while its object is
/// put together, and the store packs it. {} when new.
class ObjectBody {
 public:
  ObjectBody() = default;
  ObjectBody(Document document) : form_(std::move(document)) {}

  /// To be changed in place; open from now on.
  [[nodiscard]] Document& open();
  /// A copy, packed or not.
  [[nodiscard]] Document read() const;
  void pack(BodyShapes& shapes);
  /// Of a packed one: its names that are among `known`, or the first one's of its shape, are held once with
  /// them.
  void share_names(std::span<const SharedText> known);
  /// Null: it is open, or {}.
  [[nodiscard]] BodyShape* shape() const;
  [[nodiscard]] bool empty() const;

  friend bool operator==(const ObjectBody& a, const ObjectBody& b) { return a.read() == b.read(); }

 private:
  struct Packed {
    std::shared_ptr<BodyShape> shape;  // null: {}
    std::vector<SharedText> names;
  };
  std::variant<Packed, Document> form_;
};

}  // namespace ekspath
