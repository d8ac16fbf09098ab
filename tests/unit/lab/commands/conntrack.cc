#include <doctest/doctest.h>

#include "tests/unit/lab/commands/typed.hh"

using namespace ekspath;
using namespace ekspath::literals;

namespace {

constexpr Ipv4Address pod(192, 168, 1, 101), server(203, 0, 113, 8), node_address(192, 168, 1, 251),
    service(10, 100, 0, 10);

void add(Netns& netns, const Tuple& original, const Tuple& reply, Nanoseconds left, TcpState state,
         std::uint32_t mark) {
  ConntrackState& conntrack = netns.ensure_conntrack().state();
  const ConnectionId id = conntrack.table.create();
  Connection& connection = *conntrack.table.find(id);
  connection.original = original;
  connection.reply = reply;
  connection.expires = netns.now() + left;
  connection.mark = mark;
  connection.tcp = state;
  connection.number = ++conntrack.flows;
  connection.status = connection_status::confirmed | connection_status::seen_reply;
  if (state != TcpState::none) connection.status |= connection_status::assured;
  conntrack.table.link(id);
}

/// Some of fixtures/linux/conntrack-L.txt.
void fill(Netns& netns) {
  add(netns, {pod, server, 551, 8 << 8, 1}, {server, node_address, 25999, 0, 1}, 27_s, TcpState::none, 128);
  add(netns, {pod, server, 40089, 80, 6}, {server, node_address, 80, 30227, 6}, 118_s, TcpState::time_wait,
      128);
  add(netns, {pod, service, 40091, 80, 6}, {Ipv4Address(192, 168, 1, 102), pod, 8080, 40091, 6}, 431999_s,
      TcpState::established, 0);
  add(netns, {pod, server, 40053, 53, 17}, {server, node_address, 53, 45260, 17}, 28_s, TcpState::none, 128);
}

constexpr std::string_view ping_entry =
    "icmp     1 27 src=192.168.1.101 dst=203.0.113.8 type=8 code=0 id=551 src=203.0.113.8 dst=192.168.1.251 "
    "type=0 "
    "code=0 id=25999 mark=128 use=1\n";
constexpr std::string_view masqueraded =
    "tcp      6 118 TIME_WAIT src=192.168.1.101 dst=203.0.113.8 sport=40089 dport=80 src=203.0.113.8 "
    "dst=192.168.1.251 sport=80 dport=30227 [ASSURED] mark=128 use=1\n";
constexpr std::string_view to_service =
    "tcp      6 431999 ESTABLISHED src=192.168.1.101 dst=10.100.0.10 sport=40091 dport=80 src=192.168.1.102 "
    "dst=192.168.1.101 sport=8080 dport=40091 [ASSURED] mark=0 use=1\n";
constexpr std::string_view dns_entry =
    "udp      17 28 src=192.168.1.101 dst=203.0.113.8 sport=40053 dport=53 src=203.0.113.8 dst=192.168.1.251 "
    "sport=53 "
    "dport=45260 mark=128 use=1\n";

std::string shown(std::initializer_list<std::string_view> lines) {
  std::string text;
  for (const std::string_view line : lines) text += line;
  return text +
         fmt::format("conntrack v1.4.7 (conntrack-tools): {} flow entries have been shown.\n", lines.size());
}

}  // namespace

TEST_CASE(
    "conntrack -L prints its entries, and how many on standard error (fixtures conntrack-L, conntrack-L-n)") {
  FixtureNode node;
  fill(node.netns("node"));
  const auto says = [&](std::string_view line) { return typed(node.world, "node", line); };
  CHECK(says("conntrack -L") == shown({ping_entry, masqueraded, to_service, dns_entry}));
  CHECK(says("conntrack -L -n") == shown({ping_entry, masqueraded, dns_entry}));
  CHECK(says("conntrack -L -g") == shown({ping_entry, to_service}));
  CHECK(says("conntrack -L -p icmp") == shown({ping_entry}));
  CHECK(says("conntrack -L -p tcp --dport 80 --state TIME_WAIT") == shown({masqueraded}));
  CHECK(says("conntrack -L -d 10.0.0.0/8") == shown({to_service}));
  CHECK(says("conntrack -L -q 192.168.1.251 -p udp") == shown({dns_entry}));
  CHECK(says("conntrack -L -m 0x80 -f ipv4 -p 6") == shown({masqueraded}));
  CHECK(says("conntrack -L -o extended -p icmp") == shown({"ipv4     2 " + std::string(ping_entry)}));
}

TEST_CASE("/proc/net/nf_conntrack has the zone, and its reader's reference (fixture proc-nf-conntrack)") {
  FixtureNode node;
  CHECK(typed(node.world, "node", "cat /proc/net/nf_conntrack") == "");
  fill(node.netns("node"));
  const std::string text = typed(node.world, "node", "cat /proc/net/nf_conntrack");
  CHECK(
      text.starts_with("ipv4     2 icmp     1 27 src=192.168.1.101 dst=203.0.113.8 type=8 code=0 id=551 "
                       "src=203.0.113.8 dst=192.168.1.251 type=0 code=0 id=25999 mark=128 zone=0 use=2\n"));
}

TEST_CASE("conntrack -D deletes what its filters select, and exits with 1 when that is nothing") {
  FixtureNode node;
  fill(node.netns("node"));
  const Typed deleted(node.world, "node", "conntrack -D -p udp");
  CHECK(deleted.text_out == dns_entry);
  CHECK(deleted.text_err == "conntrack v1.4.7 (conntrack-tools): 1 flow entries have been deleted.\n");
  CHECK(deleted.status == 0);
  CHECK(Typed(node.world, "node", "conntrack -D -p udp").status == 1);
  CHECK(typed(node.world, "node", "conntrack -C") == "3\n");
  CHECK(typed(node.world, "node", "conntrack -F") ==
        "conntrack v1.4.7 (conntrack-tools): connection tracking table has been emptied.\n");
  CHECK(typed(node.world, "node", "conntrack -C") == "0\n");
}

TEST_CASE("conntrack -S has a line a processor (fixture conntrack-S)") {
  FixtureNode node;
  CHECK(typed(node.world, "node", "conntrack -S")
            .starts_with("cpu=0   \tfound=0 invalid=0 insert=0 insert_failed=0 drop=0 early_drop=0 error=0 "
                         "search_restart=0 "
                         "clash_resolve=0 chaintoolong=0 \ncpu=1   \tfound=0 "));
}

TEST_CASE("conntrack -E tells each change to all who watch, until it is stopped (fixture conntrack-E)") {
  FixtureNode node;
  fill(node.netns("node"));
  Typed all(node.world, "node", "conntrack -E -o extended"),
      tcp(node.world, "node", "conntrack -E -p tcp -e DESTROY");
  CHECK(all.running->open_ended());
  (void)typed(node.world, "node", "conntrack -D -p tcp --dport 80 -s 192.168.1.101 --state TIME_WAIT");
  CHECK(tcp.text_out ==
        "[DESTROY] tcp      6 src=192.168.1.101 dst=203.0.113.8 sport=40089 dport=80 src=203.0.113.8 "
        "dst=192.168.1.251 "
        "sport=80 dport=30227 [ASSURED] mark=128\n");
  CHECK(all.text_out.starts_with("[DESTROY] ipv4     2 tcp      6 src=192.168.1.101"));
  tcp.running->stop();
  CHECK(tcp.status == 0);
  CHECK(tcp.text_err == "conntrack v1.4.7 (conntrack-tools): 1 flow events have been shown.\n");
  (void)typed(node.world, "node", "conntrack -D -p tcp");
  CHECK(std::ranges::count(all.text_out, '\n') == 2);
  CHECK(std::ranges::count(tcp.text_out, '\n') == 1);
}

TEST_CASE("conntrack is for root") {
  FixtureNode node;
  const Typed command(node.world, "node", "conntrack -L", false);
  CHECK(command.status == 1);
  CHECK(command.text_err.find("you must be root") != std::string::npos);
}

TEST_CASE("conntrack refuses by name what it does not model, and what the real one refuses") {
  FixtureNode node;
  for (const char* line : {"conntrack", "conntrack -L -D", "conntrack -L expect", "conntrack -L -o xml",
                           "conntrack -L -s foo", "conntrack -L --sport 3", "conntrack -L -p icmp --sport 3",
                           "conntrack -C -p icmp", "conntrack -F -p tcp", "conntrack -L --zone 1",
                           "conntrack -U -m 1", "conntrack -L -e NEW", "conntrack -L -p udp --state CLOSE"}) {
    INFO(line);
    CHECK(typed(node.world, "node", line).starts_with("refused: conntrack: "));
  }
}
