#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <unordered_map>

#include "pcap/flow_numbers.hh"
#include "pcap/packet_story.hh"
#include "sim/base/nanoseconds.hh"
#include "sim/packet/fate.hh"

namespace ekspath {

/// What is known of one trace: a packet on its way, under its trace id.
struct Journey {
  static constexpr std::uint64_t never = ~std::uint64_t{0};

  std::uint32_t hop = 0;                // counts the links: a frame that is sent begins the next one
  std::uint32_t flow = 0;               // FlowNumbers; 0: not known yet
  Tuple tuple;                          // at the last sighting
  std::uint64_t last_sighting = never;  // TraceFile's number of it
  PacketStory story;                    // decided since the last sighting
  std::uint64_t touched = 0;
};

/// The journeys of the packets that are under way, by trace id. A packet that was neither seen nor decided
/// about for a quarter of a million calls is forgotten, so that memory does not grow with the run.
class Journeys {
 public:
  /// A frame of the trace passed a point.
  [[nodiscard]] Journey& sighted(std::uint64_t trace, Direction direction,
                                 std::span<const std::uint8_t> frame);
  [[nodiscard]] Journey& decided(const Decision& decision);

 private:
  struct Touch {
    std::uint64_t trace;
    std::uint64_t number;
  };
  struct TraceHash {
    std::size_t operator()(std::uint64_t trace) const {
      trace *= 0x9e3779b97f4a7c15;
      return trace ^ (trace >> 32);
    }
  };

  Journey& touch(std::uint64_t trace);

  std::unordered_map<std::uint64_t, Journey, TraceHash> journeys_;
  std::deque<Touch> touches_;
  Journey untraced_;  // of packets without a trace id: nothing is remembered
  std::uint64_t touched_ = 0;
  FlowNumbers flows_;
};

}  // namespace ekspath
