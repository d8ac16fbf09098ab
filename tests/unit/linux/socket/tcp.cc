#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include <fmt/format.h>

#include "sim/engine/random.hh"
#include "sim/linux/socket/tcp_socket.hh"
#include "sim/linux/socket/timer_wheel.hh"
#include "sim/packet/headers.hh"
#include "tests/support/linux/world.hh"

namespace ekspath {
namespace {

using namespace literals;

constexpr Ipv4Address client_address(10, 0, 0, 2);
constexpr Ipv4Address server_address(10, 0, 0, 3);
constexpr std::string_view rows = "client(10.0.0.2) -- server(10.0.0.3)";

std::string read_all(TcpSocket& socket) {
  std::string text(socket.readable(), '\0');
  socket.read(std::span(reinterpret_cast<std::uint8_t*>(text.data()), text.size()));
  return text;
}

/// A connection to port 80 of the server, established.
struct Pair {
  explicit Pair(LinuxWorld& world) : listener(world["server"]), client(world["client"]) {
    listener.reuse_address = true;
    REQUIRE(listener.bind({Ipv4Address(), 80}) == 0);
    REQUIRE(listener.listen() == 0);
    REQUIRE(client.connect({server_address, 80}) == 0);
    world.run_for(100_ms);
    REQUIRE(client.is_established());
    server = listener.accept();
    REQUIRE(server);
    world.forget();
  }
  TcpSocket listener;
  TcpSocket client;
  std::unique_ptr<TcpSocket> server;
};

/// "S win 64240", "S.", ...: flags, relative numbers, window and length of each segment at an interface, as
/// tcpdump says.
std::string segments(LinuxWorld& world, std::string_view place = "client/e0") {
  std::string text;
  std::map<std::string, std::uint32_t> first;
  const std::string capture = world.capture(place);
  std::size_t at = 0;
  while (at < capture.size()) {
    const std::size_t end = capture.find('\n', at);
    const std::string line = capture.substr(at, end - at);
    at = end + 1;
    const auto tcp = line.find(": TCP ");
    if (tcp == std::string::npos) continue;
    const std::string direction =
        line.substr(place.size() + 1, line.find(' ', place.size() + 1) - place.size() - 1);
    const std::string flags = line.substr(tcp + 6, line.find(' ', tcp + 6) - tcp - 6);
    const auto number = [&](const std::string& word) -> std::optional<std::uint32_t> {
      const auto found = line.find(" " + word + " ", tcp);  // packet_text leaves out win 64240, its default
      if (found == std::string::npos) return std::nullopt;
      return static_cast<std::uint32_t>(std::stoul(line.substr(found + word.size() + 2)));
    };
    const std::string other = direction == "out" ? "in" : "out";
    text += direction + " " + flags;
    if (const auto sequence = number("seq")) {
      const std::uint32_t base = first.try_emplace(direction, *sequence).first->second;
      text += " seq " + std::to_string(*sequence - base);
    }
    if (const auto acknowledgement = number("ack"); acknowledgement && first.contains(other)) {
      text += " ack " + std::to_string(*acknowledgement - first[other]);
    }
    if (const auto window = number("win")) text += " win " + std::to_string(*window);
    if (const auto length = number("len")) text += " len " + std::to_string(*length);
    text += "\n";
  }
  return text;
}

/// Stands between two hosts and loses or delays frames of TCP payload by a draw.
class BadWire final : public Receiver<PacketRef> {
 public:
  BadWire(Engine& engine, Interface& far, std::uint32_t loss_percent, std::uint32_t late_percent,
          std::string_view name)
      : engine_(engine),
        far_(far),
        loss_(loss_percent),
        late_(late_percent),
        luck_(7, name, "wire"),
        late_link_(engine, {3_ms}, far) {}
  void receive(PacketRef frame) override {
    if (luck_.uniform(100) < loss_) return;
    if (luck_.uniform(100) < late_) return late_link_.send(late_link_, std::move(frame), 1);
    far_.receive(std::move(frame));
  }

 private:
  Engine& engine_;
  Interface& far_;
  std::uint32_t loss_, late_;
  Random luck_;
  Link<PacketRef> late_link_;
};

TEST_CASE("the handshake has Linux's options, windows and ids") {
  LinuxWorld world(rows);
  TcpSocket listener(world["server"]);
  REQUIRE(listener.bind({Ipv4Address(), 80}) == 0);
  REQUIRE(listener.listen() == 0);
  TcpSocket client(world["client"]);
  REQUIRE(client.connect({server_address, 80}) == 0);
  world.run_for(1_s);
  CHECK(segments(world) ==
        "out S seq 0\n"
        "in S. seq 0 ack 1 win 65160\n"
        "out . seq 1 ack 1 win 502\n");
  const std::string capture = world.capture_frames("client/e0");
  CHECK(capture.find("opts 020405b40402080a") != std::string::npos);  // mss 1460, sackOK, TS
  CHECK(capture.find("00000000"
                     "01030307") != std::string::npos);  // ecr 0, nop, wscale 7
}

TEST_CASE("at MTU 9001 the MSS is 8961 and the windows are whole segments of it") {
  LinuxWorld world(rows);
  world.at("client/e0").mtu = world.at("server/e0").mtu = 9001;
  TcpSocket listener(world["server"]);
  REQUIRE(listener.bind({Ipv4Address(), 80}) == 0);
  REQUIRE(listener.listen() == 0);
  TcpSocket client(world["client"]);
  REQUIRE(client.connect({server_address, 80}) == 0);
  world.run_for(1_s);
  CHECK(segments(world).starts_with("out S seq 0 win 62727\nin S. seq 0 ack 1 win 62643\n"));
  CHECK(world.capture("client/e0").find("opts 02042301") != std::string::npos);
}

TEST_CASE("a request is acknowledged at once, its answer comes in segments of 1448 with PSH on the last") {
  LinuxWorld world(rows);
  Pair pair(world);
  pair.client.write("GET / HTTP/1.1\r\n\r\n");
  world.run_for(1_ms);
  CHECK(read_all(*pair.server) == "GET / HTTP/1.1\r\n\r\n");
  pair.server->write(std::string(3000, 'y'));
  world.run_for(1_ms);
  CHECK(segments(world) ==
        "out P. seq 0 win 502 len 18\n"
        "in . seq 0 ack 18 win 509\n"
        "in . seq 0 ack 18 win 509 len 1448\n"
        "out . seq 18 ack 1448 win 525\n"
        "in . seq 1448 ack 18 win 509 len 1448\n"
        "out . seq 18 ack 2896 win 548\n"
        "in P. seq 2896 ack 18 win 509 len 104\n"
        "out . seq 18 ack 3000 win 548\n");
  CHECK(read_all(pair.client) == std::string(3000, 'y'));
}

TEST_CASE("the second small segment within a conversation is acknowledged after 40 ms") {
  LinuxWorld world(rows);
  Pair pair(world);
  pair.client.write("question");
  world.run_for(1_ms);
  CHECK(read_all(*pair.server) == "question");
  pair.server->write("answer");
  world.run_for(1_ms);
  CHECK(read_all(pair.client) == "answer");
  world.forget();
  const Nanoseconds asked = world.engine.now();
  pair.client.write("more");
  world.run_for(100_ms);
  REQUIRE(world.times("client/e0").size() == 2);
  CHECK(world.times("client/e0")[1] - asked >= 40_ms);
  CHECK(world.times("client/e0")[1] - asked <= 44_ms);
}

TEST_CASE("a closed port refuses with a RST of 40 bytes that acknowledges the SYN") {
  LinuxWorld world(rows);
  TcpSocket client(world["client"]);
  REQUIRE(client.connect({server_address, 81}) == 0);
  world.run_for(1_s);
  CHECK(client.take_error() == ECONNREFUSED);
  CHECK(client.take_error() == 0);
  CHECK(segments(world) == "out S seq 0\nin R. ack 1 win 0\n");
  CHECK(world.drops() == "server/e0 local_in no_socket\n");
}

TEST_CASE("an unanswered SYN is sent again five times a second apart, then at doubling distances") {
  LinuxWorld world(rows);
  // The server has no way back: it cannot even refuse.
  world["server"].routing.flush_routes_of(world.at("server/e0"));
  REQUIRE(world["client"].neighbours.add({server_address, world.at("client/e0").index,
                                          world.at("server/e0").mac, NeighbourState::permanent}) == 0);
  TcpSocket client(world["client"]);
  REQUIRE(client.connect({server_address, 80}) == 0);
  Nanoseconds gave_up;
  client.on_event = [&] { gave_up = world.engine.now(); };
  world.run_for(200_s);
  std::string seconds;
  for (const Nanoseconds time : world.times("client/e0")) seconds += fmt::format("{} ", time.whole_seconds());
  // facts/linux-datapath.md 1: 1.02 s apart, then after 2.02 s, doubling; net.ipv4.tcp_syn_retries 6.
  CHECK(seconds == "0 1 2 3 4 5 7 11 19 35 69 ");
  CHECK(world.times("client/e0")[1] == 1024_ms);
  CHECK(gave_up > 131_s);
  CHECK(gave_up < 140_s);
  CHECK(client.take_error() == ETIMEDOUT);
}

TEST_CASE("a kernel timer of one second fires up to 32 ms late, one of 200 ms up to 4 ms") {
  CHECK(timer_wheel_expiry(0_s, 1_s) == 1024_ms);
  CHECK(timer_wheel_expiry(1024_ms, 1_s) == 2048_ms);
  CHECK(timer_wheel_expiry(0_s, 200_ms) == 204_ms);
  CHECK(timer_wheel_expiry(1_ms, 40_ms) == 44_ms);
  CHECK(timer_wheel_expiry(0_s, 2_s) == 2016_ms);
}

TEST_CASE("both sides close: FIN, ACK, FIN, ACK; the first to close waits 60 s, the other is gone") {
  LinuxWorld world(rows);
  Pair pair(world);
  pair.client.shutdown_write();
  world.run_for(60_ms);
  CHECK(pair.server->at_end());
  pair.server.reset();
  world.run_for(1_ms);
  CHECK(segments(world) ==
        "out F. seq 0 win 502\n"
        "in . seq 0 ack 1 win 510\n"
        "in F. seq 0 ack 1 win 510\n"
        "out . seq 1 ack 1 win 502\n");
  REQUIRE(world["client"].sockets->summary().size() == 1);
  CHECK(world["client"].sockets->summary()[0].state == "TIME-WAIT");
  CHECK(world["server"].sockets->summary().size() == 1);  // the listener
  world.run_for(62_s);
  CHECK(world["client"].sockets->summary().empty());
}

TEST_CASE("the receiver's own FIN carries the acknowledgement when it comes first") {
  LinuxWorld world(rows);
  Pair pair(world);
  pair.client.write("bye");
  world.run_for(1_ms);
  CHECK(read_all(*pair.server) == "bye");
  pair.server->on_event = [&] {
    if (pair.server->at_end()) pair.server->shutdown_write();
  };
  pair.client.shutdown_write();
  world.run_for(1_ms);
  CHECK(segments(world) ==
        "out P. seq 0 win 502 len 3\n"
        "in . seq 0 ack 3 win 510\n"
        "out F. seq 3 ack 0 win 502\n"
        "in F. seq 0 ack 4 win 510\n"
        "out . seq 4 ack 1 win 502\n");
}

TEST_CASE("a connection half closed still carries data the other way") {
  LinuxWorld world(rows);
  Pair pair(world);
  pair.client.shutdown_write();
  world.run_for(100_ms);
  CHECK(pair.server->at_end());
  pair.server->write("late");
  world.run_for(100_ms);
  CHECK(read_all(pair.client) == "late");
}

TEST_CASE("both close at the same instant: CLOSING, and both wait") {
  LinuxWorld world("client(-)");
  world.add_host("server");
  world.join("client", "10.0.0.2", "server", "10.0.0.3", LinkSpec{1_ms});
  Pair pair(world);
  pair.client.shutdown_write();
  pair.server->shutdown_write();
  world.run_for(500_us);
  CHECK(world["client"].sockets->summary()[0].state == "FIN-WAIT-1");
  world.run_for(1_ms);
  CHECK(world["client"].sockets->summary()[0].state == "CLOSING");
  world.run_for(100_ms);
  CHECK(world["client"].sockets->summary()[0].state == "TIME-WAIT");
}

TEST_CASE("closing with unread data resets") {
  LinuxWorld world(rows);
  Pair pair(world);
  pair.client.write("unread");
  world.run_for(1_ms);
  pair.server.reset();
  world.run_for(1_ms);
  INFO(segments(world));
  CHECK(segments(world).ends_with("in R. seq 0 ack 6 win 510\n"));
  CHECK(pair.client.take_error() == ECONNRESET);
}

TEST_CASE("data for a program that is gone is answered with RST") {
  LinuxWorld world(rows);
  Pair pair(world);
  pair.server.reset();
  world.run_for(100_ms);
  CHECK(pair.client.at_end());
  pair.client.write("anyone?");
  world.run_for(1_ms);
  CHECK(pair.client.take_error() == EPIPE);
}

TEST_CASE("an ICMP error ends a connection that is being opened, and not one that is open") {
  LinuxWorld world("client(10.0.0.2) -- node(10.0.0.1, 10.1.0.1) -- server(10.1.0.2)");
  Route unreachable;
  unreachable.type = RouteType::unreachable;
  unreachable.prefix = *Prefix::parse("10.9.0.0/16");
  REQUIRE(world["node"].routing.add_route(route_table::main, unreachable) == 0);
  TcpSocket socket(world["client"]);
  REQUIRE(socket.connect({Ipv4Address(10, 9, 0, 1), 80}) == 0);
  world.run_for(1_ms);
  INFO(world.walk());
  CHECK(socket.take_error() == EHOSTUNREACH);
}

TEST_CASE("no route: connect fails at once with the route's errno") {
  LinuxWorld world("client(10.0.0.2/24) -- server(10.0.0.3)");
  world["client"].routing.flush_routes_of(world.at("client/e0"));
  TcpSocket socket(world["client"]);
  CHECK(socket.connect({server_address, 80}) == ENETUNREACH);
}

TEST_CASE("a smaller MTU on the path cuts the segments that are already under way") {
  LinuxWorld world("client(10.0.0.2) -- node(10.0.0.1, 10.1.0.1) -- server(10.1.0.2)");
  world.at("node/e1").mtu = 1400;
  TcpSocket listener(world["server"]);
  REQUIRE(listener.bind({Ipv4Address(), 80}) == 0);
  REQUIRE(listener.listen() == 0);
  TcpSocket client(world["client"]);
  REQUIRE(client.connect({Ipv4Address(10, 1, 0, 2), 80}) == 0);
  world.run_for(100_ms);
  client.write(std::string(5000, 'a'));
  world.run_for(2_s);
  const auto server = listener.accept();
  REQUIRE(server);
  CHECK((read_all(*server) == std::string(5000, 'a')));
  INFO(world.capture("client/e0"));
  CHECK(world.capture("client/e0").find("len 1348") != std::string::npos);
}

TEST_CASE("whatever the wire loses and reorders, the bytes arrive once and in order") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    LinuxWorld world(rows, seed);
    Pair pair(world);
    BadWire to_server(world.engine, world.at("server/e0"), 5, 10, fmt::format("a{}", seed));
    BadWire to_client(world.engine, world.at("client/e0"), 5, 10, fmt::format("b{}", seed));
    world.at("client/e0").connect({1_ms}, to_server);
    world.at("server/e0").connect({1_ms}, to_client);
    std::string sent, received;
    for (int i = 0; i < 40000; ++i) sent += fmt::format("{:05}", i);
    std::string_view left = sent;
    for (int turn = 0; turn < 6000 && received.size() < sent.size(); ++turn) {
      left.remove_prefix(pair.client.write(left));
      world.run_for(10_ms);
      received += read_all(*pair.server);
    }
    CHECK((received == sent));
    pair.client.shutdown_write();
    world.run_for(30_s);
    CHECK(pair.server->at_end());
  }
}

TEST_CASE("a reader that does not read closes the window, and opens it when it does") {
  LinuxWorld world(rows);
  Pair pair(world);
  const std::string sent(200000, 'z');
  CHECK(pair.client.write(sent) == sent.size());
  world.run_for(5_s);
  CHECK(pair.server->readable() < sent.size());
  INFO(segments(world));
  CHECK(segments(world).find("win 0\n") != std::string::npos);
  std::string received;
  for (int turn = 0; turn < 100 && received.size() < sent.size(); ++turn) {
    received += read_all(*pair.server);
    world.run_for(1_s);
  }
  CHECK(received.size() == sent.size());
}

TEST_CASE("a full accept queue drops the next SYN") {
  LinuxWorld world(rows);
  TcpSocket listener(world["server"]);
  REQUIRE(listener.bind({Ipv4Address(), 80}) == 0);
  REQUIRE(listener.listen(0) == 0);
  TcpSocket first(world["client"]), second(world["client"]);
  REQUIRE(first.connect({server_address, 80}) == 0);
  world.run_for(10_ms);
  REQUIRE(second.connect({server_address, 80}) == 0);
  world.run_for(10_ms);
  CHECK(first.is_established());
  CHECK_FALSE(second.is_established());
  CHECK(world.drops() == "server/e0 local_in socket_full\n");
  CHECK(listener.accept());
  world.run_for(2_s);
  CHECK(second.is_established());
}

TEST_CASE("ports: a listener keeps others off, a connection leaves its port to other destinations") {
  LinuxWorld world(rows);
  TcpSocket first(world["server"]), second(world["server"]);
  REQUIRE(first.bind({Ipv4Address(), 80}) == 0);
  REQUIRE(first.listen() == 0);
  CHECK(second.bind({Ipv4Address(), 80}) == EADDRINUSE);
  CHECK(second.bind({server_address, 80}) == EADDRINUSE);
  CHECK(second.bind({client_address, 81}) == EADDRNOTAVAIL);
  CHECK(second.bind({server_address, 81}) == 0);
}

}  // namespace
}  // namespace ekspath
