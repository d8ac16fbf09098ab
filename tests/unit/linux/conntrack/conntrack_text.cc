#include <doctest/doctest.h>

#include "sim/linux/conntrack/conntrack.hh"

using namespace ekspath;
using namespace ekspath::literals;

namespace {

/// fixtures/linux/conntrack-E.txt: an http request of a pod through a node that masquerades.
Connection http() {
  Connection connection;
  connection.original = {Ipv4Address(192, 168, 1, 101), Ipv4Address(203, 0, 113, 8), 40095, 80, 6};
  connection.reply = {Ipv4Address(203, 0, 113, 8), Ipv4Address(192, 168, 1, 251), 80, 4297, 6};
  connection.mark = 128;
  connection.tcp = TcpState::syn_sent;
  connection.expires = 120_s;
  return connection;
}

}  // namespace

TEST_CASE("events are printed as conntrack -E does") {
  Connection connection = http();
  CHECK(
      conntrack_event_line(Conntrack::Change::created, connection, 0_s) ==
      "    [NEW] tcp      6 120 SYN_SENT src=192.168.1.101 dst=203.0.113.8 sport=40095 dport=80 [UNREPLIED] "
      "src=203.0.113.8 dst=192.168.1.251 sport=80 dport=4297 mark=128");
  connection.status = connection_status::seen_reply | connection_status::assured;
  connection.tcp = TcpState::established;
  connection.expires = 432000_s;
  CHECK(conntrack_event_line(Conntrack::Change::updated, connection, 0_s) ==
        " [UPDATE] tcp      6 432000 ESTABLISHED src=192.168.1.101 dst=203.0.113.8 sport=40095 dport=80 "
        "src=203.0.113.8 dst=192.168.1.251 sport=80 dport=4297 [ASSURED] mark=128");
  connection.mark = 0;
  CHECK(conntrack_event_line(Conntrack::Change::destroyed, connection, 0_s) ==
        "[DESTROY] tcp      6 src=192.168.1.101 dst=203.0.113.8 sport=40095 dport=80 src=203.0.113.8 "
        "dst=192.168.1.251 sport=80 dport=4297 [ASSURED]");
}

TEST_CASE("an ICMP entry is printed with type, code and id of both directions") {
  Connection connection;
  connection.original = {Ipv4Address(192, 168, 1, 101), Ipv4Address(203, 0, 113, 8), 551, 0x0800, 1};
  connection.reply = {Ipv4Address(203, 0, 113, 8), Ipv4Address(192, 168, 1, 251), 25999, 0, 1};
  connection.status = connection_status::seen_reply;
  connection.mark = 128;
  connection.expires = 30_s;
  CHECK(conntrack_line(connection, 2_s + 1_ms) ==
        "icmp     1 27 src=192.168.1.101 dst=203.0.113.8 type=8 code=0 id=551 src=203.0.113.8 "
        "dst=192.168.1.251 "
        "type=0 code=0 id=25999 mark=128 use=1");
}
