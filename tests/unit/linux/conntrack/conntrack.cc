#include "sim/linux/conntrack/conntrack.hh"

#include <doctest/doctest.h>

#include "sim/packet/headers.hh"

#include "tests/unit/linux/conntrack/tracking_host.hh"

using namespace ekspath;
using namespace ekspath::literals;

namespace {

const char* const question = "10.0.0.5.4242 > 8.8.8.8.53: UDP 12";
const char* const answer = "8.8.8.8.53 > 10.0.0.5.4242: UDP 40";

}  // namespace

TEST_CASE("a new flow is NEW, an answer makes both directions ESTABLISHED") {
  TrackingHost host;
  CHECK(host.pass(question) == "NEW");
  CHECK(host.pass(question) == "NEW");
  CHECK(host.pass(answer) == "ESTABLISHED reply");
  CHECK(host.pass(question) == "ESTABLISHED");
  CHECK(host.conntrack.count() == 1);
}

TEST_CASE("an entry is printed as conntrack -L does") {
  TrackingHost host;
  host.pass(question);
  CHECK(host.line() ==
        "udp      17 30 src=10.0.0.5 dst=8.8.8.8 sport=4242 dport=53 [UNREPLIED] src=8.8.8.8 dst=10.0.0.5 "
        "sport=53 "
        "dport=4242 mark=0 use=1");
  host.run_for(1_ms);
  CHECK(host.line().substr(0, 15) == "udp      17 29 ");
}

TEST_CASE("a packet that dies before the confirm leaves no entry") {
  TrackingHost host;
  PacketRef sent = host.seen(question);
  CHECK(host.lines().empty());
  host.conntrack.release(*sent);
  CHECK(host.conntrack.count() == 0);
  CHECK(!sent->meta.connection);
}

TEST_CASE("release leaves a confirmed entry alone") {
  TrackingHost host;
  host.pass(question);
  PacketRef again = host.seen(question);
  host.conntrack.release(*again);
  CHECK(host.lines().size() == 1);
}

TEST_CASE(
    "UDP: an answer clears UNREPLIED; 120 s and ASSURED only for a packet two seconds after the start") {
  TrackingHost host;
  host.pass(question);
  host.pass(answer);
  host.run_for(2_s);
  host.pass(question);
  CHECK(host.line() ==
        "udp      17 30 src=10.0.0.5 dst=8.8.8.8 sport=4242 dport=53 src=8.8.8.8 dst=10.0.0.5 sport=53 "
        "dport=4242 "
        "mark=0 use=1");
  host.run_for(1_ms);
  host.pass(question);
  CHECK(host.line() ==
        "udp      17 120 src=10.0.0.5 dst=8.8.8.8 sport=4242 dport=53 src=8.8.8.8 dst=10.0.0.5 sport=53 "
        "dport=4242 "
        "[ASSURED] mark=0 use=1");
}

TEST_CASE("ICMP: the id is the port, the answer does not end the entry, nothing makes it ASSURED") {
  TrackingHost host;
  CHECK(host.pass("10.0.0.5 > 8.8.8.8: ICMP echo request id 7 seq 1 len 56") == "NEW");
  CHECK(host.pass("8.8.8.8 > 10.0.0.5: ICMP echo reply id 7 seq 1 len 56") == "ESTABLISHED reply");
  host.run_for(3_s);
  CHECK(host.pass("10.0.0.5 > 8.8.8.8: ICMP echo request id 7 seq 2 len 56") == "ESTABLISHED");
  CHECK(host.line() ==
        "icmp     1 30 src=10.0.0.5 dst=8.8.8.8 type=8 code=0 id=7 src=8.8.8.8 dst=10.0.0.5 type=0 code=0 "
        "id=7 mark=0 "
        "use=1");
}

TEST_CASE("of ICMP only questions with answers begin a flow") {
  for (const auto& [type, state] : std::vector<std::pair<int, std::string>>{{8, "NEW"},
                                                                            {13, "NEW"},
                                                                            {15, "NEW"},
                                                                            {17, "NEW"},
                                                                            {0, "INVALID"},
                                                                            {14, "INVALID"},
                                                                            {9, "INVALID"},
                                                                            {10, "INVALID"},
                                                                            {42, "INVALID"}}) {
    TrackingHost host;
    CAPTURE(type);
    CHECK(host.pass(fmt::format("10.0.0.5 > 8.8.8.8: ICMP {}/0 rest 458753 len 12", type)) == state);
    CHECK(host.conntrack.count() == (state == "NEW" ? 1 : 0));
  }
}

TEST_CASE("an unknown protocol has 600 s and no ports") {
  TrackingHost host;
  host.pass("10.0.0.5 > 8.8.8.8: protocol 99 len 10");
  CHECK(host.line() ==
        "unknown  99 600 src=10.0.0.5 dst=8.8.8.8 [UNREPLIED] src=8.8.8.8 dst=10.0.0.5 mark=0 use=1");
}

TEST_CASE("GRE has 30 s, and 180 when answered") {
  TrackingHost host;
  const auto pass_gre = [&](std::string_view text) {
    PacketRef sent = packet(host.pool, text);
    store32(sent->transport(), 0x00000800);  // version 0, of IPv4
    Hop hop{host.netns};
    CHECK(host.conntrack.in(Hook::pre_routing, hop, sent));
    CHECK(host.conntrack.confirm(hop, sent));
  };
  pass_gre("10.0.0.5 > 8.8.8.8: protocol 47 len 10");
  CHECK(host.line().substr(0, 15) == "gre      47 30 ");
  pass_gre("8.8.8.8 > 10.0.0.5: protocol 47 len 10");
  pass_gre("10.0.0.5 > 8.8.8.8: protocol 47 len 10");
  CHECK(host.line() ==
        "gre      47 180 src=10.0.0.5 dst=8.8.8.8 srckey=0x0 dstkey=0x0 src=8.8.8.8 dst=10.0.0.5 srckey=0x0 "
        "dstkey=0x0 [ASSURED] mark=0 use=1");
}

TEST_CASE("GRE of version 1 that carries no PPP is INVALID") {
  TrackingHost host;
  CHECK(host.pass("10.0.0.5 > 8.8.8.8: protocol 47 len 10") == "INVALID");  // its bytes are 0, 1, 2, ...
}

TEST_CASE(
    "an ICMP error that quotes a flow is RELATED, of whichever direction, and does not touch the entry") {
  TrackingHost host;
  host.pass(question);
  host.run_for(10_s);
  PacketRef error = host.seen("10.9.9.9 > 10.0.0.5: ICMP 11/0 [10.0.0.5.4242 > 8.8.8.8.53: UDP 12, ttl 1]");
  CHECK(host.state_of(error) == "RELATED reply");
  CHECK(host.conntrack.of(*error)->original.source_port == 4242);
  CHECK(host.line().substr(0, 15) == "udp      17 20 ");
  CHECK(host.line().find("UNREPLIED") != std::string::npos);
  CHECK(host.pass("10.0.0.5 > 8.8.8.8: ICMP 3/3 [8.8.8.8.53 > 10.0.0.5.4242: UDP 40]") == "RELATED");
}

TEST_CASE("each error type is RELATED, and other types that quote a flow are not") {
  for (const auto& [type, state] : std::vector<std::pair<int, std::string>>{{3, "RELATED reply"},
                                                                            {4, "RELATED reply"},
                                                                            {5, "RELATED reply"},
                                                                            {11, "RELATED reply"},
                                                                            {12, "RELATED reply"}}) {
    TrackingHost host;
    host.pass(question);
    CAPTURE(type);
    CHECK(host.pass(fmt::format("10.9.9.9 > 10.0.0.5: ICMP {}/0 [10.0.0.5.4242 > 8.8.8.8.53: UDP 12]",
                                type)) == state);
  }
}

TEST_CASE("an error that quotes no flow, or goes to somebody else, is INVALID and counted as an error") {
  TrackingHost host;
  host.pass(question);
  CHECK(host.pass("10.9.9.9 > 10.0.0.5: ICMP 11/0 [10.0.0.5.4243 > 8.8.8.8.53: UDP 12]") == "INVALID");
  CHECK(host.pass("10.9.9.9 > 10.0.0.6: ICMP 11/0 [10.0.0.5.4242 > 8.8.8.8.53: UDP 12]") == "INVALID");
  CHECK(host.pass("10.9.9.9 > 10.0.0.5: ICMP 11/0 [10.0.0.5.4242 > 8.8.8.8.53: UDP 12], bad checksum") ==
        "INVALID");
  CHECK(host.conntrack.statistics().error == 3);
}

TEST_CASE("an error that is related to no flow stays so, and each lookup of it is counted") {
  TrackingHost host;
  PacketRef error = packet(host.pool, "10.9.9.9 > 10.0.0.5: ICMP 3/0 [10.0.0.5.4242 > 8.8.8.8.53: UDP 12]");
  error->meta.ct_info = CtInfo::related;  // as the error about an UNTRACKED packet leaves the host
  Hop hop{host.netns};
  CHECK(host.conntrack.in(Hook::local_out, hop, error));
  CHECK(host.conntrack.in(Hook::pre_routing, hop, error));
  CHECK(error->meta.ct_info == CtInfo::related);
  CHECK_FALSE(error->meta.connection);
  CHECK(host.conntrack.statistics().error == 2);
}

TEST_CASE("a quote of eight bytes of transport is enough") {
  TrackingHost host;
  host.pass("10.0.0.5.4242 > 8.8.8.8.80: TCP S seq 100");
  CHECK(host.pass("10.9.9.9 > 10.0.0.5: ICMP 11/0 [10.0.0.5.4242 > 8.8.8.8.80: TCP S seq 100, cut to 28]") ==
        "RELATED reply");
}

TEST_CASE("wrong checksums and lengths of UDP are INVALID; no checksum is none to be wrong") {
  TrackingHost host;
  CHECK(host.pass("10.0.0.5.4242 > 8.8.8.8.53: UDP 12, bad checksum") == "INVALID");
  PacketRef unsummed = packet(host.pool, question);
  store16(unsummed->transport() + 6, 0);
  Hop hop{host.netns};
  CHECK(host.conntrack.in(Hook::pre_routing, hop, unsummed));
  CHECK(host.state_of(unsummed) == "NEW");
}

TEST_CASE("NOTRACK makes a packet UNTRACKED") {
  TrackingHost host;
  PacketRef sent = packet(host.pool, question);
  sent->meta.ct_forced_untracked = true;
  Hop hop{host.netns};
  CHECK(host.conntrack.in(Hook::pre_routing, hop, sent));
  CHECK(host.state_of(sent) == "UNTRACKED");
  CHECK(host.conntrack.count() == 0);
}

TEST_CASE("an entry is gone when its time is over, seen at the lookup") {
  TrackingHost host;
  host.pass(question);
  host.pass(answer);
  host.engine.run_until(30_s - 1_ns);
  CHECK(host.lines().size() == 1);
  host.run_for(1_ns);
  CHECK(host.lines().empty());
  CHECK(host.pass(question) == "NEW");
}

TEST_CASE("the sweep destroys what has expired without a packet, and then lets the world end") {
  TrackingHost host;
  std::vector<std::string> events;
  host.conntrack.listener = [&](Conntrack::Change change, const Connection& connection) {
    events.push_back(fmt::format("{} {}", static_cast<int>(change), connection.original));
  };
  host.pass(question);
  host.engine.run();
  CHECK(host.engine.now() == 30_s);
  CHECK(host.conntrack.count() == 0);
  CHECK(events ==
        std::vector<std::string>{"0 10.0.0.5:4242 > 8.8.8.8:53 udp", "2 10.0.0.5:4242 > 8.8.8.8:53 udp"});
}

TEST_CASE("every valid packet restarts the timer") {
  TrackingHost host;
  host.pass(question);
  host.run_for(20_s);
  host.pass(question);
  host.run_for(20_s);
  CHECK(host.line().substr(0, 15) == "udp      17 10 ");
}

TEST_CASE(
    "events are told as conntrack -E shows them: one at the confirm, with all that the packet changed") {
  TrackingHost host;
  std::vector<std::string> events;
  host.conntrack.listener = [&](Conntrack::Change change, const Connection& connection) {
    events.push_back((change == Conntrack::Change::created ? "NEW " : "UPDATE ") +
                     conntrack_line(connection, host.engine.now()).substr(9, 18));
  };
  host.pass("10.0.0.5.4242 > 8.8.8.8.80: TCP S seq 100");
  host.pass("8.8.8.8.80 > 10.0.0.5.4242: TCP S. seq 500 ack 101");
  host.pass("10.0.0.5.4242 > 8.8.8.8.80: TCP . seq 101 ack 501");
  host.pass("10.0.0.5.4242 > 8.8.8.8.80: TCP P. seq 101 ack 501 len 10");
  CHECK(events == std::vector<std::string>{"NEW 6 120 SYN_SENT src",
                                           "UPDATE 6 60 SYN_RECV src=", "UPDATE 6 432000 ESTABLISH"});
}

TEST_CASE("a changed mark is an event, and kept when set before the confirm") {
  TrackingHost host;
  int updates = 0;
  host.conntrack.listener = [&](Conntrack::Change change, const Connection&) {
    updates += change == Conntrack::Change::updated ? 1 : 0;
  };
  PacketRef sent = host.seen(question);
  host.conntrack.of(*sent)->mark = 0x80;
  Hop hop{host.netns};
  CHECK(host.conntrack.confirm(hop, sent));
  CHECK(updates == 0);
  CHECK(host.line().find("mark=128 ") != std::string::npos);
  sent = host.seen(question);
  host.conntrack.of(*sent)->mark = 0;
  CHECK(host.conntrack.confirm(hop, sent));
  CHECK(updates == 1);
}

TEST_CASE("a full table gives up an unanswered entry for a new flow") {
  TrackingHost host;
  host.netns.sysctls.write().nf_conntrack_max = host.netns.sysctls.write().nf_conntrack_buckets = 10;
  for (int port = 1; port <= 50; ++port) {
    CHECK(host.pass(fmt::format("10.0.0.5.{} > 8.8.8.8.53: UDP 12", port)) == "NEW");
  }
  CHECK(host.conntrack.count() == 10);
  CHECK(host.conntrack.statistics().early_drop == 40);
}

TEST_CASE("a full table with far more buckets than entries finds nothing to give up") {
  TrackingHost host;
  host.netns.sysctls.write().nf_conntrack_max = 3;
  for (int port = 1; port <= 3; ++port) host.pass(fmt::format("10.0.0.5.{} > 8.8.8.8.53: UDP 12", port));
  CHECK(host.pass(question) == "dropped");
  CHECK(host.conntrack.statistics().drop == 1);
}

TEST_CASE("a table full of ASSURED flows drops every new one at the conntrack hook") {
  TrackingHost host;
  host.netns.sysctls.write().nf_conntrack_max = 4;
  for (int port = 1; port <= 4; ++port) {
    host.pass(fmt::format("10.0.0.5.{} > 8.8.8.8.80: TCP S seq 100", port));
    host.pass(fmt::format("8.8.8.8.80 > 10.0.0.5.{}: TCP S. seq 500 ack 101", port));
    host.pass(fmt::format("10.0.0.5.{} > 8.8.8.8.80: TCP . seq 101 ack 501", port));
  }
  CHECK(host.pass("10.0.0.5.5 > 8.8.8.8.80: TCP S seq 100") == "dropped");
  CHECK(host.conntrack.statistics().drop == 1);
  CHECK(host.conntrack.count() == 4);
}

TEST_CASE("erase_if deletes and returns what it deleted") {
  TrackingHost host;
  host.pass(question);
  host.pass("10.0.0.6.4242 > 8.8.8.8.53: UDP 12");
  const auto erased = host.conntrack.erase_if(
      [](const Connection& connection) { return connection.original.source == Ipv4Address(10, 0, 0, 6); });
  REQUIRE(erased.size() == 1);
  CHECK(erased.front().original.source == Ipv4Address(10, 0, 0, 6));
  CHECK(host.conntrack.count() == 1);
}

TEST_CASE("an id from before a slot's reuse finds nothing") {
  TrackingHost host;
  PacketRef first = host.passed(question);
  const ConnectionId id = first->meta.connection;
  host.run_for(31_s);
  PacketRef second = host.passed("10.0.0.7.1 > 8.8.8.8.53: UDP 12");
  CHECK(host.conntrack.find(id) == nullptr);
  CHECK(host.conntrack.of(*second) != nullptr);
}

TEST_CASE("the packet that ends an entry still reads it") {
  TrackingHost host;
  host.pass("10.0.0.5.4242 > 8.8.8.8.80: TCP S seq 100");
  PacketRef refusal = host.passed("8.8.8.8.80 > 10.0.0.5.4242: TCP R. seq 0 ack 101");
  CHECK(host.conntrack.count() == 0);
  REQUIRE(host.conntrack.of(*refusal) != nullptr);
  CHECK(host.conntrack.of(*refusal)->original.source_port == 4242);
}
