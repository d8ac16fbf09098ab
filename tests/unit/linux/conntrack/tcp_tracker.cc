#include <doctest/doctest.h>

#include <map>
#include <sstream>

#include "tests/unit/linux/conntrack/tracking_host.hh"

using namespace ekspath;
using namespace ekspath::literals;

namespace {

/// facts/linux-datapath.md 3, "TCP next state", as observed on a live kernel.
constexpr const char* observed_table = R"(
SYN_SENT     =         *         *          *            gone     SYN_SENT2  SYN_RECV  *          =           gone
SYN_RECV     =         =         FIN_WAIT   ESTABLISHED  CLOSE    *          =         FIN_WAIT   =           CLOSE
ESTABLISHED  =         *         FIN_WAIT   =            CLOSE    *          =         FIN_WAIT   =           CLOSE
FIN_WAIT     =         *         LAST_ACK   CLOSE_WAIT   CLOSE    *          =         LAST_ACK   CLOSE_WAIT  CLOSE
CLOSE_WAIT   =         *         LAST_ACK   =            CLOSE    *          =         LAST_ACK   =           CLOSE
LAST_ACK     =         *         =          TIME_WAIT    CLOSE    *          =         =          TIME_WAIT   CLOSE
TIME_WAIT    SYN_SENT  *         =          =            CLOSE    SYN_SENT   =         =          =           CLOSE
CLOSE        SYN_SENT  *         =          =            =        *          =         =          =           =
SYN_SENT2    =         SYN_RECV  *          *            CLOSE    =          SYN_RECV  *          =           CLOSE
)";

const std::string client = "10.0.0.5.4242 > 8.8.8.8.80: TCP ";
const std::string server = "8.8.8.8.80 > 10.0.0.5.4242: TCP ";

/// How a flow comes into each state.
const std::map<std::string, std::vector<std::string>>& histories() {
  static const std::vector<std::string> open{client + "S seq 100", server + "S. seq 500 ack 101",
                                             client + ". seq 101 ack 501"};
  const auto after_open = [](std::vector<std::string> more) {
    more.insert(more.begin(), open.begin(), open.end());
    return more;
  };
  static const std::map<std::string, std::vector<std::string>> all{
      {"none", {}},
      {"SYN_SENT", {open[0]}},
      {"SYN_RECV", {open[0], open[1]}},
      {"ESTABLISHED", open},
      {"FIN_WAIT", after_open({client + "F. seq 101 ack 501"})},
      {"CLOSE_WAIT", after_open({client + "F. seq 101 ack 501", server + ". seq 501 ack 102"})},
      {"LAST_ACK", after_open({client + "F. seq 101 ack 501", server + "F. seq 501 ack 102"})},
      {"TIME_WAIT", after_open({client + "F. seq 101 ack 501", server + "F. seq 501 ack 102",
                                client + ". seq 102 ack 502"})},
      {"CLOSE", after_open({client + "R seq 101"})},
      {"SYN_SENT2", {open[0], server + "S seq 500"}},
  };
  return all;
}

/// The columns of the table, with numbers that fit every state.
const std::vector<std::string>& segments() {
  static const std::vector<std::string> all{client + "S seq 100",          client + "S. seq 100 ack 501",
                                            client + "F. seq 101 ack 501", client + ". seq 101 ack 501",
                                            client + "R seq 101",          server + "S seq 500",
                                            server + "S. seq 500 ack 101", server + "F. seq 501 ack 101",
                                            server + ". seq 501 ack 101",  server + "R. seq 501 ack 101"};
  return all;
}

std::string tcp_state(TrackingHost& host) {
  if (host.conntrack.connections().empty()) return "gone";
  std::istringstream line(host.line());
  std::string protocol, number, seconds, state;
  line >> protocol >> number >> seconds >> state;
  return state;
}

std::string seconds(TrackingHost& host) {
  std::istringstream line(host.line());
  std::string protocol, number, left;
  line >> protocol >> number >> left;
  return left;
}

void come_to(TrackingHost& host, const std::string& state) {
  for (const auto& text : histories().at(state)) host.pass(text);
}

}  // namespace

TEST_CASE("every row of the observed TCP table") {
  std::istringstream rows(observed_table);
  for (std::string row; std::getline(rows, row);) {
    std::istringstream cells(row);
    std::string from;
    if (!(cells >> from)) continue;
    for (const std::string& segment : segments()) {
      std::string expected;
      cells >> expected;
      TrackingHost host;
      host.netns.sysctls.write().nf_conntrack_tcp_be_liberal = true;
      come_to(host, from);
      REQUIRE(tcp_state(host) == from);
      const auto invalid_before = host.conntrack.statistics().invalid;
      const std::string ctstate = host.pass(segment);
      CAPTURE(from);
      CAPTURE(segment);
      CAPTURE(host.line());
      if (expected == "*") {
        CHECK(ctstate == "INVALID");
        CHECK(host.conntrack.statistics().invalid == invalid_before + 1);
        CHECK(tcp_state(host) == from);
      } else {
        CHECK(ctstate != "INVALID");
        CHECK(tcp_state(host) == (expected == "=" ? from : expected));
      }
    }
  }
}

TEST_CASE("a flow begins with a SYN, or in its middle with an ACK; nothing else begins one") {
  const std::vector<std::pair<std::string, std::string>> beginnings{
      {client + "S", "SYN_SENT"},          {client + "S. ack 1", "gone"}, {client + "F. ack 1", "gone"},
      {client + ". ack 1", "ESTABLISHED"}, {client + "R", "gone"},        {client + "R. ack 1", "gone"}};
  for (const auto& [segment, state] : beginnings) {
    TrackingHost host;
    CAPTURE(segment);
    CHECK(host.pass(segment) == (state == "gone" ? "INVALID" : "NEW"));
    CHECK(tcp_state(host) == state);
  }
}

TEST_CASE("an ACK first is INVALID when tcp_loose is 0") {
  TrackingHost host;
  host.netns.sysctls.write().nf_conntrack_tcp_loose = false;
  CHECK(host.pass(client + ". ack 1") == "INVALID");
  CHECK(host.conntrack.count() == 0);
}

TEST_CASE(
    "a flow picked up in its middle has 300 s until both sides were heard, then five days and is ASSURED") {
  TrackingHost host;
  CHECK(host.pass(client + "P. seq 1000 ack 77 len 10") == "NEW");
  CHECK(host.line() ==
        "tcp      6 300 ESTABLISHED src=10.0.0.5 dst=8.8.8.8 sport=4242 dport=80 [UNREPLIED] src=8.8.8.8 "
        "dst=10.0.0.5 sport=80 dport=4242 mark=0 use=1");
  CHECK(host.pass(server + ". seq 77 ack 1010") == "ESTABLISHED reply");
  CHECK(host.line() ==
        "tcp      6 300 ESTABLISHED src=10.0.0.5 dst=8.8.8.8 sport=4242 dport=80 src=8.8.8.8 dst=10.0.0.5 "
        "sport=80 "
        "dport=4242 mark=0 use=1");
  CHECK(host.pass(client + ". seq 1010 ack 77") == "ESTABLISHED");
  CHECK(host.line() ==
        "tcp      6 432000 ESTABLISHED src=10.0.0.5 dst=8.8.8.8 sport=4242 dport=80 src=8.8.8.8 dst=10.0.0.5 "
        "sport=80 dport=4242 [ASSURED] mark=0 use=1");
}

TEST_CASE("each state has its timeout") {
  const std::vector<std::pair<std::string, std::string>> timeouts{
      {"SYN_SENT", "120"},  {"SYN_RECV", "60"},   {"ESTABLISHED", "432000"},
      {"FIN_WAIT", "120"},  {"CLOSE_WAIT", "60"}, {"LAST_ACK", "30"},
      {"TIME_WAIT", "120"}, {"CLOSE", "10"},      {"SYN_SENT2", "120"}};
  for (const auto& [state, left] : timeouts) {
    TrackingHost host;
    come_to(host, state);
    CAPTURE(state);
    CHECK(seconds(host) == left);
  }
}

TEST_CASE("ASSURED comes with the handshake's third packet") {
  TrackingHost host;
  come_to(host, "SYN_RECV");
  CHECK(host.line().find("ASSURED") == std::string::npos);
  host.pass(client + ". seq 101 ack 501");
  CHECK(host.line().find("[ASSURED]") != std::string::npos);
}

TEST_CASE("a refused connection leaves nothing") {
  TrackingHost host;
  host.pass(client + "S seq 100");
  CHECK(host.pass(server + "R. seq 0 ack 101") == "ESTABLISHED reply");
  CHECK(host.conntrack.count() == 0);
}

TEST_CASE("a SYN in TIME_WAIT replaces the entry and resets its flags") {
  TrackingHost host;
  come_to(host, "TIME_WAIT");
  CHECK(host.pass(client + "S seq 9000") == "NEW");
  CHECK(host.line() ==
        "tcp      6 120 SYN_SENT src=10.0.0.5 dst=8.8.8.8 sport=4242 dport=80 [UNREPLIED] src=8.8.8.8 "
        "dst=10.0.0.5 "
        "sport=80 dport=4242 mark=0 use=1");
}

TEST_CASE("data that nobody acknowledged yet has 300 s") {
  TrackingHost host;
  come_to(host, "ESTABLISHED");
  host.pass(client + "P. seq 101 ack 501 len 10");
  CHECK(seconds(host) == "300");
  host.pass(server + ". seq 501 ack 111");
  CHECK(seconds(host) == "432000");
}

TEST_CASE("a segment sent over and over again has the timeout of retransmissions") {
  TrackingHost host;
  host.netns.sysctls.write().ct_tcp_timeout_max_retrans = 200;
  come_to(host, "ESTABLISHED");
  for (int i = 0; i < 5; ++i) host.pass(client + "P. seq 101 ack 501 len 10");
  CHECK(tcp_state(host) == "ESTABLISHED");
  CHECK(seconds(host) == "200");
}

TEST_CASE("data beyond the window is INVALID and leaves the timer alone") {
  TrackingHost host;
  come_to(host, "ESTABLISHED");
  host.run_for(100_s);
  CHECK(host.pass(client + "P. seq 200101 ack 501 len 10") == "INVALID");
  CHECK(seconds(host) == "431900");
}

TEST_CASE("an ACK for bytes never sent is INVALID") {
  TrackingHost host;
  come_to(host, "ESTABLISHED");
  CHECK(host.pass(client + ". seq 101 ack 900") == "INVALID");
}

TEST_CASE("old duplicate data is fine") {
  TrackingHost host;
  come_to(host, "ESTABLISHED");
  host.pass(client + "P. seq 101 ack 501 len 10");
  host.pass(server + ". seq 501 ack 111");
  CHECK(host.pass(client + "P. seq 101 ack 501 len 10") == "ESTABLISHED");
}

TEST_CASE("be_liberal accepts data beyond the window") {
  TrackingHost host;
  host.netns.sysctls.write().nf_conntrack_tcp_be_liberal = true;
  come_to(host, "ESTABLISHED");
  CHECK(host.pass(client + "P. seq 200101 ack 501 len 10") == "ESTABLISHED");
}

TEST_CASE("the window scale of both SYNs widens the window") {
  TrackingHost host;
  host.pass(client + "S seq 100 win 64240 opts 01030307");
  host.pass(server + "S. seq 500 ack 101 win 65160 opts 01030307");
  host.pass(client + ". seq 101 ack 501 win 502");
  host.pass(server + ". seq 501 ack 101 win 2000");  // 256000 bytes
  CHECK(host.pass(client + "P. seq 200101 ack 501 len 10") == "ESTABLISHED");
}

TEST_CASE("a RST of the exact sequence number closes, one inside the window only shortens the timer") {
  TrackingHost exact;
  come_to(exact, "ESTABLISHED");
  CHECK(exact.pass(server + "R seq 501") == "ESTABLISHED reply");
  CHECK(tcp_state(exact) == "CLOSE");
  CHECK(seconds(exact) == "10");

  TrackingHost inside;
  come_to(inside, "ESTABLISHED");
  CHECK(inside.pass(server + "R seq 600") == "ESTABLISHED reply");
  CHECK(tcp_state(inside) == "ESTABLISHED");
  CHECK(seconds(inside) == "10");

  TrackingHost outside;
  come_to(outside, "ESTABLISHED");
  CHECK(outside.pass(server + "R seq 300501") == "INVALID");
  CHECK(seconds(outside) == "432000");

  TrackingHost before_window;
  come_to(before_window, "ESTABLISHED");
  CHECK(before_window.pass(server + "R seq 400") == "INVALID");
}

TEST_CASE("the usual closes") {
  TrackingHost four_packets;
  come_to(four_packets, "ESTABLISHED");
  std::vector<std::string> states;
  for (const auto& text : {client + "F. seq 101 ack 501", server + ". seq 501 ack 102",
                           server + "F. seq 501 ack 102", client + ". seq 102 ack 502"}) {
    four_packets.pass(text);
    states.push_back(tcp_state(four_packets));
  }
  CHECK(states == std::vector<std::string>{"FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT"});
}

TEST_CASE("impossible flags, cut headers and wrong checksums are INVALID") {
  for (const char* text :
       {"10.0.0.5.1 > 8.8.8.8.80: TCP SF", "10.0.0.5.1 > 8.8.8.8.80: TCP F",
        "10.0.0.5.1 > 8.8.8.8.80: TCP none", "10.0.0.5.1 > 8.8.8.8.80: TCP S, bad checksum"}) {
    TrackingHost host;
    CAPTURE(text);
    CHECK(host.pass(text) == "INVALID");
    CHECK(host.conntrack.count() == 0);
  }
}

TEST_CASE("a wrong checksum is looked at in received packets only, and only if nf_conntrack_checksum is 1") {
  TrackingHost host;
  const char* text = "10.0.0.5.1 > 8.8.8.8.80: TCP S, bad checksum";
  CHECK(host.state_of(host.seen(text, Hook::local_out)) == "NEW");
  host.netns.sysctls.write().nf_conntrack_checksum = false;
  CHECK(host.state_of(host.seen(text)) == "NEW");
}

TEST_CASE("a SYN that was ignored and answered brings the entry back in step") {
  TrackingHost host;
  come_to(host, "ESTABLISHED");
  CHECK(host.pass(client + "S seq 700000") == "ESTABLISHED");
  CHECK(tcp_state(host) == "ESTABLISHED");
  CHECK(host.pass(server + "S. seq 900000 ack 700001") == "ESTABLISHED reply");
  CHECK(tcp_state(host) == "SYN_RECV");
  CHECK(host.pass(client + ". seq 700001 ack 900001") == "ESTABLISHED");
  CHECK(tcp_state(host) == "ESTABLISHED");
}

TEST_CASE("a retransmitted SYN that nobody answered does not renew the timer") {
  TrackingHost host;
  host.pass(client + "S seq 100");
  host.run_for(50_s);
  host.pass(client + "S seq 100");
  CHECK(seconds(host) == "70");
}
