#include "pcap/capture.hh"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <memory>
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
    capture.add_point({eth0, "pod1", "eth0", "pod1's end of the veth", pod_mac, CaptureAddress{pod, 32}, 3},
                      {});
    capture.add_point({veth, "node1", "eni1a2b", "node1's end of pod1's veth", veth_mac, {}, 4}, {});
    capture.add_point({ens5, "node1", "ens5", "primary ENI", ens5_mac, CaptureAddress{node, 24}, 2}, {});
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

TEST_CASE("tshark and tcpdump read every file without a complaint") {
  if (!have_tool("tshark") || !have_tool("tcpdump")) return;
  const ScratchFolder folder;
  Lab lab(folder);
  lab.ping(true);
  CHECK(lab.capture.finish(1_s).empty());
  for (const char* name :
       {"pod1/eth0.pcap", "pod1/any.pcap", "node1/eni1a2b.pcap", "node1/ens5.pcap", "node1/any.pcap"}) {
    CAPTURE(name);
    CHECK(complaints_about(folder / name) == "");
  }
}

TEST_CASE("trace.pcapng names each point, its direction, the trace and what was decided on the way there") {
  if (!have_tool("tshark")) return;
  const ScratchFolder folder;
  Lab lab(folder);
  lab.ping(true);
  CHECK(lab.capture.finish(1_s).empty());
  const std::string lines = output_of("tshark -r " + folder / "trace.pcapng" +
                                      " -N n -T fields -e frame.interface_name -e frame.packet_id -e "
                                      "frame.packet_flags_direction -e ip.src_host"
                                      " -e frame.comment 2>/dev/null");
  CHECK(lines ==
        "pod1/eth0\t17\t0x00000002\tpod1\ttrace=17 flow=1 hop=1\n"
        "node1/eni1a2b\t17\t0x00000001\tpod1\ttrace=17 flow=1 hop=1\n"
        "node1/ens5\t17\t0x00000002\tnode1\ttrace=17 flow=1 hop=2 verdict=ACCEPT rule=nat/AWS-SNAT-CHAIN-0 "
        "nat=SNAT:192.168.1.251:31010 at=node1/eni1a2b ct=NEW text=\"mangle PREROUTING -A PREROUTING -i eni+ "
        "-j MARK | "
        "route: 32766: from all lookup main | nat AWS-SNAT-CHAIN-0 -A AWS-SNAT-CHAIN-0 -j SNAT --to-source "
        "192.168.1.251\"\n"
        "node1/ens5\t18\t0x00000001\t8.8.8.8\ttrace=18 flow=1 hop=1\n"
        "node1/eni1a2b\t18\t0x00000002\t8.8.8.8\ttrace=18 flow=1 hop=2\n"
        "pod1/eth0\t18\t0x00000001\t8.8.8.8\ttrace=18 flow=1 hop=2 verdict=DELIVER at=pod1/eth0\n");
}

TEST_CASE("a drop annotates the packet's last sighting, seconds later") {
  if (!have_tool("tshark")) return;
  const ScratchFolder folder;
  Lab lab(folder);
  lab.ping(false);
  lab.decide(3_s, 17, lab.ens5, Stage::neighbour, Verdict::drop, "192.168.1.1 FAILED",
             DropReason::neighbour_failed);
  CHECK(lab.capture.finish(4_s).empty());
  const std::string comments =
      output_of("tshark -r " + folder / "trace.pcapng" +
                " -Y 'frame.comment contains \"verdict=DROP\"' -T fields -e frame.number -e"
                " frame.comment 2>/dev/null");
  CHECK(comments.starts_with(
      "3\ttrace=17 flow=1 hop=2 verdict=DROP rule=neighbour/192.168.1.1_FAILED "
      "nat=SNAT:192.168.1.251:31010 reason=neighbour_failed at=node1/ens5 ct=NEW text="));
}

TEST_CASE("a record waits no longer than the limits say, and the file stays in the order of time") {
  const ScratchFolder folder;
  CaptureOutputs outputs = Lab::outputs_in(folder);
  outputs.hold = {1_s, 1000};
  Lab lab(std::move(outputs));
  for (int i = 0; i < 100; ++i) {
    const auto packet = lab.echo(pod, dns, 8, 7, pod_mac, veth_mac, static_cast<std::uint64_t>(100 + i));
    lab.capture.frame(lab.eth0, Direction::out, *packet, i * 1_ms);
    if (i >= 50)
      lab.decide(i * 1_ms, 100 + static_cast<std::uint64_t>(i - 50), lab.eth0, Stage::link, Verdict::drop,
                 "");
  }
  CHECK(lab.capture.finish(1_s).empty());
  CaptureReader reader = CaptureReader::from_file(folder / "trace.pcapng");
  Nanoseconds last;
  while (const auto packet = reader.next()) {
    CHECK(packet->since_1970 >= last);
    last = packet->since_1970;
  }
  CHECK(packets_in(folder / "trace.pcapng") == 100);
}

TEST_CASE("a filter chooses what a point's file and the trace hold, and the any file has its own") {
  const ScratchFolder folder;
  Lab lab(folder);
  Diagnostics diagnostics;
  const auto filter = [&](const char* text, LinkType type) {
    auto compiled = CaptureFilter::compile(text, type, {{"pod1", {pod}}}, {}, diagnostics);
    REQUIRE(compiled);
    return std::make_shared<const CaptureFilter>(std::move(*compiled));
  };
  const PlaceId late = lab.places.add("node1/ens6");
  lab.capture.add_point({late, "node1", "ens6", "", ens5_mac, {}, 5}, {},
                        filter("icmp[icmptype] = icmp-echoreply", LinkType::ethernet));
  lab.capture.filter_any("node1", filter("outbound and not host pod1", LinkType::linux_sll2));
  lab.ping(true);
  const auto request = lab.echo(node, dns, 8, 1, ens5_mac, router_mac, 30);
  const auto reply = lab.echo(node, dns, 0, 1, ens5_mac, router_mac, 31);
  lab.capture.frame(late, Direction::out, *request, 1_s);
  lab.capture.frame(late, Direction::in, *reply, 2_s);
  CHECK(lab.capture.finish(3_s).empty());
  CHECK(packets_in(folder / "node1/ens6.pcap") == 1);
  CHECK(packets_in(folder / "node1/any.pcap") == 2);
  CHECK(packets_in(folder / "trace.pcapng") == 7);
}

TEST_CASE("a place that is several points is written to each of their files, and to the trace once") {
  const ScratchFolder folder;
  Lab lab(folder);
  Diagnostics diagnostics;
  auto requests =
      CaptureFilter::compile("icmp[icmptype] = icmp-echo", LinkType::ethernet, {}, {}, diagnostics);
  REQUIRE(requests);
  // A hostNetwork pod's ens5 is its node's.
  lab.capture.add_point({lab.ens5, "agent", "ens5", "", ens5_mac, {}, 2},
                        {.file = true, .any = false, .trace = false},
                        std::make_shared<const CaptureFilter>(std::move(*requests)));
  lab.capture.add_point({lab.ens5, "agent", "ens5", "", ens5_mac, {}, 2},
                        {.file = false, .any = true, .trace = false});
  lab.ping(true);
  CHECK(lab.capture.finish(1_s).empty());
  CHECK(packets_in(folder / "node1/ens5.pcap") == 2);
  CHECK(packets_in(folder / "agent/ens5.pcap") == 1);
  CHECK(packets_in(folder / "agent/any.pcap") == 2);
  CHECK(packets_in(folder / "trace.pcapng") == 6);
}

TEST_CASE("a point that appears in the run, a late pod's, is one more interface of the trace") {
  if (!have_tool("tshark")) return;
  const ScratchFolder folder;
  Lab lab(folder);
  lab.ping(true);
  const PlaceId late = lab.places.add("pod9/eth0");
  lab.capture.add_point({late, "pod9", "eth0", "", pod_mac, {}, 3}, {});
  const auto packet = lab.echo(pod, dns, 8, 9, pod_mac, veth_mac, 40);
  lab.capture.frame(late, Direction::out, *packet, 2_s);
  CHECK(lab.capture.finish(3_s).empty());
  CHECK(output_of("tshark -r " + folder / "trace.pcapng" +
                  " -Y 'frame.packet_id == 40' -T fields -e"
                  " frame.interface_name 2>/dev/null") == "pod9/eth0\n");
  CHECK(packets_in(folder / "pod9/eth0.pcap") == 1);
}

TEST_CASE("no file has its name before the run is over, and an abandoned run keeps parts that can be read") {
  const ScratchFolder folder;
  std::vector<std::string> parts;
  {
    Lab lab(folder);
    lab.ping(true);
    CHECK(!folder.has("node1/ens5.pcap"));
    parts = lab.capture.abandon(1_s);
  }
  CHECK(parts.size() == 7);
  CHECK(!folder.has("node1/ens5.pcap"));
  CHECK(!folder.has("trace.pcapng"));
  CHECK(packets_in(folder / "node1/ens5.pcap.part") == 2);
  CHECK(packets_in(folder / "trace.pcapng.part") == 6);
}

TEST_CASE("a run that is neither finished nor abandoned leaves parts, too") {
  const ScratchFolder folder;
  {
    Lab lab(folder);
    lab.ping(true);
  }
  CHECK(!folder.has("trace.pcapng"));
  CHECK(packets_in(folder / "node1/any.pcap.part") == 4);
}

TEST_CASE("a folder that cannot be made is an error for each file in it, and the others are written") {
  const ScratchFolder folder;
  CaptureOutputs outputs = Lab::outputs_in(folder);
  std::ofstream(folder / "file") << "no folder";
  outputs.folder = folder / "file";
  Lab lab(std::move(outputs));
  REQUIRE(lab.capture.error());
  CHECK(lab.capture.error()->error_number == ENOTDIR);
  lab.ping(true);
  CHECK(lab.capture.finish(1_s).size() == 5);
  CHECK(packets_in(folder / "trace.pcapng") == 6);
}

TEST_CASE("names that would leave the folder become file names within it") {
  const ScratchFolder folder;
  Lab lab(folder);
  const PlaceId odd = lab.places.add("odd");
  lab.capture.add_point({odd, "../up", "a/b", "", pod_mac, {}, 1}, {});
  CHECK(lab.capture.finish(1_s).empty());
  CHECK(folder.has("%2E.%2Fup/a%2Fb.pcap"));
}

TEST_CASE("the same run writes the same bytes") {
  const ScratchFolder one;
  const ScratchFolder other;
  for (const ScratchFolder* folder : {&one, &other}) {
    Lab lab(*folder);
    lab.ping(true);
    CHECK(lab.capture.finish(1_s).empty());
  }
  for (const char* name : {"trace.pcapng", "hops.ndjson", "node1/any.pcap", "pod1/eth0.pcap"}) {
    CHECK(one.read(name).size() > 100);
    CHECK(one.read(name) == other.read(name));
  }
}

TEST_CASE("a live trace shows what has happened as soon as time moves on") {
  const ScratchFolder folder;
  REQUIRE(::mkfifo((folder / "fifo").c_str(), 0600) == 0);
  const int reader = ::open((folder / "fifo").c_str(), O_RDONLY | O_NONBLOCK);
  REQUIRE(reader >= 0);
  CaptureOutputs outputs;
  outputs.trace = folder / "fifo";
  outputs.start = start;
  Lab lab(std::move(outputs));
  lab.ping(false);
  std::array<char, 65536> bytes{};
  lab.capture.advance(3_us);
  const ssize_t early = ::read(reader, bytes.data(), bytes.size());
  lab.capture.advance(1_s);
  const ssize_t late = ::read(reader, bytes.data(), bytes.size());
  CHECK(early > 0);
  CHECK(late > 0);
  ::close(reader);
}
