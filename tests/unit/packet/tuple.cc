#include "sim/packet/tuple.hh"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <set>

#include "tests/support/packet/packet_text.hh"

using namespace ekspath;

namespace {

std::string tuple_text(const char* text) {
  PacketPool pool;
  return fmt::format("{}", tuple_of(*packet(pool, text)));
}

std::string reply_text(const char* text) {
  PacketPool pool;
  return fmt::format("{}", tuple_of(*packet(pool, text)).reply());
}

}  // namespace

TEST_CASE("a tuple reads as one direction of a flow") {
  CHECK(tuple_text("10.0.0.5.4242 > 8.8.8.8.53: UDP 12") == "10.0.0.5:4242 > 8.8.8.8:53 udp");
  CHECK(tuple_text("10.0.0.5.4242 > 8.8.8.8.80: TCP S") == "10.0.0.5:4242 > 8.8.8.8:80 tcp");
  CHECK(tuple_text("10.0.0.5 > 8.8.8.8: ICMP echo request id 7 seq 3") ==
        "10.0.0.5 > 8.8.8.8 icmp echo request id 7");
  CHECK(tuple_text("8.8.8.8 > 10.0.0.5: ICMP echo reply id 7 seq 3") ==
        "8.8.8.8 > 10.0.0.5 icmp echo reply id 7");
  CHECK(tuple_text("8.8.8.8 > 10.0.0.5: ICMP 3/4 mtu 1400") == "8.8.8.8 > 10.0.0.5 icmp type 3 code 4");
  CHECK(tuple_text("10.0.0.5 > 8.8.8.8: protocol 47 len 10") == "10.0.0.5 > 8.8.8.8 47");
}

TEST_CASE("the reply of a flow comes from where it went, and back to where it came from") {
  CHECK(reply_text("10.0.0.5.4242 > 8.8.8.8.53: UDP 12") == "8.8.8.8:53 > 10.0.0.5:4242 udp");
  CHECK(reply_text("10.0.0.5 > 8.8.8.8: ICMP echo request id 7") ==
        "8.8.8.8 > 10.0.0.5 icmp echo reply id 7");
  CHECK(reply_text("10.0.0.5 > 8.8.8.8: ICMP 13/0 rest 458753") == "8.8.8.8 > 10.0.0.5 icmp type 14 code 0");
}

TEST_CASE("the reply of a reply is the flow itself") {
  CHECK(rc::check([](std::uint32_t source, std::uint32_t destination, std::uint16_t from, std::uint16_t to) {
    for (const unsigned protocol : {6U, 17U, 132U}) {
      const Tuple tuple{Ipv4Address(source), Ipv4Address(destination), from, to,
                        static_cast<std::uint8_t>(protocol)};
      RC_ASSERT(tuple.reply().reply() == tuple);
    }
    for (const unsigned type : {0U, 8U, 13U, 14U, 15U, 16U, 17U, 18U}) {
      const Tuple tuple{Ipv4Address(source), Ipv4Address(destination), from,
                        static_cast<std::uint16_t>(type << 8), 1};
      RC_ASSERT(tuple.reply().reply() == tuple);
      RC_ASSERT(tuple.reply() != tuple);
    }
  }));
}

TEST_CASE("a later fragment has no ports") {
  CHECK(tuple_text("10.0.0.5 > 8.8.8.8: protocol 17 len 16, may fragment, offset 1480") ==
        "10.0.0.5:0 > 8.8.8.8:0 udp");
}

TEST_CASE("the hash of a tuple is the same on every machine, and every field counts in it") {
  const Tuple tuple{Ipv4Address(10, 0, 0, 5), Ipv4Address(8, 8, 8, 8), 4242, 53, 17};
  const TupleHash hash;
  CHECK(hash(tuple) == 0x4ef4b39ecfe7ffe0);
  std::set<std::size_t> hashes{hash(tuple), hash(tuple.reply())};
  Tuple other = tuple;
  other.source = other.source.plus(1);
  hashes.insert(hash(other));
  other = tuple;
  other.destination = other.destination.plus(1);
  hashes.insert(hash(other));
  other = tuple;
  ++other.source_port;
  hashes.insert(hash(other));
  other = tuple;
  ++other.destination_port;
  hashes.insert(hash(other));
  other = tuple;
  other.protocol = 6;
  hashes.insert(hash(other));
  CHECK(hashes.size() == 7);
}

TEST_CASE("neighbouring flows fall into different buckets, whichever bits choose one") {
  // 4,096 flows of one pod to one server: ports in a row are what a hash of a flow meets most.
  std::set<std::size_t> low;
  std::set<std::size_t> high;
  for (std::uint16_t port = 32768; port < 32768 + 4096; ++port) {
    const std::size_t hash = TupleHash()({Ipv4Address(10, 0, 0, 5), Ipv4Address(8, 8, 8, 8), port, 80, 6});
    low.insert(hash & 0xfff);
    high.insert(hash >> 52);
  }
  // A random function leaves 1/e of the buckets empty: 2,589 of 4,096 are filled.
  CHECK(low.size() > 2400);
  CHECK(high.size() > 2400);
}
