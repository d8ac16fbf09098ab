#include "sim/apps/traceroute.hh"

#include "tests/unit/apps/run_program.hh"

namespace ekspath {
namespace {

using namespace literals;

constexpr std::string_view rows =
    "pod(10.0.0.5) -- node(10.0.0.1, 10.1.0.1) -- router(10.1.0.2, 10.2.0.1) -- server(10.2.0.2)";

TEST_CASE("traceroute by UDP shows each router and the destination's port unreachable") {
  LinuxWorld world(rows);
  const Ran ran = run_program(world, "pod", {"traceroute", "-n", "10.2.0.2"}, 30_s);
  CHECK(ran.text ==
        "traceroute to 10.2.0.2 (10.2.0.2), 30 hops max, 60 byte packets\n"
        " 1  10.0.0.1  0.000 ms  0.000 ms  0.000 ms\n"
        " 2  10.1.0.2  0.000 ms  0.000 ms  0.000 ms\n"
        " 3  10.2.0.2  0.000 ms  0.000 ms  0.000 ms\n");
  CHECK(ran.status == 0);
}

TEST_CASE("traceroute -I asks with echo requests, without -n each address stands twice") {
  LinuxWorld world(rows);
  const Ran ran = run_program(world, "pod", {"traceroute", "-I", "-q", "1", "10.2.0.2"}, 30_s);
  CHECK(ran.text ==
        "traceroute to 10.2.0.2 (10.2.0.2), 30 hops max, 60 byte packets\n"
        " 1  10.0.0.1 (10.0.0.1)  0.000 ms\n"
        " 2  10.1.0.2 (10.1.0.2)  0.000 ms\n"
        " 3  10.2.0.2 (10.2.0.2)  0.000 ms\n");
}

TEST_CASE("traceroute -T asks with SYNs of its own, which the server refuses") {
  LinuxWorld world(rows);
  const Ran ran =
      run_program(world, "pod", {"traceroute", "-n", "-T", "-p", "80", "-q", "1", "10.2.0.2"}, 30_s);
  CHECK(ran.text ==
        "traceroute to 10.2.0.2 (10.2.0.2), 30 hops max, 60 byte packets\n"
        " 1  10.0.0.1  0.000 ms\n"
        " 2  10.1.0.2  0.000 ms\n"
        " 3  10.2.0.2  0.000 ms\n");
}

TEST_CASE("a listening port answers traceroute -T as well, and the own host resets what it did not open") {
  LinuxWorld world(rows);
  const auto server = start_server(world["server"], ServerKind::tcp_echo, 80, {});
  const Ran ran =
      run_program(world, "pod", {"traceroute", "-n", "-T", "-q", "1", "-f", "3", "-m", "3", "10.2.0.2"}, 1_s);
  CHECK(ran.text ==
        "traceroute to 10.2.0.2 (10.2.0.2), 3 hops max, 60 byte packets\n"
        " 3  10.2.0.2  0.000 ms\n");
  CHECK(world.capture("pod/e0").find("TCP R seq") != std::string::npos);
}

TEST_CASE("silence shows as stars after -w seconds") {
  LinuxWorld world(rows);
  world.at("server/e0").up = false;
  const Ran ran = run_program(world, "pod", {"traceroute", "-n", "-w", "0.5", "-m", "4", "10.2.0.2"}, 2_s);
  CHECK(ran.text ==
        "traceroute to 10.2.0.2 (10.2.0.2), 4 hops max, 60 byte packets\n"
        " 1  10.0.0.1  0.000 ms  0.000 ms  0.000 ms\n"
        " 2  10.1.0.2  0.000 ms  0.000 ms  0.000 ms\n"
        " 3  * * *\n"
        " 4  * * *\n");
}

TEST_CASE("what traceroute refuses, it refuses in its own words") {
  CHECK(check_program({"traceroute"})->text == "Specify \"host\" missing argument.");
  CHECK(check_program({"traceroute", "-q", "x", "a"})->text == "Cannot handle `-q' option with arg `x'");
  CHECK(check_program({"traceroute", "-q", "20", "a"})->text == "no more than 10 probes per hop");
  CHECK(check_program({"traceroute", "-m", "300", "a"})->text == "max hops cannot be more than 255");
  CHECK(check_program({"traceroute", "-f", "31", "a"})->text == "first hop out of range");
  CHECK(check_program({"traceroute", "-s", "1.2.3.4", "a"})->text == "traceroute: -s is not modelled");
}

}  // namespace
}  // namespace ekspath
