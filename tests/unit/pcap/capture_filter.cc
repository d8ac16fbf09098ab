#include "pcap/capture_filter.hh"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "pcap/filter_names.hh"
#include "pcap/linux_sll2.hh"
#include "sim/packet/build.hh"

using namespace ekspath;

namespace {

constexpr Ipv4Address pod1(192, 168, 1, 101);
constexpr Ipv4Address dns(8, 8, 8, 8);
const FilterNames names{{"pod1", {pod1}},
                        {"node1", {Ipv4Address(192, 168, 1, 251), Ipv4Address(192, 168, 1, 60)}},
                        {"dns.google", {dns}},
                        {"nginx-5d5c-x7", {Ipv4Address(192, 168, 1, 7)}},
                        {"http", {Ipv4Address(10, 0, 0, 1)}},
                        {"icmp", {Ipv4Address(10, 0, 0, 2)}}};

PacketRef udp_packet(PacketPool& pool, Ipv4Address source, Ipv4Address destination, std::uint16_t port) {
  PacketRef packet = pool.allocate(64);
  push_udp(*packet, {source, destination, 40000, port});
  push_ipv4(*packet, {source, destination, 17, 64, 0, 0, true});
  push_ethernet(*packet, MacAddress{{2, 0, 0, 0, 0, 2}}, MacAddress{{2, 0, 0, 0, 0, 1}}, EtherType::ipv4);
  return packet;
}

bool matches(std::string_view expression, const Packet& packet) {
  Diagnostics diagnostics;
  const auto filter = CaptureFilter::compile(expression, LinkType::ethernet, names, {}, diagnostics);
  CAPTURE(diagnostics.text());
  REQUIRE(filter);
  return filter->matches(packet.bytes());
}

std::string error_of(std::string_view expression, LinkType link_type = LinkType::ethernet) {
  Diagnostics diagnostics;
  const auto filter = CaptureFilter::compile(expression, link_type, names, {"lab.yaml", 7, 9}, diagnostics);
  CHECK(!filter);
  REQUIRE(diagnostics.errors().size() == 1);
  return to_string(diagnostics.errors().front());
}

std::string resolved(std::string_view expression) {
  const ResolvedFilter filter = resolve_filter_names(expression, names);
  CAPTURE(filter.found);
  CHECK(filter.found.empty());
  return filter.expression;
}

}  // namespace

TEST_CASE("a tcpdump expression matches what tcpdump would show") {
  PacketPool pool;
  const auto packet = udp_packet(pool, pod1, dns, 53);
  CHECK(matches("", *packet));
  CHECK(matches("udp port 53 and src 192.168.1.101", *packet));
  CHECK(matches("udp[4:2] = 8 and net 192.168.0.0/16", *packet));
  CHECK(!matches("tcp or icmp", *packet));
  CHECK(!matches("dst port 54", *packet));
  CHECK(matches("ether src 02:00:00:00:00:01", *packet));
  CHECK(matches("portrange 50-60", *packet));
}

TEST_CASE("pods, nodes and services may be written by name") {
  PacketPool pool;
  const auto packet = udp_packet(pool, pod1, dns, 53);
  CHECK(matches("src host pod1 and dst host dns.google", *packet));
  CHECK(matches("src pod1", *packet));
  CHECK(matches("udp and (dst dns.google or dst pod1)", *packet));
  CHECK(!matches("host nginx-5d5c-x7", *packet));
  CHECK(matches("host 10.0.0.1 or pod1", *packet));
}

TEST_CASE("a name with several addresses means any of them") {
  PacketPool pool;
  const auto packet = udp_packet(pool, Ipv4Address(192, 168, 1, 60), dns, 53);
  CHECK(matches("host node1", *packet));
  CHECK(matches("src node1 and udp", *packet));
  CHECK(matches("udp and not dst host node1", *packet));
  CHECK(!matches("not host node1", *packet));
  CHECK(resolved("host node1") == "host (192.168.1.251 or 192.168.1.60)");
}

TEST_CASE("a word is read as libpcap reads it: a keyword before a name, a backslash makes it a name") {
  CHECK(resolved("icmp and host pod1") == "icmp and host 192.168.1.101");
  CHECK(resolved("host \\icmp") == "host 10.0.0.2");
  CHECK(resolved("port http or host http") == "port 80 or host 10.0.0.1");
  CHECK(resolved("port 80 or 443") == "port 80 or 443");
  CHECK(resolved("tcp port (http or https)") == "tcp port (80 or 443)");
  CHECK(resolved("portrange http-8080") == "portrange 80-8080");
  CHECK(resolved("portrange 20-http-alt") == "portrange 20-8080");
  CHECK(resolved("ip proto \\tcp") == "ip proto 6");
  CHECK(resolved("ether proto \\arp") == "ether proto 2054");
  CHECK(resolved("tcp[tcpflags] & (tcp-syn|tcp-ack) != 0") == "tcp[tcpflags] & (tcp-syn|tcp-ack) != 0");
  CHECK(resolved("ip[2:2]-((ip[0]&0xf)<<2) > 0") == "ip[2:2]-((ip[0]&0xf)<<2) > 0");
  CHECK(resolved("ether host 0a:58:c0:a8:1:fb and ip6 host fe80::1") ==
        "ether host 0a:58:c0:a8:1:fb and ip6 host fe80::1");
}

TEST_CASE("a name that nobody gave is an error with a near miss, and the system's resolver is not asked") {
  CHECK(error_of("host pod2") ==
        "lab.yaml:7:9: filter 'host pod2': unknown name 'pod2'; expected an address, or the name of a pod, a "
        "node, a "
        "service or a host; did you mean 'pod1'?");
  CHECK(error_of("host localhost").find("unknown name 'localhost'") != std::string::npos);
  CHECK(error_of("net loopback").find("unknown name 'loopback'") != std::string::npos);
  CHECK(error_of("imcp").ends_with("did you mean 'icmp'?"));
  CHECK(error_of("host 1.2.3.4.5").find("unknown name '1.2.3.4.5'") != std::string::npos);
  CHECK(error_of("ether host localhost").find("expected a MAC address") != std::string::npos);
  CHECK(error_of("host abc:def").find("unknown name 'abc:def'") != std::string::npos);
}

TEST_CASE("services and protocols come from a table, never from /etc/services or /etc/protocols") {
  CHECK(error_of("port gopher").find("unknown service 'gopher'; expected a number, or one of ftp, ssh") !=
        std::string::npos);
  CHECK(error_of("port htpt").ends_with("did you mean 'http'?"));
  CHECK(error_of("port pod1").ends_with("write 'host pod1'"));
  CHECK(error_of("ip proto \\ospf").find("unknown protocol 'ospf'") != std::string::npos);
  CHECK(error_of("portrange gopher-80").find("'gopher-80' is no range of ports") != std::string::npos);
}

TEST_CASE("what libpcap refuses is told in its words") {
  CHECK(error_of("tcp port") ==
        "lab.yaml:7:9: filter 'tcp port': can't parse filter expression: syntax error; expected a tcpdump "
        "expression (man pcap-filter)");
  CHECK(error_of("host 999.1.1.1").find("999.1.1.1") != std::string::npos);
  CHECK(error_of("tcp and udp and icmp").find("expression rejects all packets") != std::string::npos);
  CHECK(error_of("inbound").find("not supported on Ethernet when reading savefiles") != std::string::npos);
  CHECK(error_of("ether host 02:00:00:00:00:01", LinkType::linux_sll2)
            .find("ethernet addresses supported only on") != std::string::npos);
  CHECK(error_of("on eth0").find("'on' selects an interface") != std::string::npos);
  CHECK(error_of("gateway pod1").find("'gateway' needs the system's resolver") != std::string::npos);
  CHECK(error_of(std::string("icmp\0tcp", 8)).find("character 0x00") != std::string::npos);
  CHECK(error_of(std::string(20000, '(')).find("20000 bytes; expected at most 16384") != std::string::npos);
}

TEST_CASE("on the any file direction and interface index can be asked for") {
  PacketPool pool;
  const auto packet = udp_packet(pool, pod1, dns, 53);
  const auto head = sll2_header({4, MacAddress{{2, 0, 0, 0, 0, 2}}, false}, Direction::in, packet->bytes());
  std::vector<std::uint8_t> bytes(head.begin(), head.end());
  const auto rest = packet->bytes().subspan(14);
  bytes.insert(bytes.end(), rest.begin(), rest.end());
  Diagnostics diagnostics;
  for (const auto& [expression, expected] :
       std::vector<std::pair<std::string, bool>>{{"inbound", true},
                                                 {"outbound", false},
                                                 {"ifindex 1000004", true},
                                                 {"ifindex 4", false},
                                                 {"udp port 53 and host pod1", true},
                                                 {"", true}}) {
    const auto filter = CaptureFilter::compile(expression, LinkType::linux_sll2, names, {}, diagnostics);
    CAPTURE(expression);
    REQUIRE(filter);
    CHECK(filter->matches(bytes) == expected);
  }
}
