#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/diagnostics.hh"
#include "sim/lab/step_runner.hh"
#include "sim/lab/world.hh"

namespace ekspath {

/// How one expectation came out.
struct ExpectationResult {
  Location where;
  bool met = false;
  std::string text;      // "node1/ens5 'icmp and src 192.168.1.251': 2 packets"
  std::string mismatch;  // "expected 2 packets, counted 0"; empty when met
};

/// Counts, during a run, what a scenario's expectations ask for, and judges them at its end.
class Expectations {
 public:
  /// Before the run. Unknown places, references to nothing and bad filters are reported.
  Expectations(World& world, const Scenario& scenario, Diagnostics& diagnostics);
  ~Expectations();

  [[nodiscard]] std::vector<ExpectationResult> judge(const std::vector<StepResult>& steps) const;

 private:
  class FrameCount;
  class DropCount;

  void prepare(const CaptureExpectation& expectation, Diagnostics& diagnostics);
  void prepare(const StepExpectation& expectation, Diagnostics& diagnostics);
  void prepare(const DropExpectation& expectation, Diagnostics& diagnostics);

  World* world_;
  const Scenario* scenario_;
  std::unique_ptr<DropCount> drops_;
  std::vector<std::unique_ptr<FrameCount>> frames_;  // by expectation; null where it is not of frames
  /// With references resolved.
  struct Texts {
    std::string filter_or_place;
    std::string interface;
    std::string contains, matches, equals;
  };
  std::vector<Texts> texts_;  // by expectation
};

}  // namespace ekspath
