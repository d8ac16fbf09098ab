#include <doctest/doctest.h>

#include "tests/support/packet/packet_text.hh"
#include "tests/unit/lab/commands/typed.hh"

using namespace ekspath;

namespace {

/// Matches ICMP alone: what stands for a compiler of expressions, which tools/ brings.
class IcmpFilter final : public FrameFilter {
 public:
  bool matches(PlaceId, Direction, const Packet& frame) const override { return frame.data()[23] == 1; }
};

void bring_filters(World& world) {
  world.compile_filter = [](std::string_view expression, bool,
                            std::string& error) -> std::unique_ptr<FrameFilter> {
    if (expression == "icmp") return std::make_unique<IcmpFilter>();
    error = "syntax error";
    return nullptr;
  };
}

void pass(World& world, std::string_view interface, Direction direction, std::string_view text) {
  Interface& at = *world.host("node")->netns->find_interface(interface);
  const PacketRef seen = frame(world.pool(), text);
  if (at.tap != nullptr) at.tap->frame(at.place, direction, *seen, world.now());
}

constexpr std::string_view request =
    "8a:00:00:00:01:65 > 4e:00:00:00:01:65 | 192.168.1.101 > 203.0.113.8: ICMP echo request id 640 seq 1 len "
    "56";
constexpr std::string_view masqueraded =
    "0a:58:c0:a8:01:fb > 0a:ff:00:00:00:05 | 192.168.1.251 > 203.0.113.8: ICMP echo request id 19351 seq 1 "
    "len 56";

}  // namespace

TEST_CASE(
    "tcpdump -i any -c 2 icmp says what it listens to, shows two packets and counts them (fixture "
    "tcpdump-live-banner)") {
  FixtureNode node;
  bring_filters(node.world);
  Typed tcpdump(node.world, "node", "tcpdump -i any -nn -c 2 icmp");
  CHECK_FALSE(tcpdump.running->open_ended());
  pass(node.world, "ens5", Direction::out,
       "0a:58:c0:a8:01:fb > ff:ff:ff:ff:ff:ff | ARP who-has 192.168.1.1 tell 192.168.1.251");
  pass(node.world, "eni1a2b3c4d5e6", Direction::in, request);
  pass(node.world, "ens5", Direction::out, masqueraded);
  pass(node.world, "ens5", Direction::out, masqueraded);
  CHECK(tcpdump.status == -1);
  node.world.engine().run_until(node.world.now() + Nanoseconds(1));
  CHECK(tcpdump.status == 0);
  CHECK(tcpdump.text_out ==
        "01:00:00.000000 eni1a2b3c4d5e6 In  IP 192.168.1.101 > 203.0.113.8: ICMP echo request, id 640, seq "
        "1, length 64\n"
        "01:00:00.000000 ens5  Out IP 192.168.1.251 > 203.0.113.8: ICMP echo request, id 19351, seq 1, "
        "length 64\n");
  CHECK(tcpdump.text_err ==
        "tcpdump: data link type LINUX_SLL2\n"
        "tcpdump: verbose output suppressed, use -v[v]... for full protocol decode\n"
        "listening on any, link-type LINUX_SLL2 (Linux cooked v2), snapshot length 262144 bytes\n"
        "2 packets captured\n2 packets received by filter\n0 packets dropped by kernel\n");
  CHECK(node.netns("node").find_interface("ens5")->tap == nullptr);
}

TEST_CASE("tcpdump of one interface sees that one alone, until it is stopped") {
  FixtureNode node;
  Typed tcpdump(node.world, "node", "tcpdump -vni ens5");
  CHECK(tcpdump.text_err ==
        "tcpdump: listening on ens5, link-type EN10MB (Ethernet), snapshot length 262144 bytes\n");
  CHECK(tcpdump.running->open_ended());
  pass(node.world, "eni1a2b3c4d5e6", Direction::in, request);
  pass(node.world, "ens5", Direction::out, masqueraded);
  tcpdump.running->stop();
  CHECK(tcpdump.text_out ==
        "01:00:00.000000 IP (tos 0x0, ttl 64, id 0, offset 0, flags [DF], proto ICMP (1), length 84)\n"
        "    192.168.1.251 > 203.0.113.8: ICMP echo request, id 19351, seq 1, length 64\n\n");
  CHECK(tcpdump.text_err.ends_with(
      "1 packet captured\n1 packet received by filter\n0 packets dropped by kernel\n"));
  CHECK(tcpdump.status == 0);
}

TEST_CASE("what passes lo is shown once and counted twice (observed: tcpdump 4.99.3)") {
  FixtureNode node;
  Typed tcpdump(node.world, "node", "tcpdump -nn -i lo");
  constexpr std::string_view text =
      "00:00:00:00:00:00 > 00:00:00:00:00:00 | 127.0.0.1 > 127.0.0.1: ICMP echo request id 1 seq 1 len 56";
  pass(node.world, "lo", Direction::out, text);
  pass(node.world, "lo", Direction::in, text);
  tcpdump.running->stop();
  CHECK(tcpdump.text_err.ends_with(
      "1 packet captured\n2 packets received by filter\n0 packets dropped by kernel\n"));
}

TEST_CASE("tcpdump names a device or an expression that it cannot use (observed: tcpdump 4.99.3)") {
  FixtureNode node;
  bring_filters(node.world);
  CHECK(typed(node.world, "node", "tcpdump -nn -i nope") ==
        "tcpdump: nope: No such device exists\n(No such device exists)\n");
  const Typed filter(node.world, "node", "tcpdump -nn -i ens5 foo bar");
  CHECK(filter.text_err == "tcpdump: can't parse filter expression: syntax error\n");
  CHECK(filter.status == 1);
}

TEST_CASE("options of tcpdump that are not modelled are refused by name before a run") {
  FixtureNode node;
  for (const auto& [line, word] :
       {std::pair("tcpdump -nn", "-i"), std::pair("tcpdump -i ens5", "-n"),
        std::pair("tcpdump -nn -i ens5 -w x.pcap", "'-w'"), std::pair("tcpdump -nnXi ens5", "'-X'"),
        std::pair("tcpdump -nn -i ens5 -c 0", "0"), std::pair("tcpdump -nn -i", "-i")}) {
    INFO(line);
    const std::string text = typed(node.world, "node", line);
    CHECK(text.starts_with("refused: tcpdump: "));
    CHECK(text.find(word) != std::string::npos);
  }
}
