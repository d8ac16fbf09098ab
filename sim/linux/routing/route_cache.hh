#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "sim/linux/routing/routing.hh"

namespace ekspath {

/// The answers to a namespace's last lookups, so that the packets of a flow after its first cost one probe
/// each; what Linux has its dst entries for. An answer is forgotten when another question hashes to its
/// place, and all are when a table, a rule, an interface or an address changes: what is found here is what a
/// lookup would find.
class RouteCache {
 public:
  /// Who asks: the same flow has another answer for each.
  enum class Question : std::uint8_t { none, lookup, lookup_from_any_source, way_back };

  struct Key {
    Ipv4Address destination;
    Ipv4Address source;
    std::uint32_t mark = 0;
    std::uint32_t in_interface = 0;
    std::uint32_t out_interface = 0;
    std::uint8_t tos = 0;
    Question question = Question::none;

    friend bool operator==(const Key&, const Key&) = default;
  };
  [[nodiscard]] static Key key(const FlowKey& flow, Question question, std::uint32_t out_interface) {
    return {flow.destination, flow.source, flow.mark, flow.in_interface, out_interface, flow.tos, question};
  }

  [[nodiscard]] const RouteResult* find(const Key& key) const {
    if (mask_ == 0) return nullptr;
    const std::size_t place = place_of(key);
    if (entries_[place].key == key) [[likely]]
      return &entries_[place].result;
    const Entry& other = entries_[place ^ other_place];
    return other.key == key ? &other.result : nullptr;
  }
  void remember(const Key& key, const RouteResult& result);
  /// Hints for find(): the places of a packet's two questions; what probably will be found.
  void fetch(const Key& key) const {
    if (mask_ != 0) {
      const std::size_t place = place_of(key);
      __builtin_prefetch(&entries_[place]);
      __builtin_prefetch(&entries_[place ^ 1]);
    }
  }
  /// All places, where there are few.
  void fetch_all() const {
    for (std::size_t i = 0; i <= mask_ && mask_ < 8; ++i) __builtin_prefetch(&entries_[i]);
  }
  [[nodiscard]] const RouteResult* guess(const Key& key) const {
    return mask_ == 0 ? nullptr : &entries_[place_of(key)].result;
  }
  void forget() {
    if (used_ != 0) forget_all();
  }

 private:
  static constexpr std::size_t first_size = 4;   // a pod that talks to one other
  static constexpr std::size_t other_place = 2;  // an answer stands in one of two places, this far apart
  static constexpr std::size_t largest_size = 4096;

  struct alignas(64) Entry {
    Key key;
    RouteResult result;
  };
  static_assert(sizeof(Entry) == 64);

  /// The two questions of a packet on its way, where to and where from, stand side by side: who asks the way
  /// back asks with the addresses the other way round.
  [[nodiscard]] std::size_t place_of(const Key& key) const {
    const bool back = key.question == Question::way_back;
    const std::uint32_t from = back ? key.destination.bits() : key.source.bits();
    const std::uint32_t to = back ? key.source.bits() : key.destination.bits();
    // Two products: one number of both would be read as eight bytes that were just written as two times four.
    std::uint64_t mixed = to * 0x9e3779b97f4a7c15 + from * 0xc2b2ae3d27d4eb4f;
    mixed ^= mixed >> 32;
    mixed *= 0xd6e8feb86659fd93;
    return (static_cast<std::size_t>(mixed >> 40) << 1 | (back ? 1U : 0U)) & mask_;
  }
  void grow();
  void forget_all();

  std::unique_ptr<Entry[]> entries_;
  std::size_t mask_ = 0;  // one less than the number of entries; 0: none yet
  std::uint32_t used_ = 0;
  std::uint32_t displaced_ = 0;  // answers that lost their place since the last growth
};

}  // namespace ekspath
