#include <doctest/doctest.h>

#include "sim/apps/program.hh"
#include "tests/support/linux/world.hh"

namespace ekspath {
namespace {

using namespace literals;

struct Ran {
  std::string text;
  int status = -1;
};

Ran run(World& world, std::string_view host, std::vector<std::string> arguments, Nanoseconds time = 60_s) {
  StartedProgram started = start_program(world[host], std::move(arguments), "", {});
  REQUIRE_MESSAGE(started.program != nullptr, started.error->text);
  world.run_for(time);
  return {started.program->text(), started.program->exit_status().value_or(-1)};
}

TEST_CASE("ping prints what iputils prints for three replies") {
  World world("pod(10.0.0.5) -- node(10.0.0.1, 10.1.0.1) -- server(10.1.0.2)");
  const Ran ran = run(world, "pod", {"ping", "-c", "3", "10.1.0.2"});
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

}  // namespace
}  // namespace ekspath
