#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "sim/eks/api/document.hh"

namespace ekspath {

/// A document of which a cluster keeps tens of thousands and reads few: packed (CBOR, RFC 8949) it takes a
/// tenth of a tree's room. It is open while its object is put together, and the store packs it. {} when new.
class ObjectBody {
 public:
  ObjectBody() = default;
  ObjectBody(Document document) : form_(std::move(document)) {}

  /// To be changed in place; open from now on.
  [[nodiscard]] Document& open();
  /// A copy, packed or not.
  [[nodiscard]] Document read() const;
  void pack();
  [[nodiscard]] bool empty() const;

  friend bool operator==(const ObjectBody& a, const ObjectBody& b) { return a.read() == b.read(); }

 private:
  using Packed = std::vector<std::uint8_t>;  // empty: {}
  std::variant<Packed, Document> form_;
};

}  // namespace ekspath
