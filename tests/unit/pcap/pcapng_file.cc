#include "pcap/pcapng_file.hh"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "pcap/read_capture.hh"
#include "tests/unit/pcap/real_tools.hh"
#include "tests/unit/pcap/scratch_folder.hh"

using namespace ekspath;
using namespace ekspath::literals;

namespace {

const std::vector<std::uint8_t> frame(61, 0x5a);  // of a size that needs padding

PcapngFile open_file(const ScratchFolder& folder, OutputBudget& budget) {
  return PcapngFile(AtomicFile(folder / "f.pcapng", budget), 1739667600_s);
}

std::string fields(const ScratchFolder& folder, const std::string& options) {
  return output_of("tshark -r " + folder / "f.pcapng" + " " + options + " 2>/dev/null");
}

}  // namespace

TEST_CASE("a pcapng without packets and interfaces is one that readers take") {
  if (!have_tool("tshark")) return;
  const ScratchFolder folder;
  OutputBudget budget;
  PcapngFile file = open_file(folder, budget);
  file.add_statistics(1_s);
  file.file().commit();
  CHECK(output_of("tshark -r " + folder / "f.pcapng" + " 2>&1 | grep -v 'as user'") == "");
}

TEST_CASE("libpcap reads back the frames and their nanoseconds") {
  const ScratchFolder folder;
  OutputBudget budget;
  PcapngFile file = open_file(folder, budget);
  const auto a = file.add_interface({"node1/ens5", "", {}, {}, 0, "", ""});
  file.add_packet({a, 123456789_ns, Direction::in, 1, "", frame});
  const auto b = file.add_interface({"pod9/eth0", "late", {}, {}, 0, "", ""});
  file.add_packet({b, 2_s, Direction::out, 1, "trace=1", frame});
  file.add_statistics(3_s);
  file.file().commit();
  CaptureReader reader = CaptureReader::from_file(folder / "f.pcapng");
  const auto first = reader.next();
  REQUIRE(first);
  CHECK(first->since_1970 == 1739667600_s + 123456789_ns);
  CHECK(std::vector<std::uint8_t>(first->bytes.begin(), first->bytes.end()) == frame);
  CHECK(reader.next()->since_1970 == 1739667602_s);
  CHECK(!reader.next());
  CHECK(reader.error() == "");
}

TEST_CASE("frames and comments of any size are padded, so that the next block is found") {
  const ScratchFolder folder;
  OutputBudget budget;
  PcapngFile file = open_file(folder, budget);
  const auto id = file.add_interface({"a", "", {}, {}, 0, "", ""});
  for (std::size_t size = 0; size <= 70; ++size) {
    const std::vector<std::uint8_t> sized(size, static_cast<std::uint8_t>(size));
    file.add_packet({id, 1_s, Direction::in, size, std::string(size % 9, 'c'), sized});
  }
  file.file().commit();
  CaptureReader reader = CaptureReader::from_file(folder / "f.pcapng");
  for (std::size_t size = 0; size <= 70; ++size) {
    const auto packet = reader.next();
    REQUIRE(packet);
    CHECK(std::vector<std::uint8_t>(packet->bytes.begin(), packet->bytes.end()) ==
          std::vector<std::uint8_t>(size, static_cast<std::uint8_t>(size)));
  }
  CHECK(!reader.next());
  CHECK(reader.error() == "");
}

TEST_CASE("capinfos finds every option of an interface, and the statistics") {
  if (!have_tool("capinfos")) return;
  const ScratchFolder folder;
  OutputBudget budget;
  PcapngFile file = open_file(folder, budget);
  const auto id =
      file.add_interface({"node1/ens5", "primary ENI", MacAddress{{2, 0, 0, 0, 0, 1}},
                          CaptureAddress{Ipv4Address(192, 168, 1, 251), 24}, 5'000'000'000, "icmp", "Linux"});
  file.add_packet({id, 1_s, Direction::in, 1, "", frame});
  file.add_statistics(3_s);
  file.file().commit();
  const std::string text = output_of("capinfos " + folder / "f.pcapng" + " 2>&1");
  for (const char* expected :
       {"Name = node1/ens5", "Description = primary ENI", "Speed = 5000000000",
        "Time precision = nanoseconds (9)", "Filter string = icmp", "Operating system = Linux",
        "Number of stat entries = 1", "Number of packets = 1", "Capture application: ekspath"}) {
    CAPTURE(text);
    CHECK(text.find(expected) != std::string::npos);
  }
}

TEST_CASE("names stand before the packets, so that a reader of one pass shows them") {
  if (!have_tool("tshark")) return;
  const ScratchFolder folder;
  OutputBudget budget;
  PcapngFile file = open_file(folder, budget);
  std::vector<AddressName> names;
  for (std::uint32_t i = 0; i < 5000; ++i)
    names.push_back({Ipv4Address(10, 0, 0, 0).plus(i), "pod-" + std::to_string(i)});
  file.add_names(names);
  const auto id = file.add_interface({"a", "", {}, {}, 0, "", ""});
  const std::vector<std::uint8_t> packet{2,    0,    0,    0, 0, 1,  2,  0, 0,    0,   0,  2,
                                         8,    0,    0x45, 0, 0, 20, 0,  0, 0,    0,   64, 0xfd,
                                         0x66, 0xea, 10,   0, 0, 1,  10, 0, 0x13, 0x87};
  file.add_packet({id, 1_s, Direction::in, 1, "", packet});
  file.file().commit();
  CHECK(fields(folder, "-N n -T fields -e ip.src_host -e ip.dst_host") == "pod-1\tpod-4999\n");
}

TEST_CASE("a comment longer than an option holds is cut between two characters") {
  if (!have_tool("tshark")) return;
  const ScratchFolder folder;
  OutputBudget budget;
  PcapngFile file = open_file(folder, budget);
  const auto id = file.add_interface({"a", "", {}, {}, 0, "", ""});
  std::string comment = "x";
  while (comment.size() < 70000) comment += "é";
  file.add_packet({id, 1_s, Direction::in, 1, comment, frame});
  file.add_packet({id, 2_s, Direction::in, 2, "short", frame});
  file.file().commit();
  CHECK(fields(folder, "-T fields -e frame.packet_id") == "1\n2\n");
  CHECK(fields(folder, "-Y 'frame.packet_id == 1' -T fields -e frame.comment").size() == 65535 + 1);
}

TEST_CASE("a file of ours survives editcap: ids, comments and directions stay") {
  if (!have_tool("editcap") || !have_tool("tshark")) return;
  const ScratchFolder folder;
  OutputBudget budget;
  PcapngFile file = open_file(folder, budget);
  const auto id = file.add_interface({"node1/ens5", "", {}, {}, 0, "", ""});
  file.add_packet({id, 1_s, Direction::out, 17, "trace=17 verdict=DROP", frame});
  file.file().commit();
  CHECK(output_of("editcap " + folder / "f.pcapng" + " " + folder / "g.pcapng" +
                  " 2>&1 | grep -v 'as user'") == "");
  CHECK(output_of(
            "tshark -r " + folder / "g.pcapng" +
            " -T fields -e frame.packet_id -e frame.packet_flags_direction -e frame.comment 2>/dev/null") ==
        "17\t0x00000002\ttrace=17 verdict=DROP\n");
}
