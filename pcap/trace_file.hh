#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "pcap/journeys.hh"
#include "pcap/pcapng_file.hh"
#include "sim/packet/fate.hh"

namespace ekspath {

/// How long a record may wait for what becomes of its packet. A pcapng record cannot be changed once it is
/// written, and a drop that is decided after the last sighting (a neighbour that does not answer, seconds
/// later) belongs to its comment.
struct HoldLimits {
  Nanoseconds time{10'000'000'000};
  std::size_t bytes = std::size_t{32} << 20;
};

/// trace.pcapng: every sighting of every packet in one file, each with the comment that says which decisions
/// brought the packet there: `trace=17 flow=4 hop=2 verdict=ACCEPT rule=nat/AWS-SNAT-CHAIN-0
/// nat=SNAT:192.168.1.251:23456 at=node1/ens5 ct=NEW text="nat: -A AWS-SNAT-CHAIN-0 ..."` (docs/captures.md).
/// Decisions between two sightings belong to the later one; a packet's end belongs to its last. Records wait
/// until nothing can be added to them, at most as long as the limits say; a live file does not wait longer
/// than the instant.
class TraceFile {
 public:
  TraceFile(PcapngFile file, HoldLimits limits);

  [[nodiscard]] std::uint32_t add_interface(const PcapngInterface& interface) {
    return file_.add_interface(interface);
  }
  void sighted(Journey& journey, std::uint32_t interface, Direction direction, const Packet& packet,
               Nanoseconds time);
  void decided(Journey& journey, const Decision& decision, std::string_view where);

  /// Simulated time has moved on to `now`: writes the records that need not wait longer.
  void advance(Nanoseconds now);
  /// Writes what still waits, and the statistics.
  void end(Nanoseconds now);

  [[nodiscard]] AtomicFile& file() { return file_.file(); }

 private:
  struct Sighting {
    Nanoseconds time;
    std::uint64_t trace = 0;
    std::uint32_t interface = 0;
    std::uint32_t hop = 0;
    std::uint32_t flow = 0;
    Direction direction = Direction::in;
    CtInfo ct_info = CtInfo::none;
    bool settled = false;
    PacketStory story;
    std::vector<std::uint8_t> bytes;
  };

  [[nodiscard]] Sighting& at(std::uint64_t number) { return ring_[number & (ring_.size() - 1)]; }
  [[nodiscard]] bool is_held(std::uint64_t number) const { return number >= first_ && number < next_; }
  Sighting& add_sighting();
  void write_first();

  PcapngFile file_;
  HoldLimits limits_;
  std::vector<Sighting> ring_;  // a power of two; the places keep their memory
  std::uint64_t first_ = 0;
  std::uint64_t next_ = 0;
  std::size_t held_bytes_ = 0;
  std::string comment_;
};

}  // namespace ekspath
