#include "sim/apps/nc.hh"

#include "tests/unit/apps/run_program.hh"

namespace ekspath {
namespace {

using namespace literals;

constexpr std::string_view rows = "pod(10.0.0.5) -- server(10.0.0.6)";

std::unique_ptr<Program> start(LinuxWorld& world, std::string_view host, std::vector<std::string> arguments,
                               std::string input = {}) {
  StartedProgram started = start_program(world[host], std::move(arguments), std::move(input), {});
  REQUIRE_MESSAGE(started.program != nullptr, started.error->text);
  return std::move(started.program);
}

TEST_CASE("two ncs talk over TCP: each prints the other's input, and both end") {
  LinuxWorld world(rows);
  const auto server = start(world, "server", {"nc", "-n", "-l", "-v", "81"}, "reply\n");
  const Ran client = run_program(world, "pod", {"nc", "-n", "-v", "-p", "40000", "-w", "1", "10.0.0.6", "81"},
                                 5_s, "hello\n");
  CHECK(client.text == "Connection to 10.0.0.6 81 port [tcp/*] succeeded!\nreply\n");
  CHECK(client.status == 0);
  CHECK(server->text() == "Listening on 0.0.0.0 81\nConnection received on 10.0.0.5 40000\nhello\n");
  CHECK(server->exit_status() == 0);
}

TEST_CASE("nc -u sends its input as a datagram and waits -w seconds for answers") {
  LinuxWorld world(rows);
  const auto server = start(world, "server", {"nc", "-n", "-u", "-l", "-v", "55"}, "toudp\n");
  const Ran client =
      run_program(world, "pod", {"nc", "-u", "-p", "40000", "-w", "1", "10.0.0.6", "55"}, 5_s, "hello\n");
  CHECK(client.text == "toudp\n");
  CHECK(client.status == 0);
  CHECK(server->text() == "Bound on 0.0.0.0 55\nConnection received on 10.0.0.5 40000\nhello\n");
  CHECK(server->running());
}

TEST_CASE("nc -z -v says of each port of a range whether it is open") {
  LinuxWorld world(rows);
  const auto server = start_server(world["server"], ServerKind::tcp_echo, 80, {});
  const Ran ran = run_program(world, "pod", {"nc", "-z", "-v", "10.0.0.6", "79-81"}, 5_s);
  CHECK(ran.text ==
        "nc: connect to 10.0.0.6 port 79 (tcp) failed: Connection refused\n"
        "Connection to 10.0.0.6 80 port [tcp/http] succeeded!\n"
        "nc: connect to 10.0.0.6 port 81 (tcp) failed: Connection refused\n");
  CHECK(ran.status == 0);
}

TEST_CASE("nc -z -u finds a closed port by its refusal, an open one by silence") {
  LinuxWorld world(rows);
  const auto server = start_server(world["server"], ServerKind::udp_sink, 53, {});
  Ran ran = run_program(world, "pod", {"nc", "-z", "-u", "-v", "10.0.0.6", "53"}, 10_s);
  CHECK(ran.text == "Connection to 10.0.0.6 53 port [udp/domain] succeeded!\n");
  CHECK(ran.status == 0);
  ran = run_program(world, "pod", {"nc", "-z", "-u", "-v", "10.0.0.6", "54"}, 10_s);
  CHECK(ran.text == "");
  CHECK(ran.status == 1);
}

TEST_CASE("nc -w limits the wait for a connection") {
  LinuxWorld world(rows);
  world.at("server/e0").up = false;
  const Ran ran = run_program(world, "pod", {"nc", "-z", "-v", "-w", "1", "10.0.0.6", "83"}, 10_s);
  CHECK(ran.text == "nc: connect to 10.0.0.6 port 83 (tcp) timed out: Operation now in progress\n");
  CHECK(ran.status == 1);
}

TEST_CASE("an HTTP server answers what nc types, and closes for an old client or a bad request") {
  LinuxWorld world(rows);
  const auto server = start_server(world["server"], ServerKind::http_client_address, 80, {});
  Ran ran = run_program(world, "pod", {"nc", "10.0.0.6", "80"}, 1_s, "GET / HTTP/1.0\n\n");
  CHECK(ran.text.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(ran.text.ends_with("Connection: close\r\n\r\n10.0.0.5\n"));
  CHECK(ran.status == 0);
  ran = run_program(world, "pod", {"nc", "10.0.0.6", "80"}, 1_s, "hello\n\n");
  CHECK(ran.text.starts_with("HTTP/1.1 400 Bad Request\r\n"));
  CHECK(ran.status == 0);
}

TEST_CASE("nc refuses what it cannot bind") {
  LinuxWorld world(rows);
  const Ran ran = run_program(world, "pod", {"nc", "-s", "9.9.9.9", "10.0.0.6", "80"}, 1_s);
  CHECK(ran.text == "nc: bind failed: Cannot assign requested address\n");
  CHECK(ran.status == 1);
}

TEST_CASE("what nc refuses, it refuses in its own words") {
  CHECK(check_program({"nc", "-l", "-z", "80"})->text == "nc: cannot use -z and -l");
  CHECK(check_program({"nc", "-k", "a", "80"})->text == "nc: must use -l with -k");
  CHECK(check_program({"nc", "a"})->text == "nc: missing port number");
  CHECK(check_program({"nc", "a", "99999"})->text == "nc: port number too large: 99999");
  CHECK(check_program({"nc", "a", "foo"})->text == "nc: port number invalid: foo");
  CHECK(check_program({"nc", "-w", "x", "a", "80"})->text == "nc: timeout invalid: x");
  CHECK(check_program({"nc", "-q", "1", "a", "80"})->text == "nc: -q is not modelled");
  CHECK(check_program({"nc", "-x", "p", "a", "80"})->text == "nc: -x is not modelled");
}

}  // namespace
}  // namespace ekspath
