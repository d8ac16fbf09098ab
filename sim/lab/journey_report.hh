#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/packet/fate.hh"

namespace ekspath {

/// What a learner wants to see of a run: each packet's journey, a line a hop, with the rule that changed it
/// and the reason why it died. Decisions that change nothing are left out unless all are asked for.
class JourneyReport final : public Observer {
 public:
  struct Style {
    bool colour = false;
    bool all_decisions = false;
    std::size_t packets = 40;  // how many journeys are told; the rest is counted
  };

  explicit JourneyReport(const PlaceNames& places) : places_(&places) {}

  void decided(const Decision& decision) override;
  /// In the order in which the packets were born.
  [[nodiscard]] std::string text(const Style& style) const;
  [[nodiscard]] std::size_t packets() const { return journeys_.size(); }
  /// One packet's journey, without colours; none beyond the last packet.
  [[nodiscard]] std::vector<std::string> lines(std::size_t packet) const;

 private:
  struct Moment {
    Nanoseconds time;
    PlaceId where;
    Stage stage;
    Verdict verdict;
    DropReason reason;
    std::uint32_t mark;
    std::string rule;
    Tuple before;
    Tuple after;
  };
  struct Journey {
    std::vector<Moment> moments;
  };

  void tell(std::string& text, std::size_t number, const Journey& journey, const Style& style) const;

  const PlaceNames* places_;
  std::vector<Journey> journeys_;
  boost::unordered_flat_map<std::uint64_t, std::uint32_t>
      by_trace_;  // only looked up in: its order is nowhere seen
};

}  // namespace ekspath
