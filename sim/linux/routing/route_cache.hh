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
  enum class Question : std::uint8_t { none, lookup, lookup_from_any_source, received };

  struct Key {
    Ipv4Address destination;
    Ipv4Address source;
    std::uint32_t mark = 0;
    std::uint32_t in_interface = 0;
    std::uint8_t tos = 0;
    Question question = Question::none;
    std::uint8_t settings = 0;  // received: the sysctls that took part

    friend bool operator==(const Key&, const Key&) = default;
  };
  [[nodiscard]] static Key key(const FlowKey& flow, Question question, std::uint8_t settings = 0) {
    return {flow.destination, flow.source, flow.mark, flow.in_interface, flow.tos, question, settings};
  }
  struct alignas(64) Answer {
    RouteResult route;
    Key key;
    // Of a received packet's question: input_route.hh.
    std::uint8_t input_kind = 0;
    bool redirect = false;
  };
  static_assert(sizeof(Answer) == 64);

  [[nodiscard]] const Answer* find(const Key& key) const {
    if (mask_ == 0) return nullptr;
    const std::size_t place = place_of(key);
    if (answers_[place].key == key) [[likely]]
      return &answers_[place];
    const Answer& other = answers_[place ^ other_place];
    return other.key == key ? &other : nullptr;
  }
  void remember(const Answer& answer);
  /// Hints for find(): the place; what probably will be found there.
  void fetch(const Key& key) const {
    if (mask_ != 0) __builtin_prefetch(&answers_[place_of(key)]);
  }
  /// Where there are few: all places; an answer for a packet of the host's own.
  void fetch_all() const {
    for (std::size_t i = 0; i < few(); ++i) __builtin_prefetch(&answers_[i]);
  }
  [[nodiscard]] const RouteResult* any_sent() const {
    for (std::size_t i = 0; i < few(); ++i) {
      if (answers_[i].key.question == Question::lookup) return &answers_[i].route;
    }
    return nullptr;
  }
  [[nodiscard]] const RouteResult* guess(const Key& key) const {
    return mask_ == 0 ? nullptr : &answers_[place_of(key)].route;
  }
  void forget() {
    if (used_ != 0) forget_all();
  }

 private:
  static constexpr std::size_t first_size = 4;   // a pod that talks to one other
  static constexpr std::size_t other_place = 1;  // an answer stands in one of two places, this far apart
  static constexpr std::size_t largest_size = 4096;

  [[nodiscard]] std::size_t place_of(const Key& key) const {
    // Two products: one number of both would be read as eight bytes that were just written as two times four.
    std::uint64_t mixed =
        key.destination.bits() * 0x9e3779b97f4a7c15 + key.source.bits() * 0xc2b2ae3d27d4eb4f;
    mixed ^= mixed >> 32;
    mixed *= 0xd6e8feb86659fd93;
    return static_cast<std::size_t>(mixed >> 40) & mask_;
  }
  /// How many places there are, or 0 if there are many.
  [[nodiscard]] std::size_t few() const { return mask_ != 0 && mask_ < 8 ? mask_ + 1 : 0; }
  void grow();
  void forget_all();

  std::unique_ptr<Answer[]> answers_;
  std::size_t mask_ = 0;  // one less than the number of places; 0: none yet
  std::uint32_t used_ = 0;
  std::uint32_t displaced_ = 0;  // answers that lost their place since the last growth
};

}  // namespace ekspath
