#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/nanoseconds.hh"
#include "tests/kernel/case.hh"

namespace ekspath {

/// What a host did with a case's frames, whichever host it was.
struct CaseOutcome {
  struct Sent {
    std::string interface;
    std::vector<std::uint8_t> bytes;
    std::size_t after = 0;  // the number of frames that had come in
  };
  std::vector<Sent> frames;
  std::vector<std::string> connections;  // lines of `conntrack -L`
  std::string rules;                     // `iptables-save -c`
  std::string statistics;                // the counters of `conntrack -S`, summed over processors
  std::vector<std::pair<std::string, std::string>> texts;  // commands, and what they print
  std::vector<std::vector<std::string>> decisions;  // of each incoming frame; the simulated host's only
  std::string problem;                              // why the case could not be run here
  std::string lacking;                              // what the case needs and this machine's kernel has not

  /// What {interface#number.field} stands for; "" when that frame has not left, or has no such field.
  [[nodiscard]] std::string field(const std::string& interface, std::size_t number,
                                  const std::string& name) const;
};

/// The counters of `conntrack -S` (a line a processor), summed: "drop=1 invalid=2 ", without those that are
/// zero.
[[nodiscard]] std::string sum_statistics(const std::string& text);
[[nodiscard]] std::vector<std::string> lines_of(const std::string& text);

/// What hosts draw at random, matched: the kernel's 46786 is our 1234 wherever it appears.
class Renaming {
 public:
  enum class Kind : std::uint8_t { ip_id, port, icmp_id };

  /// What stands in the case itself was drawn by nobody, and must be equal on both sides.
  void given(const std::vector<std::uint8_t>& frame);
  void given(Kind kind, std::uint16_t number);

  /// Whether the two may stand for each other, and from now on do.
  [[nodiscard]] bool match(Kind kind, std::uint16_t kernels, std::uint16_t ours);

 private:
  std::set<std::pair<Kind, std::uint16_t>> given_;
  std::map<std::pair<Kind, std::uint16_t>, std::uint16_t> ours_of_;
  std::map<std::pair<Kind, std::uint16_t>, std::uint16_t> kernels_of_;
};

/// A frame as a line for a person.
[[nodiscard]] std::string describe_bytes(const std::vector<std::uint8_t>& frame);
/// Whether two frames are equal up to the renaming, which learns from them.
[[nodiscard]] bool same_frame(const std::vector<std::uint8_t>& kernels, const std::vector<std::uint8_t>& ours,
                              Renaming& renaming);
/// The same of two lines of `conntrack -L`: timeouts may differ by a second.
[[nodiscard]] bool same_connection(const std::string& kernels, const std::string& ours, Renaming& renaming);

/// The differences between what the kernel did and what we did, as a text for a person; "" when there is
/// none.
[[nodiscard]] std::string difference(const Case& tried, const CaseOutcome& kernels, const CaseOutcome& ours);

}  // namespace ekspath
