#include "pcap/flow_numbers.hh"

#include <doctest/doctest.h>

#include "sim/packet/build.hh"

using namespace ekspath;

namespace {

constexpr Ipv4Address pod(192, 168, 1, 101);
constexpr Ipv4Address node(192, 168, 1, 251);
constexpr Ipv4Address dns(8, 8, 8, 8);
constexpr MacAddress mac{{2, 0, 0, 0, 0, 1}};

}  // namespace

TEST_CASE("both directions of a connection have one number, and another connection the next") {
  FlowNumbers flows;
  const Tuple there{pod, dns, 40000, 53, 17};
  CHECK(flows.flow_of(there) == 1);
  CHECK(flows.flow_of(there.reply()) == 1);
  CHECK(flows.flow_of({pod, dns, 40001, 53, 17}) == 2);
  const Tuple echo{pod, dns, 7, 8 << 8, 1};
  CHECK(flows.flow_of(echo) == 3);
  CHECK(flows.flow_of(echo.reply()) == 3);
}

TEST_CASE("a translated tuple keeps the flow, and so does the answer to it") {
  FlowNumbers flows;
  const std::uint32_t flow = flows.flow_of({pod, dns, 40000, 53, 17});
  const Tuple outside{node, dns, 23456, 53, 17};
  flows.join(outside, flow);
  CHECK(flows.flow_of(outside.reply()) == flow);
}

TEST_CASE("an ICMP error belongs to the flow of the datagram that it quotes") {
  PacketPool pool;
  const PacketRef quoted = pool.allocate(64);
  push_udp(*quoted, {pod, dns, 40000, 33434});
  push_ipv4(*quoted, {pod, dns, 17, 1, 0, 0, true});
  const PacketRef error = pool.allocate(128);
  append_bytes(*error, quoted->bytes());
  push_icmp(*error, {11, 0, 0});
  push_ipv4(*error, {node, pod, 1, 64, 0, 0, true});
  push_ethernet(*error, mac, mac, EtherType::ipv4);
  CHECK(flow_tuple(error->bytes()) == Tuple{pod, dns, 40000, 33434, 17});
}

TEST_CASE("what is no IPv4, or cut short, has no tuple or one without ports") {
  PacketPool pool;
  CHECK(flow_tuple(build_arp(pool, mac, {})->bytes()) == Tuple{});
  CHECK(flow_tuple({}) == Tuple{});
  const PacketRef packet = pool.allocate(64);
  push_udp(*packet, {pod, dns, 40000, 53});
  push_ipv4(*packet, {pod, dns, 17, 64, 0, 0, true});
  push_ethernet(*packet, mac, mac, EtherType::ipv4);
  CHECK(flow_tuple(packet->bytes()) == Tuple{pod, dns, 40000, 53, 17});
  CHECK(flow_tuple(packet->bytes().first(34 + 7)) == Tuple{pod, dns, 0, 0, 17});
  CHECK(flow_tuple(packet->bytes().first(33)) == Tuple{});
}

TEST_CASE("memory is bounded: long unused connections are forgotten, used ones stay") {
  FlowNumbers flows;
  const Tuple kept{pod, dns, 1, 1, 6};
  CHECK(flows.flow_of(kept) == 1);
  for (std::uint32_t i = 0; i < 1'200'000; ++i) {
    (void)flows.flow_of({Ipv4Address(i), dns, 7, 7, 6});
    if (i % 100'000 == 0) CHECK(flows.flow_of(kept) == 1);
  }
  CHECK(flows.flow_of({Ipv4Address(0), dns, 7, 7, 6}) == 1'200'002);
}
