#include "sim/linux/conntrack/unique_tuple.hh"

#include <doctest/doctest.h>

#include <set>

#include "tests/unit/linux/conntrack/tracking_host.hh"

using namespace ekspath;
using namespace ekspath::literals;

namespace {

NatRange node() { return to_address("192.168.1.251"); }

NatRange node_ports(std::uint16_t low, std::uint16_t high) {
  NatRange range = node();
  range.ports_specified = true;
  range.low_port = low;
  range.high_port = high;
  return range;
}

/// The port that a flow got, by its number in the reply; 0 when it was dropped.
int port_of(TrackingHost& host, std::string_view text, const NatRange& range) {
  PacketRef sent = host.seen(text);
  Hop hop{host.netns};
  if (!set_up_nat(hop, *sent, range, Side::source) || !host.conntrack.confirm(hop, sent)) return 0;
  const Tuple& reply = host.conntrack.of(*sent)->reply;
  return reply.protocol == 1 ? reply.source_port : reply.destination_port;
}

std::string udp(std::string_view source, int port, std::string_view destination = "8.8.8.8") {
  return fmt::format("{}.{} > {}.53: UDP 12", source, port, destination);
}

}  // namespace

TEST_CASE("SNAT keeps the port if it is free") {
  TrackingHost host;
  CHECK(host.translated(udp("10.0.0.5", 5000), node()) == "8.8.8.8:53 > 192.168.1.251:5000 udp");
}

TEST_CASE("a second pod with the same port and destination gets a random one of 1024-65535") {
  TrackingHost host;
  CHECK(port_of(host, udp("10.0.0.5", 5000), node()) == 5000);
  const int port = port_of(host, udp("10.0.0.6", 5000), node());
  CHECK(port != 5000);
  CHECK(port >= 1024);
}

TEST_CASE("towards another destination the same port is free") {
  TrackingHost host;
  CHECK(port_of(host, udp("10.0.0.5", 5000), node()) == 5000);
  CHECK(port_of(host, udp("10.0.0.6", 5000, "8.8.4.4"), node()) == 5000);
}

TEST_CASE("a source that is mapped already keeps its mapping towards other destinations") {
  TrackingHost host;
  port_of(host, udp("10.0.0.5", 5000), node());
  const int moved = port_of(host, udp("10.0.0.6", 5000), node());
  for (int server = 1; server <= 200; ++server) {
    CHECK(port_of(host, udp("10.0.0.6", 5000, fmt::format("203.0.113.{}", server)), node()) == moved);
  }
}

TEST_CASE("a mapping that is taken at the destination is not kept") {
  TrackingHost host;
  port_of(host, udp("10.0.0.5", 5000), node());
  const int moved = port_of(host, udp("10.0.0.6", 5000), node());
  port_of(host, udp("10.0.0.7", moved, "8.8.4.4"), node());
  CHECK(port_of(host, udp("10.0.0.6", 5000, "8.8.4.4"), node()) == 5000);
}

TEST_CASE("ports below 512 stay below 512, those below 1024 within 600 and 1023") {
  TrackingHost host;
  port_of(host, udp("10.0.0.5", 53), node());
  port_of(host, udp("10.0.0.5", 700), node());
  port_of(host, udp("10.0.0.5", 1024), node());
  for (int pod = 6; pod < 60; ++pod) {
    const std::string source = fmt::format("10.0.0.{}", pod);
    const int low = port_of(host, udp(source, 53), node());
    CHECK((low >= 1 && low <= 511));
    const int middle = port_of(host, udp(source, 700), node());
    CHECK((middle >= 600 && middle <= 1023));
    CHECK(port_of(host, udp(source, 1024), node()) >= 1024);
  }
}

TEST_CASE("an ICMP id plays the port, and may become any number") {
  TrackingHost host;
  const auto echo = [](std::string_view source) {
    return fmt::format("{} > 8.8.8.8: ICMP echo request id 7 seq 1", source);
  };
  CHECK(port_of(host, echo("10.0.0.5"), node()) == 7);
  std::set<int> ids;
  for (int pod = 6; pod < 30; ++pod) ids.insert(port_of(host, echo(fmt::format("10.0.0.{}", pod)), node()));
  CHECK(ids.size() == 24);
  CHECK(*ids.rbegin() > 1024);
  CHECK(ids.count(7) == 0);
}

TEST_CASE("--random and --random-fully draw a port even if the original is free") {
  for (const bool fully : {false, true}) {
    TrackingHost host;
    NatRange range = node();
    (fully ? range.random_fully : range.random) = true;
    int kept = 0;
    for (int port = 2000; port < 2100; ++port)
      kept += port_of(host, udp("10.0.0.5", port), range) == port ? 1 : 0;
    CHECK(kept < 5);
  }
}

TEST_CASE("--random-fully makes no use of a present mapping") {
  TrackingHost host;
  NatRange range = node();
  range.random_fully = true;
  std::set<int> ports;
  for (int server = 1; server <= 20; ++server) {
    ports.insert(port_of(host, udp("10.0.0.5", 5000, fmt::format("203.0.113.{}", server)), range));
  }
  CHECK(ports.size() > 15);
}

TEST_CASE("a range of ports keeps a port inside it and moves one outside into it") {
  TrackingHost host;
  CHECK(port_of(host, udp("10.0.0.5", 3001), node_ports(3000, 3002)) == 3001);
  const int port = port_of(host, udp("10.0.0.5", 9000), node_ports(3000, 3002));
  CHECK((port == 3000 || port == 3002));
}

TEST_CASE("a range without a free port drops the packet at the confirm: insert_failed and drop") {
  TrackingHost host;
  for (int pod = 5; pod < 8; ++pod) {
    CHECK(port_of(host, udp(fmt::format("10.0.0.{}", pod), 9000), node_ports(3000, 3002)) != 0);
  }
  CHECK(port_of(host, udp("10.0.0.8", 9000), node_ports(3000, 3002)) == 0);
  CHECK(host.conntrack.statistics().insert_failed == 1);
  CHECK(host.conntrack.statistics().drop == 1);
  CHECK(host.conntrack.count() == 3);
}

TEST_CASE("the low ranges can run out too, as the search gives up after ever fewer tries") {
  TrackingHost host;
  int dropped = 0;
  for (int pod = 0; pod < 600; ++pod) {
    dropped +=
        port_of(host, udp(fmt::format("10.0.{}.{}", pod / 200, pod % 200 + 1), 53), node()) == 0 ? 1 : 0;
  }
  CHECK(dropped >= 600 - 511);
}

TEST_CASE("an expired flow's port is free again") {
  TrackingHost host;
  port_of(host, udp("10.0.0.5", 5000), node());
  host.engine.run_until(30_s);
  CHECK(port_of(host, udp("10.0.0.6", 5000), node()) == 5000);
}

TEST_CASE("a null binding moves a port that another flow has taken") {
  TrackingHost host;
  CHECK(port_of(host, udp("10.0.0.5", 7000), node()) == 7000);
  // The node's own flow, which no rule matches: nf_nat_alloc_null_binding() keeps the address only.
  CHECK(port_of(host, udp("192.168.1.251", 7000), node()) != 7000);
}

TEST_CASE("DNAT to one port of one address takes it, whoever else has it") {
  TrackingHost host;
  NatRange range = to_address("10.0.0.9");
  range.ports_specified = true;
  range.low_port = range.high_port = 8080;
  CHECK(host.translated("10.0.0.5.4242 > 10.100.0.10.80: TCP S", range, Side::destination) ==
        "10.0.0.9:8080 > 10.0.0.5:4242 tcp");
}

TEST_CASE("DNAT to a range of ports keeps one inside it, and searches it from its beginning") {
  TrackingHost host;
  NatRange range = to_address("10.0.0.9");
  range.ports_specified = true;
  range.low_port = 8080;
  range.high_port = 8082;
  const auto reply_of = [&](int from, int to) {
    return host.translated(fmt::format("10.0.0.5.{} > 10.100.0.10.{}: TCP S", from, to), range,
                           Side::destination);
  };
  CHECK(reply_of(4242, 8081) == "10.0.0.9:8081 > 10.0.0.5:4242 tcp");
  CHECK(reply_of(4243, 80) == "10.0.0.9:8080 > 10.0.0.5:4243 tcp");
  // The same source again: 8080 answers it already.
  CHECK(reply_of(4242, 80) == "10.0.0.9:8080 > 10.0.0.5:4242 tcp");
  CHECK(reply_of(4242, 81) == "10.0.0.9:8082 > 10.0.0.5:4242 tcp");
}

TEST_CASE("DNAT without a port leaves the port as it is") {
  TrackingHost host;
  CHECK(host.translated("10.0.0.5.4242 > 10.100.0.10.80: TCP S", to_address("10.0.0.9"),
                        Side::destination) == "10.0.0.9:80 > 10.0.0.5:4242 tcp");
}

TEST_CASE("of a range of addresses the same source and destination get the same one") {
  NatRange range = to_address("192.168.1.10");
  range.high = Ipv4Address(192, 168, 1, 17);
  std::set<std::string> addresses;
  for (int server = 1; server <= 50; ++server) {
    std::set<std::string> same;
    for (int port = 1000; port < 1003; ++port) {
      TrackingHost host;
      PacketRef sent = host.seen(udp("10.0.0.5", port, fmt::format("203.0.113.{}", server)));
      Hop hop{host.netns};
      CHECK(set_up_nat(hop, *sent, range, Side::source));
      same.insert(fmt::format("{}", host.conntrack.of(*sent)->reply.destination));
    }
    CHECK(same.size() == 1);
    addresses.insert(*same.begin());
  }
  CHECK(addresses.size() == 8);
}

TEST_CASE("--persistent gives a source one address for all destinations") {
  NatRange range = to_address("192.168.1.10");
  range.high = Ipv4Address(192, 168, 1, 17);
  range.persistent = true;
  std::set<std::string> addresses;
  TrackingHost host;
  for (int server = 1; server <= 50; ++server) {
    PacketRef sent = host.seen(udp("10.0.0.5", 1000 + server, fmt::format("203.0.113.{}", server)));
    Hop hop{host.netns};
    CHECK(set_up_nat(hop, *sent, range, Side::source));
    addresses.insert(fmt::format("{}", host.conntrack.of(*sent)->reply.destination));
  }
  CHECK(addresses.size() == 1);
}

TEST_CASE("the draws of a namespace are the same in each run") {
  std::vector<int> runs[2];
  for (auto& ports : runs) {
    TrackingHost host;
    NatRange range = node();
    range.random_fully = true;
    for (int port = 2000; port < 2020; ++port) ports.push_back(port_of(host, udp("10.0.0.5", port), range));
  }
  CHECK(runs[0] == runs[1]);
}
