#include "sim/linux/conntrack/translate.hh"

#include <doctest/doctest.h>

#include "sim/packet/headers.hh"
#include "sim/packet/parse.hh"
#include "tests/support/packet/packet_text.hh"

using namespace ekspath;

namespace {

/// describe() shows a wrong checksum as such, so equal texts mean right checksums.
std::string translated(std::string_view text, const Tuple& target, Side side) {
  PacketPool pool;
  PacketRef changed = packet(pool, text);
  translate(*changed, target, side);
  return describe(*changed);
}

const Ipv4Address node(192, 168, 1, 251);
const Ipv4Address server(8, 8, 8, 8);

/// A pod's flow to 8.8.8.8, SNATed to the node's port 46786.
Connection snated() {
  Connection connection;
  connection.original = {Ipv4Address(10, 0, 0, 5), server, 4242, 53, 17};
  connection.reply = {server, node, 53, 46786, 17};
  connection.status = connection_status::confirmed | connection_status::src_nat |
                      connection_status::src_nat_done | connection_status::dst_nat_done;
  return connection;
}

/// A flow to the service address 10.100.0.10:80, DNATed to the pod 10.0.0.9:8080.
Connection dnated() {
  Connection connection;
  connection.original = {Ipv4Address(10, 0, 0, 5), Ipv4Address(10, 100, 0, 10), 4242, 80, 6};
  connection.reply = {Ipv4Address(10, 0, 0, 9), Ipv4Address(10, 0, 0, 5), 8080, 4242, 6};
  connection.status = connection_status::confirmed | connection_status::dst_nat |
                      connection_status::src_nat_done | connection_status::dst_nat_done;
  return connection;
}

std::string error_translated(std::string_view text, const Connection& connection, CtInfo info,
                             std::initializer_list<Hook> hooks) {
  PacketPool pool;
  PacketRef changed = packet(pool, text);
  changed->meta.ct_info = info;
  for (const Hook hook : hooks) {
    if (translate_icmp_error(*changed, connection, hook) != ErrorTranslation::done) return "dropped";
  }
  return describe(*changed);
}

}  // namespace

TEST_CASE("addresses, ports and checksums change together") {
  const Tuple out{node, server, 46786, 53, 17};
  CHECK(translated("10.0.0.5.4242 > 8.8.8.8.53: UDP 12", out, Side::source) ==
        "192.168.1.251.46786 > 8.8.8.8.53: UDP 12");
  CHECK(translated("10.0.0.5.4242 > 8.8.8.8.53: TCP S seq 7", {node, server, 46786, 53, 6}, Side::source) ==
        "192.168.1.251.46786 > 8.8.8.8.53: TCP S seq 7");
  CHECK(translated("10.0.0.5.4242 > 10.100.0.10.80: TCP . len 5",
                   {Ipv4Address(10, 0, 0, 5), Ipv4Address(10, 0, 0, 9), 4242, 8080, 6},
                   Side::destination) == "10.0.0.5.4242 > 10.0.0.9.8080: TCP . len 5");
  CHECK(translated("10.0.0.5 > 8.8.8.8: ICMP echo request id 7 seq 1 len 56", {node, server, 28755, 0x800, 1},
                   Side::source) == "192.168.1.251 > 8.8.8.8: ICMP echo request id 28755 seq 1 len 56");
}

TEST_CASE("a UDP packet without a checksum gets none") {
  PacketPool pool;
  PacketRef changed = packet(pool, "10.0.0.5.4242 > 8.8.8.8.53: UDP 12");
  store16(changed->transport() + 6, 0);
  translate(*changed, {node, server, 46786, 53, 17}, Side::source);
  CHECK(udp_header(*changed).checksum_field() == 0);
  CHECK(udp_header(*changed).source_port() == 46786);
}

TEST_CASE("a UDP checksum that becomes zero is written as ffff") {
  PacketPool pool;
  for (std::uint32_t port = 1; port < 65536; ++port) {
    PacketRef changed = packet(pool, "10.0.0.5.4242 > 8.8.8.8.53: UDP 12");
    translate(*changed, {Ipv4Address(10, 0, 0, 5), server, static_cast<std::uint16_t>(port), 53, 17},
              Side::source);
    if (udp_header(*changed).checksum_field() == 0) FAIL("zero means: no checksum");
  }
}

TEST_CASE("an unknown protocol has its addresses changed only") {
  CHECK(translated("10.0.0.5 > 8.8.8.8: protocol 99 len 10", {node, server, 0, 0, 99}, Side::source) ==
        "192.168.1.251 > 8.8.8.8: protocol 99 len 10");
}

TEST_CASE("an error about a SNATed flow keeps its own source: traceroute shows the real router") {
  CHECK(error_translated(
            "10.9.9.9 > 192.168.1.251: ICMP 11/0 [192.168.1.251.46786 > 8.8.8.8.53: UDP 12, ttl 1]", snated(),
            CtInfo::related_reply, {Hook::pre_routing, Hook::post_routing}) ==
        "10.9.9.9 > 10.0.0.5: ICMP 11/0 [10.0.0.5.4242 > 8.8.8.8.53: UDP 12, ttl 1]");
}

TEST_CASE("an error about a DNATed flow seems to come from the original destination, whoever sent it") {
  CHECK(error_translated("10.2.0.2 > 10.0.0.5: ICMP 3/1 [10.0.0.5.4242 > 10.0.0.9.8080: TCP S seq 3]",
                         dnated(), CtInfo::related_reply, {Hook::pre_routing, Hook::post_routing}) ==
        "10.100.0.10 > 10.0.0.5: ICMP 3/1 [10.0.0.5.4242 > 10.100.0.10.80: TCP S seq 3]");
}

TEST_CASE("an error that the client sends about an answer is translated the other way") {
  CHECK(error_translated("10.0.0.5 > 8.8.8.8: ICMP 3/3 [8.8.8.8.53 > 10.0.0.5.4242: UDP 40]", snated(),
                         CtInfo::related, {Hook::pre_routing, Hook::post_routing}) ==
        "192.168.1.251 > 8.8.8.8: ICMP 3/3 [8.8.8.8.53 > 192.168.1.251.46786: UDP 40]");
}

TEST_CASE("a quote that ends before TCP's checksum has its ports changed") {
  PacketPool pool;
  PacketRef changed =
      packet(pool, "10.2.0.2 > 10.0.0.5: ICMP 11/0 [10.0.0.5.4242 > 10.0.0.9.8080: TCP S seq 3, cut to 28]");
  changed->meta.ct_info = CtInfo::related_reply;
  for (const Hook hook : {Hook::pre_routing, Hook::post_routing}) {
    CHECK(translate_icmp_error(*changed, dnated(), hook) == ErrorTranslation::done);
  }
  const std::uint8_t* quoted_transport = changed->transport() + 8 + 20;
  CHECK(load16(quoted_transport) == 4242);
  CHECK(load16(quoted_transport + 2) == 80);
  CHECK(transport_is_sound(*changed));
}

TEST_CASE("an error about an untranslated flow passes as it is") {
  Connection connection = snated();
  connection.status = connection_status::confirmed;
  const char* text = "10.9.9.9 > 192.168.1.251: ICMP 11/0 [192.168.1.251.46786 > 8.8.8.8.53: UDP 12, ttl 1]";
  CHECK(error_translated(text, connection, CtInfo::related_reply, {Hook::pre_routing, Hook::post_routing}) ==
        text);
}

TEST_CASE("NAT drops a redirect for a translated flow, and for one that has not met both hooks yet") {
  const char* text =
      "10.0.0.1 > 10.0.0.5: ICMP 5/1 gateway 10.0.0.9 [10.0.0.5.4242 > 10.0.0.9.8080: TCP S seq 3]";
  CHECK(error_translated(text, dnated(), CtInfo::related_reply, {Hook::local_out}) == "dropped");
  Connection fresh = dnated();
  fresh.status = connection_status::dst_nat_done;
  CHECK(error_translated(text, fresh, CtInfo::related_reply, {Hook::local_out}) == "dropped");
  Connection untranslated = dnated();
  untranslated.status = connection_status::dst_nat_done | connection_status::src_nat_done;
  CHECK(error_translated(text, untranslated, CtInfo::related_reply, {Hook::local_out}) == text);
}
