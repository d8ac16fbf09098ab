#include "sim/apps/curl.hh"

#include <fmt/format.h>

#include "tests/unit/apps/run_program.hh"

namespace ekspath {
namespace {

using namespace literals;

constexpr std::string_view rows = "pod(10.0.0.5) -- node(10.0.0.1, 10.1.0.1) -- server(10.1.0.2)";

TEST_CASE("curl prints what the server saw of it") {
  LinuxWorld world(rows);
  const auto server = start_server(world["server"], ServerKind::http_echo, 80, {});
  const Ran ran = run_program(world, "pod", {"curl", "--local-port", "40000", "http://10.1.0.2/a?b=c"}, 1_s);
  CHECK(ran.text ==
        "Hostname: server\n"
        "Server address: 10.1.0.2:80\n"
        "Client address: 10.0.0.5:40000\n"
        "Request: GET /a?b=c HTTP/1.1\n"
        "Host: 10.1.0.2\n"
        "User-Agent: curl/8.5.0\n"
        "Accept: */*\n");
  CHECK(ran.status == 0);
}

TEST_CASE("a server of the kind http-client-address answers with the client's address alone") {
  LinuxWorld world(rows);
  const auto server = start_server(world["server"], ServerKind::http_client_address, 80, {});
  CHECK(run_program(world, "pod", {"curl", "-s", "10.1.0.2"}, 1_s).text == "10.0.0.5\n");
}

TEST_CASE("curl -v shows the conversation") {
  LinuxWorld world(rows);
  const auto server = start_server(world["server"], ServerKind::http_client_address, 8080, {});
  const Ran ran = run_program(world, "pod", {"curl", "-v", "http://10.1.0.2:8080/"}, 1_s);
  CHECK(ran.text ==
        "*   Trying 10.1.0.2:8080...\n"
        "* Connected to 10.1.0.2 (10.1.0.2) port 8080\n"
        "> GET / HTTP/1.1\n"
        "> Host: 10.1.0.2:8080\n"
        "> User-Agent: curl/8.5.0\n"
        "> Accept: */*\n"
        "> \n"
        "< HTTP/1.1 200 OK\n"
        "< Server: ekspath\n"
        "< Date: Thu, 01 Jan 1970 00:00:00 GMT\n"
        "< Content-Type: text/plain\n"
        "< Content-Length: 9\n"
        "< Connection: keep-alive\n"
        "< \n"
        "10.0.0.5\n"
        "* Connection #0 to host 10.1.0.2 left intact\n");
}

// Go's net/http: an answer of more than 2048 bytes leaves before its length is known. net/http/server.go
TEST_CASE("an agent's long answer comes in chunks, and curl puts it together") {
  LinuxWorld world(rows);
  const std::string body(3000, 'x');
  const auto agent =
      start_http_agent(world["server"], Ipv4Address(), 8080, [&](std::string_view, std::string_view path) {
        return HttpAnswer{200, {}, path == "/long" ? body : "short"};
      });
  Ran ran = run_program(world, "pod", {"curl", "-s", "http://10.1.0.2:8080/long"}, 1_s);
  CHECK(ran.text == body);
  CHECK(ran.status == 0);
  ran = run_program(world, "pod", {"curl", "-s", "-v", "-o", "/dev/null", "http://10.1.0.2:8080/long"}, 1_s);
  CHECK(ran.text.substr(ran.text.find('<')) ==
        "< HTTP/1.1 200 OK\n"
        "< Date: Thu, 01 Jan 1970 00:00:01 GMT\n"
        "< Content-Type: text/plain; charset=utf-8\n"
        "< Transfer-Encoding: chunked\n"
        "< \n"
        "* Connection #0 to host 10.1.0.2 left intact\n");
  ran = run_program(world, "pod", {"curl", "-s", "-I", "http://10.1.0.2:8080/short"}, 1_s);
  CHECK(ran.text ==
        "HTTP/1.1 200 OK\n"
        "Date: Thu, 01 Jan 1970 00:00:02 GMT\n"
        "Content-Length: 5\n"
        "Content-Type: text/plain; charset=utf-8\n"
        "\n");
}

TEST_CASE("curl says what is wrong with chunks: exit 56, and 18 when they end too early") {
  LinuxWorld world(rows);
  constexpr std::string_view head = "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n";
  StartedProgram server = start_program(world["server"], {"nc", "-l", "80"}, fmt::format("{}zz\n", head), {});
  REQUIRE(server.program);
  world.run_for(1_ms);
  Ran ran = run_program(world, "pod", {"curl", "-sS", "http://10.1.0.2/"}, 3_s);
  CHECK(ran.text == "curl: (56) Illegal or missing hexadecimal sequence in chunked-encoding\n");
  CHECK(ran.status == 56);
  server = start_program(world["server"], {"nc", "-l", "-w", "1", "81"}, fmt::format("{}5\nhel", head), {});
  REQUIRE(server.program);
  world.run_for(1_ms);
  ran = run_program(world, "pod", {"curl", "-sS", "http://10.1.0.2:81/"}, 5_s);
  CHECK(ran.text == "helcurl: (18) transfer closed with outstanding read data remaining\n");
  CHECK(ran.status == 18);
}

TEST_CASE("an agent of one address is not reached at another") {
  LinuxWorld world(rows);
  const auto agent = start_http_agent(world["server"], Ipv4Address(127, 0, 0, 1), 8080,
                                      [](std::string_view, std::string_view) {
                                        return HttpAnswer{200, {}, "mine\n"};
                                      });
  CHECK(run_program(world, "server", {"curl", "-s", "http://127.0.0.1:8080/"}, 1_s).text == "mine\n");
  CHECK(run_program(world, "pod", {"curl", "-s", "http://10.1.0.2:8080/"}, 1_s).status == 7);
}

TEST_CASE("curl asks its own host over loopback") {
  LinuxWorld world(rows);
  const auto server = start_server(world["pod"], ServerKind::http_client_address, 80, {});
  CHECK(run_program(world, "pod", {"curl", "-s", "http://127.0.0.1/"}, 1_s).text == "127.0.0.1\n");
  CHECK(run_program(world, "pod", {"curl", "-s", "http://10.0.0.5/"}, 1_s).text == "10.0.0.5\n");
}

TEST_CASE("curl takes what nc serves; a server that hangs up without a word is error 52") {
  LinuxWorld world(rows);
  StartedProgram server =
      start_program(world["server"], {"nc", "-l", "80"}, "HTTP/1.0 200 OK\n\nhello\n", {});
  REQUIRE(server.program);
  world.run_for(1_ms);
  Ran ran = run_program(world, "pod", {"curl", "-m", "1", "http://10.1.0.2/"}, 3_s);
  CHECK(ran.text == "hello\ncurl: (28) Operation timed out after 1000 milliseconds with 6 bytes received\n");
  server = start_program(world["server"], {"nc", "-l", "-w", "1", "81"}, "", {});
  REQUIRE(server.program);
  world.run_for(1_ms);
  ran = run_program(world, "pod", {"curl", "http://10.1.0.2:81/"}, 3_s);
  CHECK(ran.text == "curl: (52) Empty reply from server\n");
  CHECK(ran.status == 52);
}

TEST_CASE("a refused connection is curl's error 7") {
  LinuxWorld world(rows);
  const Ran ran = run_program(world, "pod", {"curl", "http://10.1.0.2:81/"}, 1_s);
  CHECK(ran.text ==
        "curl: (7) Failed to connect to 10.1.0.2 port 81 after 0 ms: Couldn't connect to server\n");
  CHECK(ran.status == 7);
}

TEST_CASE("no answer within -m is curl's error 28, and -s hides the text") {
  LinuxWorld world(rows);
  world.at("server/e0").up = false;
  Ran ran = run_program(world, "pod", {"curl", "-m", "2", "http://10.1.0.2/"}, 10_s);
  CHECK(ran.text == "curl: (28) Connection timed out after 2001 milliseconds\n");
  CHECK(ran.status == 28);
  ran = run_program(world, "pod", {"curl", "-s", "--connect-timeout", "1", "http://10.1.0.2/"}, 10_s);
  CHECK(ran.text == "");
  CHECK(ran.status == 28);
}

TEST_CASE("a name that nobody knows is curl's error 6") {
  LinuxWorld world(rows);
  const Ran ran = run_program(world, "pod", {"curl", "http://nowhere/"}, 1_s);
  CHECK(ran.text == "curl: (6) Could not resolve host: nowhere\n");
  CHECK(ran.status == 6);
}

TEST_CASE("-w writes what was asked for, without the body when -o takes it") {
  LinuxWorld world(rows);
  const auto server = start_server(world["server"], ServerKind::http_echo, 80, {});
  const Ran ran = run_program(
      world, "pod",
      {"curl", "-s", "-o", "/dev/null", "--local-port", "40001-40002", "-w",
       "%{http_code} %{local_ip}:%{local_port} %{remote_ip} %{time_total} 100%%\\n", "http://10.1.0.2/"},
      1_s);
  CHECK(ran.text == "200 10.0.0.5:40001 10.1.0.2 0.000000 100%\n");
}

TEST_CASE("what curl has and we have not is named") {
  CHECK(check_program({"curl", "-X", "POST", "http://a/"})->text == "curl: -X is not modelled");
  CHECK(check_program({"curl", "https://a/"})->text == "curl: https:// is not modelled, only http://");
  CHECK(check_program({"curl", "-o", "/dev/null", "http://a/"})->text ==
        "curl: -o without -s (the progress meter) is not modelled");
  CHECK(check_program({"curl", "-w", "%{nosuch}", "http://a/"})->text ==
        "curl: --write-out variable 'nosuch' is unknown or not modelled");
  CHECK(check_program({"crul", "http://a/"})->text == "unknown program 'crul'; did you mean 'curl'?");
  CHECK_FALSE(check_program({"curl", "-sS", "-m5", "--connect-timeout=2", "http://a/"}).has_value());
}

}  // namespace
}  // namespace ekspath
