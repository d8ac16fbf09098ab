#include "sim/packet/headers.hh"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "sim/packet/build.hh"
#include "sim/packet/checksum.hh"
#include "sim/packet/parse.hh"
#include "tests/support/packet/packet_text.hh"
#include "tests/support/text/aborts.hh"

using namespace ekspath;

TEST_CASE("whatever field of an IPv4 header changes, its checksum stays right") {
  CHECK(rc::check([](std::uint32_t source, std::uint32_t destination, std::uint8_t ttl, std::uint8_t tos) {
    PacketPool pool;
    const PacketRef sent = packet(pool, "10.0.0.5.4242 > 8.8.8.8.53: UDP 12");
    Ipv4View ip = ipv4(*sent);
    ip.source(Ipv4Address(source));
    ip.destination(Ipv4Address(destination));
    ip.ttl(ttl);
    ip.tos(tos);
    RC_ASSERT(checksum(sent->data(), 20) == 0);
    RC_ASSERT(ip.source().bits() == source);
    RC_ASSERT(ip.destination().bits() == destination);
    RC_ASSERT(ip.ttl() == ttl);
    RC_ASSERT(ip.tos() == tos);
    const std::uint16_t kept = ip.checksum_field();
    ip.refresh_checksum();
    RC_ASSERT(ip.checksum_field() == kept);
  }));
}

TEST_CASE("a router's decrement takes one from the TTL and nothing else") {
  PacketPool pool;
  const PacketRef sent = packet(pool, "10.0.0.5.4242 > 8.8.8.8.53: UDP 12, ttl 7, tos 16, id 9");
  ipv4(*sent).decrement_ttl();
  CHECK(describe(*sent) == "10.0.0.5.4242 > 8.8.8.8.53: UDP 12, ttl 6, tos 16, id 9");
}

TEST_CASE("fragments are told by offset and flag, and DF is neither") {
  PacketPool pool;
  const PacketRef whole = packet(pool, "10.0.0.5 > 8.8.8.8: protocol 17 len 16");
  const PacketRef first =
      packet(pool, "10.0.0.5 > 8.8.8.8: protocol 17 len 16, may fragment, more fragments");
  const PacketRef last = packet(pool, "10.0.0.5 > 8.8.8.8: protocol 17 len 16, may fragment, offset 1480");
  CHECK_FALSE(ipv4(*whole).is_fragment());
  CHECK(ipv4(*whole).dont_fragment());
  CHECK(ipv4(*first).is_fragment());
  CHECK(ipv4(*first).more_fragments());
  CHECK(ipv4(*first).fragment_offset() == 0);
  CHECK(ipv4(*last).is_fragment());
  CHECK_FALSE(ipv4(*last).more_fragments());
  CHECK(ipv4(*last).fragment_offset() == 1480);
}

TEST_CASE("an ARP request says who asks and for whom") {
  PacketPool pool;
  const PacketRef asked =
      frame(pool, "02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff | ARP who-has 10.0.0.1 tell 10.0.0.5");
  CHECK(asked->size() == 42);
  CHECK(ethernet(*asked).type() == 0x0806);
  CHECK(ethernet(*asked).destination().is_broadcast());
  const ArpView arp{asked->network()};
  CHECK(arp.is_ethernet_ipv4());
  CHECK(arp.operation() == ArpView::request);
  CHECK(arp.target() == Ipv4Address(10, 0, 0, 1));
  CHECK(arp.sender() == Ipv4Address(10, 0, 0, 5));
  CHECK(arp.target_mac().is_zero());
}

TEST_CASE("a UDP checksum that comes out as zero is sent as all ones") {
  // RFC 768: zero means that there is none. The payload is chosen so that the sum is 0xffff.
  PacketPool pool;
  const PacketRef sent = packet(pool, "10.0.0.5.4242 > 8.8.8.8.53: UDP 2");
  const std::uint16_t with_payload_1 = udp_header(*sent).checksum_field();
  const std::uint16_t payload = load16(sent->transport() + 8);
  store16(sent->transport() + 8, static_cast<std::uint16_t>(payload + with_payload_1));
  refresh_transport_checksum(*sent);
  CHECK(udp_header(*sent).checksum_field() == 0xffff);
  CHECK(transport_is_sound(*sent));
}

TEST_CASE("a refreshed checksum repairs TCP, UDP and ICMP") {
  PacketPool pool;
  for (const char* text :
       {"10.0.0.5.4242 > 8.8.8.8.53: UDP 13", "10.0.0.5.4242 > 8.8.8.8.80: TCP S seq 100 len 7",
        "10.0.0.5 > 8.8.8.8: ICMP echo request id 7 seq 1 len 55"}) {
    const PacketRef sent = packet(pool, fmt::format("{}, bad checksum", text));
    CHECK_FALSE(transport_is_sound(*sent));
    refresh_transport_checksum(*sent);
    CHECK(transport_is_sound(*sent));
    CHECK(describe(*sent) == text);
  }
}

TEST_CASE("a UDP datagram's checksum ends where its own length ends") {
  PacketPool pool;
  const PacketRef sent = packet(pool, "10.0.0.5.4242 > 8.8.8.8.53: UDP 12");
  store16(sent->transport() + 4, 12);  // 8 of the 12 bytes are padding
  refresh_transport_checksum(*sent);
  CHECK(transport_is_sound(*sent));
}

TEST_CASE("the largest IPv4 packet has 65535 bytes, and a larger one is a fault of ours") {
  PacketPool pool;
  const PacketRef sent = pool.allocate(65535);
  (void)sent->append(65515);
  push_ipv4(*sent, {});
  CHECK(ipv4(*sent).total_length() == 65535);
  sent->pull(19);
  CHECK(abort_message([&] { push_ipv4(*sent, {}); }) != "");
}
