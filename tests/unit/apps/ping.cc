#include "sim/apps/ping.hh"

#include "tests/unit/apps/run_program.hh"

namespace ekspath {
namespace {

using namespace literals;

constexpr std::string_view rows = "pod(10.0.0.5) -- node(10.0.0.1, 10.1.0.1) -- server(10.1.0.2)";

Route route(RouteType type, const Prefix& prefix) {
  Route added;
  added.type = type;
  added.prefix = prefix;
  return added;
}

// The texts of these tests are those of fixtures/linux/ping-*.txt, with the addresses and times of small
// worlds.

TEST_CASE("ping prints three replies, a kernel timer's second apart") {
  LinuxWorld world(rows);
  const Ran ran = run_program(world, "pod", {"ping", "-c", "3", "10.1.0.2"}, 60_s);
  CHECK(ran.text ==
        "PING 10.1.0.2 (10.1.0.2) 56(84) bytes of data.\n"
        "64 bytes from 10.1.0.2: icmp_seq=1 ttl=63 time=0.000 ms\n"
        "64 bytes from 10.1.0.2: icmp_seq=2 ttl=63 time=0.000 ms\n"
        "64 bytes from 10.1.0.2: icmp_seq=3 ttl=63 time=0.000 ms\n"
        "\n"
        "--- 10.1.0.2 ping statistics ---\n"
        "3 packets transmitted, 3 received, 0% packet loss, time 2048ms\n"
        "rtt min/avg/max/mdev = 0.000/0.000/0.000/0.000 ms\n");
  CHECK(ran.status == 0);
}

TEST_CASE("an echo request has DF and 56 bytes, its reply no DF") {
  LinuxWorld world(rows);
  run_program(world, "pod", {"ping", "-c", "1", "10.1.0.2"}, 1_s);
  CHECK(world.capture("pod/e0") ==
        "pod/e0 out 10.0.0.5 > 10.1.0.2: ICMP echo request id 2207 seq 1 len 56\n"
        "pod/e0 in 10.1.0.2 > 10.0.0.5: ICMP echo reply id 2207 seq 1 len 56, ttl 63, may fragment\n");
}

TEST_CASE("the rtt line is computed in whole microseconds") {
  LinuxWorld world("pod(-)");
  world.add_host("server");
  world.join("pod", "10.0.0.5", "server", "10.0.0.6", LinkSpec{51_us});
  const Ran ran = run_program(world, "pod", {"ping", "-q", "-c", "3", "-i", "0.2", "10.0.0.6"}, 60_s);
  CHECK(ran.text ==
        "PING 10.0.0.6 (10.0.0.6) 56(84) bytes of data.\n"
        "\n"
        "--- 10.0.0.6 ping statistics ---\n"
        "3 packets transmitted, 3 received, 0% packet loss, time 408ms\n"
        "rtt min/avg/max/mdev = 0.102/0.136/0.204/0.048 ms\n");
}

TEST_CASE("long round trips are printed with fewer digits") {
  LinuxWorld world("pod(-)");
  world.add_host("server");
  world.join("pod", "10.0.0.5", "server", "10.0.0.6", LinkSpec{5'006'400_ns});
  Ran ran = run_program(world, "pod", {"ping", "-c", "2", "-i", "0.5", "10.0.0.6"}, 60_s);
  // The first also waits for ARP.
  INFO(ran.text);
  CHECK(ran.text.find("icmp_seq=1 ttl=64 time=20.0 ms\n") != std::string::npos);
  CHECK(ran.text.find("icmp_seq=2 ttl=64 time=10.0 ms\n") != std::string::npos);
  CHECK(ran.text.find("rtt min/avg/max/mdev = 10.013/15.019/20.025/5.006 ms\n") != std::string::npos);
}

TEST_CASE("nothing comes back: no line a probe, and an empty line for the rtt") {
  LinuxWorld world(rows);
  world.at("server/e0").up = false;
  const Ran ran = run_program(world, "pod", {"ping", "-c", "2", "-W", "1", "10.1.0.99"}, 2500_ms);
  CHECK(ran.text ==
        "PING 10.1.0.99 (10.1.0.99) 56(84) bytes of data.\n"
        "\n"
        "--- 10.1.0.99 ping statistics ---\n"
        "2 packets transmitted, 0 received, 100% packet loss, time 1024ms\n"
        "\n");
  CHECK(ran.status == 1);
}

TEST_CASE("a router without a route says net unreachable") {
  LinuxWorld world(rows);
  const Ran ran = run_program(world, "pod", {"ping", "-c", "1", "-W", "1", "198.51.100.1"}, 60_s);
  CHECK(ran.text ==
        "PING 198.51.100.1 (198.51.100.1) 56(84) bytes of data.\n"
        "From 10.0.0.1 icmp_seq=1 Destination Net Unreachable\n"
        "\n"
        "--- 198.51.100.1 ping statistics ---\n"
        "1 packets transmitted, 0 received, +1 errors, 100% packet loss, time 0ms\n"
        "\n");
  CHECK(ran.status == 1);
}

TEST_CASE("a neighbour that never answers is told by this host itself, in one go: pipe 4") {
  LinuxWorld world(rows);
  const Ran ran = run_program(world, "pod", {"ping", "-c", "4", "10.0.0.77"}, 60_s);
  CHECK(ran.text ==
        "PING 10.0.0.77 (10.0.0.77) 56(84) bytes of data.\n"
        "From 10.0.0.5 icmp_seq=1 Destination Host Unreachable\n"
        "From 10.0.0.5 icmp_seq=2 Destination Host Unreachable\n"
        "From 10.0.0.5 icmp_seq=3 Destination Host Unreachable\n"
        "From 10.0.0.5 icmp_seq=4 Destination Host Unreachable\n"
        "\n"
        "--- 10.0.0.77 ping statistics ---\n"
        "4 packets transmitted, 0 received, +4 errors, 100% packet loss, time 3072ms\n"
        "pipe 4\n");
}

TEST_CASE("a TTL that runs out is told by the router where it did") {
  LinuxWorld world(rows);
  const Ran ran = run_program(world, "pod", {"ping", "-c", "1", "-s", "1000", "-t", "1", "10.1.0.2"}, 60_s);
  CHECK(ran.text ==
        "PING 10.1.0.2 (10.1.0.2) 1000(1028) bytes of data.\n"
        "From 10.0.0.1 icmp_seq=1 Time to live exceeded\n"
        "\n"
        "--- 10.1.0.2 ping statistics ---\n"
        "1 packets transmitted, 0 received, +1 errors, 100% packet loss, time 0ms\n"
        "\n");
}

TEST_CASE("the MTU of the path is learnt from the first, the next are refused at home") {
  LinuxWorld world(rows);
  world.at("node/e1").mtu = 1400;
  const Ran ran = run_program(
      world, "pod", {"ping", "-c", "3", "-W", "1", "-i", "0.2", "-M", "do", "-s", "1450", "10.1.0.2"}, 60_s);
  CHECK(ran.text ==
        "PING 10.1.0.2 (10.1.0.2) 1450(1478) bytes of data.\n"
        "From 10.0.0.1 icmp_seq=1 Frag needed and DF set (mtu = 1400)\n"
        "ping: local error: message too long, mtu=1400\n"
        "ping: local error: message too long, mtu=1400\n"
        "\n"
        "--- 10.1.0.2 ping statistics ---\n"
        "3 packets transmitted, 0 received, +3 errors, 100% packet loss, time 408ms\n"
        "\n");
}

TEST_CASE("a big echo without DF crosses in fragments") {
  LinuxWorld world(rows);
  const Ran ran = run_program(world, "pod", {"ping", "-c", "1", "-s", "4000", "10.1.0.2"}, 60_s);
  CHECK(ran.text.find("4008 bytes from 10.1.0.2: icmp_seq=1 ttl=63 time=0.000 ms\n") != std::string::npos);
}

TEST_CASE("routes that forbid end ping before it starts, each in its words") {
  LinuxWorld world(rows);
  Routing& routing = world["pod"].routing;
  REQUIRE(routing.add_route(route_table::main,
                            route(RouteType::unreachable, *Prefix::parse("198.51.100.64/28"))) == 0);
  REQUIRE(routing.add_route(route_table::main,
                            route(RouteType::prohibit, *Prefix::parse("198.51.100.128/28"))) == 0);
  REQUIRE(routing.add_route(route_table::main,
                            route(RouteType::blackhole, *Prefix::parse("198.51.100.192/28"))) == 0);
  const Ran unreachable = run_program(world, "pod", {"ping", "-c", "1", "198.51.100.65"}, 1_s);
  CHECK(unreachable.text == "ping: connect: No route to host\n");
  CHECK(unreachable.status == 2);
  CHECK(run_program(world, "pod", {"ping", "-c", "1", "198.51.100.129"}, 1_s).text ==
        "ping: Do you want to ping broadcast? Then -b. If not, check your local firewall rules\n");
  CHECK(run_program(world, "pod", {"ping", "-c", "1", "198.51.100.193"}, 1_s).text ==
        "ping: connect: Invalid argument\n");
}

TEST_CASE("-I names a source or an interface, and the first line says so") {
  LinuxWorld world(rows);
  CHECK(run_program(world, "pod", {"ping", "-c", "1", "-I", "10.0.0.5", "10.1.0.2"}, 1_s)
            .text.starts_with("PING 10.1.0.2 (10.1.0.2) from 10.0.0.5 : 56(84) bytes of data.\n64 bytes"));
  CHECK(run_program(world, "pod", {"ping", "-c", "1", "-I", "e0", "10.1.0.2"}, 1_s)
            .text.starts_with("PING 10.1.0.2 (10.1.0.2) from 10.0.0.5 e0: 56(84) bytes of data.\n64 bytes"));
  CHECK(run_program(world, "pod", {"ping", "-I", "9.9.9.9", "10.1.0.2"}, 1_s).text ==
        "ping: bind: Cannot assign requested address\n");
  CHECK(run_program(world, "pod", {"ping", "-I", "nope", "10.1.0.2"}, 1_s).text ==
        "ping: SO_BINDTODEVICE nope: No such device\n");
}

TEST_CASE("without -c ping runs until it is interrupted, and then sums up") {
  LinuxWorld world(rows);
  const StartedProgram started = start_program(world["pod"], {"ping", "-q", "10.1.0.2"}, "", {});
  world.run_for(2500_ms);
  CHECK(started.program->running());
  started.program->interrupt();
  world.run_for(1_ms);
  CHECK(started.program->exit_status() == 0);
  CHECK(started.program->text().find("3 packets transmitted, 3 received, 0% packet loss, time 2048ms\n") !=
        std::string::npos);
}

TEST_CASE("-w ends ping at its time, whatever came") {
  LinuxWorld world(rows);
  const Ran ran = run_program(world, "pod", {"ping", "-q", "-w", "2", "10.1.0.2"}, 10_s);
  CHECK(ran.text.find("2 packets transmitted, 2 received, 0% packet loss, time 1024ms\n") !=
        std::string::npos);
  CHECK(ran.status == 0);
}

TEST_CASE("a program that is destroyed while it waits leaves nothing behind") {
  LinuxWorld world(rows);
  StartedProgram started = start_program(world["pod"], {"ping", "10.1.0.2"}, "", {});
  world.run_for(10_ms);
  started.program.reset();
  world.run_for(10_s);
  CHECK(world["pod"].sockets->summary().empty());
}

TEST_CASE("what ping refuses, it refuses in its own words") {
  CHECK(check_program({"ping"})->text == "ping: usage error: Destination address required");
  CHECK(check_program({"ping", "-c", "abc", "a"})->text == "ping: invalid argument: 'abc'");
  CHECK(check_program({"ping", "-c", "0", "a"})->text ==
        "ping: invalid argument: '0': out of range: 1 <= value <= 9223372036854775807");
  CHECK(check_program({"ping", "-t", "256", "a"})->text ==
        "ping: invalid argument: '256': out of range: 0 <= value <= 255");
  CHECK(check_program({"ping", "-M", "foo", "a"})->text == "ping: invalid -M argument: foo");
  CHECK(check_program({"ping", "-Z", "a"})->text == "ping: invalid option -- 'Z'");
  CHECK(check_program({"ping", "-c"})->text == "ping: option requires an argument -- 'c'");
  CHECK(check_program({"ping", "-f", "a"})->text == "ping: -f is not modelled");
}

}  // namespace
}  // namespace ekspath
