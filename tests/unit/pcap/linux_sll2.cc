#include "pcap/linux_sll2.hh"

#include <doctest/doctest.h>

#include <vector>

#include "pcap/pcap_file.hh"
#include "sim/packet/byte_order.hh"
#include "tests/unit/pcap/real_tools.hh"
#include "tests/unit/pcap/scratch_folder.hh"

using namespace ekspath;
using namespace ekspath::literals;

namespace {

constexpr MacAddress own{{0x0a, 0x58, 0xc0, 0xa8, 1, 0xfb}};

std::vector<std::uint8_t> frame_to(const MacAddress& destination) {
  std::vector<std::uint8_t> frame(42);
  std::copy(destination.bytes.begin(), destination.bytes.end(), frame.begin());
  frame[6] = 2;
  frame[11] = 9;
  store16(&frame[12], 0x0806);
  return frame;
}

}  // namespace

TEST_CASE(
    "the type of a packet is what eth_type_trans() says of its destination, and outgoing when it leaves") {
  const Sll2Interface interface { 2, own, false };
  CHECK(sll2_header(interface, Direction::in, frame_to(own))[10] == 0);
  CHECK(sll2_header(interface, Direction::in, frame_to(MacAddress::broadcast()))[10] == 1);
  CHECK(sll2_header(interface, Direction::in, frame_to(MacAddress{{1, 0, 0x5e, 0, 0, 1}}))[10] == 2);
  CHECK(sll2_header(interface, Direction::in, frame_to(MacAddress{{2, 0, 0, 0, 0, 1}}))[10] == 3);
  CHECK(sll2_header(interface, Direction::out, frame_to(own))[10] == 4);
}

TEST_CASE("the header holds protocol, index from a million, hardware type and the sender's address") {
  const auto header = sll2_header({2, own, false}, Direction::in, frame_to(own));
  CHECK(header == Sll2Header{8, 6, 0, 0, 0, 0x0f, 0x42, 0x42, 0, 1, 0, 6, 2, 0, 0, 0, 0, 9, 0, 0});
  const auto loopback = sll2_header({1, {}, true}, Direction::in, frame_to({}));
  CHECK(load16(&loopback[8]) == 772);
  CHECK(loopback[10] == 0);
}

TEST_CASE("tcpdump prints the letters and addresses that it prints for a real `-i any`") {
  if (!have_tool("tcpdump")) return;
  const ScratchFolder folder;
  OutputBudget budget;
  PcapFile file(AtomicFile(folder / "any.pcap", budget), pcap_header(LinkType::linux_sll2), 0_s);
  auto frame = frame_to(MacAddress::broadcast());
  const std::vector<std::uint8_t> arp{0,   1,   8, 0,   6, 4, 0, 1, 2, 0, 0,   0,   0, 9,
                                      192, 168, 1, 251, 0, 0, 0, 0, 0, 0, 192, 168, 1, 1};
  std::copy(arp.begin(), arp.end(), frame.begin() + 14);
  for (const Direction direction : {Direction::out, Direction::in}) {
    file.record(0_s, sll2_header({2, own, false}, direction, frame), std::span(frame).subspan(14));
  }
  file.file().commit();
  CHECK(output_of("tcpdump -t -nn -e -r " + folder / "any.pcap" + " 2>/dev/null") ==
        "?     Out ifindex 1000002 02:00:00:00:00:09 ethertype ARP (0x0806), length 48: Request who-has "
        "192.168.1.1 tell "
        "192.168.1.251, length 28\n"
        "?     B   ifindex 1000002 02:00:00:00:00:09 ethertype ARP (0x0806), length 48: Request who-has "
        "192.168.1.1 tell "
        "192.168.1.251, length 28\n");
}
