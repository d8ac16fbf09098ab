#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pcap/atomic_file.hh"
#include "pcap/capture_filter.hh"
#include "pcap/hops_ndjson.hh"
#include "pcap/journeys.hh"
#include "pcap/linux_sll2.hh"
#include "pcap/pcap_file.hh"
#include "pcap/pcapng_file.hh"
#include "pcap/trace_file.hh"
#include "sim/packet/fate.hh"
#include "sim/packet/place.hh"

namespace ekspath {

/// An interface where frames are seen.
struct CaptureInterface {
  PlaceId place;
  std::string host;         // names the folder: "node1", "pod1"
  std::string interface;    // names the file: "ens5", "eth0", "lo"
  std::string description;  // for a reader: "primary ENI of node1, 192.168.1.0/24"
  MacAddress mac;
  std::optional<CaptureAddress> address;
  std::uint32_t index = 0;  // as the namespace counts
  bool loopback = false;
  std::uint64_t speed_bps = 0;  // 0: not said
  std::string os{};             // of the simulated host; empty: not said
};

/// What is written of a point.
struct PointOutputs {
  bool file = true;   // HOST/INTERFACE.pcap
  bool any = true;    // HOST/any.pcap
  bool trace = true;  // trace.pcapng, when there is one
};

/// Which files a run writes. A path is a file's, a FIFO's, or "-" for standard output; empty: not written.
struct CaptureOutputs {
  std::string folder;              // for the files of hosts; made when missing
  std::string trace;               // a pcapng of every point, with comments
  std::string hops;                // a line a decision
  Nanoseconds start;               // the wall clock at simulated time zero, since 1970
  std::vector<AddressName> names;  // shown by Wireshark instead of addresses; in trace.pcapng
  HoldLimits hold;
};

/// Writes the capture files of a run: it is shown every frame and told every decision. Outside errors are
/// kept, the first of each file, and the rest of the run goes on; ask error(). No file gets its name before
/// finish().
class Capture final : public Tap, public Observer {
 public:
  /// `places` outlives the capture.
  Capture(CaptureOutputs outputs, const PlaceNames& places);

  /// At any time. The filter is an Ethernet one, for the point's file and for the trace. A place may be
  /// several points (each host's any.pcap and file have filters of their own, a hostNetwork pod shares its
  /// node's interfaces), of which one at most is in the trace.
  void add_point(const CaptureInterface& point, PointOutputs outputs,
                 std::shared_ptr<const CaptureFilter> filter = nullptr);
  [[nodiscard]] bool has_point(PlaceId place) const {
    return place.value() < point_of_place_.size() && point_of_place_[place.value()] != none;
  }
  /// Another place for a point that is there: an interface went, and came again under its name.
  void add_place(PlaceId place, PlaceId of_point);
  /// For HOST/any.pcap; a LinkType::linux_sll2 filter.
  void filter_any(const std::string& host, std::shared_ptr<const CaptureFilter> filter);

  void frame(PlaceId interface, Direction direction, const Packet& packet, Nanoseconds time) override;
  void decided(const Decision& decision) override;

  /// Simulated time has come to `now`, and a reader of live files should see what has happened so far.
  void advance(Nanoseconds now);

  /// The run is over: completes every file and gives it its name. What could not be written keeps `.part`;
  /// one error for each of those files.
  [[nodiscard]] std::vector<SystemError> finish(Nanoseconds now);
  /// The run was interrupted: flushes every file, and leaves it as `.part`. Returns the names of those files.
  [[nodiscard]] std::vector<std::string> abandon(Nanoseconds now);

  /// The first error of any file, for a run that should stop at it.
  [[nodiscard]] const std::optional<SystemError>& error() const { return budget_.first_error(); }

 private:
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

  struct Point {
    Sll2Interface interface;
    std::shared_ptr<const CaptureFilter> filter;
    std::uint32_t file = none;  // index into files_
    std::uint32_t any = none;   // index into any_files_
    std::uint32_t trace = none;
    std::uint32_t next = none;  // point of the same place
  };
  struct AnyFile {
    PcapFile file;
    std::shared_ptr<const CaptureFilter> filter;
  };

  [[nodiscard]] std::uint32_t add_file(const CaptureInterface& point);
  [[nodiscard]] std::uint32_t any_file(const std::string& host);
  [[nodiscard]] std::string path_in(const std::string& host, const std::string& name);
  [[nodiscard]] bool is_traced(std::uint32_t point) const;
  void write_any(AnyFile& any, const Point& point, Direction direction, std::span<const std::uint8_t> bytes,
                 Nanoseconds time);
  void end(Nanoseconds now);
  template <class Visit>
  void each_file(Visit visit);

  CaptureOutputs outputs_;
  const PlaceNames& places_;
  OutputBudget budget_;  // outlives the files
  PcapHeader ethernet_header_;
  PcapHeader sll2_header_;
  std::vector<std::uint32_t> point_of_place_;  // the latest added; the others behind it
  std::vector<Point> points_;
  std::vector<PcapFile> files_;
  std::vector<AnyFile> any_files_;
  std::map<std::string, std::uint32_t> any_of_host_;
  std::optional<TraceFile> trace_;
  std::optional<HopsFile> hops_;
  Journeys journeys_;
  std::vector<std::uint8_t> sll2_scratch_;
};

}  // namespace ekspath
