#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/packet/fate.hh"

namespace ekspath {

/// What a learner wants to see of a run: each packet's journey, a line a hop, with the rule that changed it
/// and the reason why it died. Decisions that change nothing, and ARP, are left out unless all are asked for.
/// What it holds is bounded by the packets that it will tell, but for one bit of each other.
class JourneyReport final : public Observer {
 public:
  struct Style {
    bool colour = false;
    bool all_decisions = false;
    std::size_t packets = 40;  // how many journeys are told; the rest is counted
  };

  JourneyReport(const PlaceNames& places, const Style& style) : places_(&places), style_(style) {}

  void decided(const Decision& decision) override;
  /// In the order in which the packets were born.
  [[nodiscard]] std::string text() const;
  /// How many were born, ARP among them.
  [[nodiscard]] std::size_t packets() const { return packets_; }
  /// How many journeys are held, and one of them; none beyond the last.
  [[nodiscard]] std::size_t told() const { return journeys_.size(); }
  [[nodiscard]] std::vector<std::string> lines(std::size_t journey) const;

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

  [[nodiscard]] bool is_new(std::uint64_t trace);
  void tell(std::string& text, std::size_t number, const Journey& journey) const;

  const PlaceNames* places_;
  Style style_;
  std::vector<Journey> journeys_;
  std::size_t packets_ = 0;
  std::size_t left_ = 0;  // journeys that could be told and are too many
  boost::unordered_flat_map<std::uint32_t, std::vector<bool>> met_;  // by who gave birth, by its count
  boost::unordered_flat_map<std::uint64_t, std::uint32_t>
      by_trace_;  // only looked up in: its order is nowhere seen
};

}  // namespace ekspath
