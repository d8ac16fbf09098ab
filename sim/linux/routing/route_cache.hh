#pragma once

#include <cstddef>
#include <cstdint>

#include "sim/linux/routing/route_result.hh"
#include "sim/linux/two_place_cache.hh"

namespace ekspath {

/// The answers to a namespace's last lookups, so that the packets of a flow after its first cost one probe
/// each; what Linux has its dst entries for. An answer may be forgotten when others need its place, and all
/// are when a table, a rule, an interface or an address changes: what is found here is what a lookup would
/// find.
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

    [[nodiscard]] std::size_t hash() const {
      // Two products: one number of both would be read as eight bytes that were just written as two times
      // four.
      std::uint64_t mixed = destination.bits() * 0x9e3779b97f4a7c15 + source.bits() * 0xc2b2ae3d27d4eb4f;
      mixed ^= mixed >> 32;
      mixed *= 0xd6e8feb86659fd93;
      return static_cast<std::size_t>(mixed >> 40);
    }
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

    [[nodiscard]] bool is_free() const { return key.question == Question::none; }
  };
  static_assert(sizeof(Answer) == 64);

  [[nodiscard]] const Answer* find(const Key& key) const {
    const Answer* answer = answers_.find(key);
    if (answer != nullptr && key.question != Question::received) last_sent_ = answers_.place(*answer);
    return answer;
  }
  void remember(const Answer& answer) { answers_.remember(answer); }
  void forget() { answers_.forget(); }

  /// Hints: where find() will look; which answer a packet of the host's own probably gets: the last one's.
  void fetch(const Key& key) const { answers_.fetch(key); }
  [[nodiscard]] const RouteResult* last_sent() const {
    return last_sent_ < answers_.size() ? &answers_[last_sent_].route : nullptr;
  }

 private:
  static constexpr std::uint32_t first_size = 4;  // a pod that talks to one other
  static constexpr std::uint32_t largest_size = 4096;

  TwoPlaceCache<Answer, first_size, largest_size> answers_;
  mutable std::uint32_t last_sent_ = 0;
};

}  // namespace ekspath
