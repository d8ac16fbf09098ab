#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/packet/fate.hh"

namespace ekspath {

/// A tcpdump expression, compiled by whoever has a compiler for them (tools/ brings pcap's).
class FrameFilter {
 public:
  virtual ~FrameFilter() = default;
  [[nodiscard]] virtual bool matches(PlaceId interface, Direction direction, const Packet& frame) const = 0;
};

/// Compiles an expression for one interface or, with `any`, for all interfaces of a host at once (other link
/// header). What is wrong with it goes to `error`, and null comes back.
using CompileFilter =
    std::function<std::unique_ptr<FrameFilter>(std::string_view expression, bool any, std::string& error)>;

/// Shows each frame of a world to those who asked to see its place: captures, tcpdump commands, expectations.
/// An interface that nobody watches has no tap.
class FrameHub final : public Tap {
 public:
  void watch(PlaceId interface, Tap& tap);
  void unwatch(PlaceId interface, Tap& tap);
  [[nodiscard]] bool watched(PlaceId interface) const;

  void frame(PlaceId interface, Direction direction, const Packet& packet, Nanoseconds time) override;

 private:
  std::vector<std::vector<Tap*>> taps_;  // by place
};

/// Tells each Decision to several observers, in the order in which they were added.
class ObserverHub final : public Observer {
 public:
  void add(Observer& observer) { observers_.push_back(&observer); }
  void decided(const Decision& decision) override {
    for (Observer* observer : observers_) observer->decided(decision);
  }

 private:
  std::vector<Observer*> observers_;
};

}  // namespace ekspath
