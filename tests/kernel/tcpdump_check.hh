#pragma once

#include <string>

#include "tests/kernel/outcome.hh"

namespace ekspath {

/// What tcpdump and we print of the same frames.
struct TcpdumpTexts {
  std::size_t lines = 0;   // of the real tcpdump; 0 where it is not installed
  std::string difference;  // "" when there is none
};

/// Asks the installed tcpdump for `tcpdump -nn` of the frames that left a host, and compares.
[[nodiscard]] TcpdumpTexts tcpdump_texts(const CaseOutcome& outcome);

}  // namespace ekspath
