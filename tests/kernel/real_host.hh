#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/kernel/case.hh"
#include "tests/kernel/outcome.hh"

namespace ekspath {

/// A place that is cut off from every network, in which real namespaces are built: the court's own network
/// namespace holds the far ends of the wires, and each case gets a new one for its host. Nothing here can
/// reach the outside: before a frame is sent the court looks whether its namespace has any interface that it
/// did not make.
class Court {
 public:
  /// Leaves the caller's network namespace for a new one (through a user namespace where the caller is not
  /// root). What forbids it, or "".
  [[nodiscard]] std::string enter();

  /// Runs a case in a new namespace of the real kernel. With `Ask::texts` the real tools are asked for what
  /// they print, too.
  enum class Ask : std::uint8_t { nothing, texts };
  [[nodiscard]] CaseOutcome run(const Case& described, Ask ask = Ask::nothing);

 private:
  unsigned hosts_ = 0;
};

}  // namespace ekspath
