#include "pcap/capture.hh"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

#include "pcap/read_capture.hh"
#include "sim/packet/build.hh"
#include "tests/unit/pcap/real_tools.hh"
#include "tests/unit/pcap/scratch_folder.hh"

using namespace ekspath;
using namespace ekspath::literals;

namespace {

constexpr Nanoseconds start = 1739667600_s;
constexpr Ipv4Address pod(192, 168, 1, 101);
constexpr Ipv4Address node(192, 168, 1, 251);
constexpr Ipv4Address dns(8, 8, 8, 8);
constexpr MacAddress pod_mac{{0x8a, 0, 0, 0, 1, 0x65}};
constexpr MacAddress veth_mac{{0x4e, 0, 0, 0, 1, 0x65}};
constexpr MacAddress ens5_mac{{0x0a, 0x58, 0xc0, 0xa8, 1, 0xfb}};
constexpr MacAddress router_mac{{0x0a, 0xff, 0, 0, 0, 5}};

/// A pod's eth0, its veth on the node, and the node's ens5.
struct Lab {
  explicit Lab(CaptureOutputs outputs) : capture(std::move(outputs), places) {
    capture.add_point({eth0, "pod1", "eth0", "pod1's end of the veth", pod_mac, InterfaceAddress{pod, 32}, 3},
                      {});
    capture.add_point({veth, "node1", "eni1a2b", "node1's end of pod1's veth", veth_mac, {}, 4}, {});
    capture.add_point({ens5, "node1", "ens5", "primary ENI", ens5_mac, InterfaceAddress{node, 24}, 2}, {});
  }
  explicit Lab(const ScratchFolder& folder) : Lab(outputs_in(folder)) {}

  static CaptureOutputs outputs_in(const ScratchFolder& folder) {
    return {folder.path(), folder / "trace.pcapng",          folder / "hops.ndjson",
            start,         {{pod, "pod1"}, {node, "node1"}}, {}};
  }

  PacketRef echo(Ipv4Address source, Ipv4Address destination, std::uint8_t type, std::uint16_t id,
                 MacAddress from, MacAddress to, std::uint64_t trace) {
    PacketRef packet = pool.allocate(128);
    append_bytes(*packet, std::vector<std::uint8_t>(56, 'x'));
    push_icmp(*packet, {type, 0, std::uint32_t{id} << 16 | 1});
    push_ipv4(*packet, {source, destination, 1, 64, 0, 0, true});
    push_ethernet(*packet, to, from, EtherType::ipv4);
    packet->meta.trace = trace;
    return packet;
  }
  void decide(Nanoseconds time, std::uint64_t trace, PlaceId where, Stage stage, Verdict verdict,
              std::string_view rule, DropReason reason = DropReason::none) {
    Decision decision;
    decision.time = time;
    decision.trace = trace;
    decision.where = where;
    decision.stage = stage;
    decision.verdict = verdict;
    decision.reason = reason;
    decision.rule = rule;
    capture.decided(decision);
  }
  void translate(Nanoseconds time, std::uint64_t trace, const Tuple& before, const Tuple& after,
                 std::string_view rule) {
    Decision decision{time, trace, veth,   Stage::nat, Verdict::translate, DropReason::none, {},
                      0,    rule,  before, after};
    capture.decided(decision);
  }

  /// An echo from the pod leaves the node under the node's address; the answer comes back.
  void ping(bool answered) {
    const auto request = echo(pod, dns, 8, 7, pod_mac, veth_mac, 17);
    capture.frame(eth0, Direction::out, *request, 1_us);
    capture.frame(veth, Direction::in, *request, 3_us);
    decide(3_us, 17, veth, Stage::mangle, Verdict::accept, "mangle PREROUTING -A PREROUTING -i eni+ -j MARK");
    decide(3_us, 17, veth, Stage::route, Verdict::pass, "32766: from all lookup main");
    const Tuple before{pod, dns, 7, 8 << 8, 1};
    const Tuple after{node, dns, 31010, 8 << 8, 1};
    translate(3_us, 17, before, after,
              "nat AWS-SNAT-CHAIN-0 -A AWS-SNAT-CHAIN-0 -j SNAT --to-source 192.168.1.251");
    const auto sent = echo(node, dns, 8, 31010, ens5_mac, router_mac, 17);
    sent->meta.ct_info = CtInfo::new_;
    capture.frame(ens5, Direction::out, *sent, 3_us);
    if (!answered) return;
    const auto reply = echo(dns, node, 0, 31010, router_mac, ens5_mac, 18);
    capture.frame(ens5, Direction::in, *reply, 20_ms);
    const auto restored = echo(dns, pod, 0, 7, veth_mac, pod_mac, 18);
    capture.frame(veth, Direction::out, *restored, 20_ms);
    capture.frame(eth0, Direction::in, *restored, 20_ms + 2_us);
    decide(20_ms + 2_us, 18, eth0, Stage::local_in, Verdict::deliver, "");
  }

  PlaceNames places;
  PacketPool pool;
  PlaceId eth0 = places.add("pod1/eth0");
  PlaceId veth = places.add("node1/eni1a2b");
  PlaceId ens5 = places.add("node1/ens5");
  Capture capture;
};

/// Times and bytes of a file, as text.
std::size_t packets_in(const std::string& path) {
  CaptureReader reader = CaptureReader::from_file(path);
  std::size_t count = 0;
  while (reader.next()) ++count;
  CHECK(reader.error() == "");
  return count;
}

}  // namespace

TEST_CASE("each interface has its file, and each host what `tcpdump -i any` would have written") {
  const ScratchFolder folder;
  Lab lab(folder);
  lab.ping(true);
  CHECK(lab.capture.finish(1_s).empty());
  CHECK(packets_in(folder / "pod1/eth0.pcap") == 2);
  CHECK(packets_in(folder / "node1/eni1a2b.pcap") == 2);
  CHECK(packets_in(folder / "node1/ens5.pcap") == 2);
  CHECK(packets_in(folder / "node1/any.pcap") == 4);
  CHECK(packets_in(folder / "pod1/any.pcap") == 2);
  CHECK(packets_in(folder / "trace.pcapng") == 6);
  CHECK(CaptureReader::from_file(folder / "node1/any.pcap").link_type() == 276);
}
