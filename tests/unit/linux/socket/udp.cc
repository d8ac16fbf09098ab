#include <doctest/doctest.h>

#include <cerrno>
#include <set>

#include "sim/linux/socket/udp_socket.hh"
#include "sim/packet/headers.hh"
#include "tests/support/linux/world.hh"

namespace ekspath {
namespace {

using namespace literals;

constexpr Ipv4Address server_address(10, 0, 0, 3);
constexpr std::string_view rows = "client(10.0.0.2) -- server(10.0.0.3)";

std::span<const std::uint8_t> bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
std::string text(const Datagram& datagram) { return {datagram.payload.begin(), datagram.payload.end()}; }

TEST_CASE("a datagram arrives with its sender, its TTL and its bytes") {
  LinuxWorld world(rows);
  UdpSocket server(world["server"]), client(world["client"]);
  REQUIRE(server.bind({Ipv4Address(), 53}) == 0);
  REQUIRE(client.bind({Ipv4Address(), 4242}) == 0);
  int told = 0;
  server.on_readable = [&] { ++told; };
  CHECK(client.send_to({server_address, 53}, bytes("hello")) == 0);
  world.run_for(1_ms);
  CHECK(told == 1);
  const auto datagram = server.receive();
  REQUIRE(datagram);
  CHECK(datagram->from == Endpoint{Ipv4Address(10, 0, 0, 2), 4242});
  CHECK(datagram->to == Endpoint{server_address, 53});
  CHECK(datagram->ttl == 64);
  CHECK(text(*datagram) == "hello");
  CHECK_FALSE(server.receive());
  CHECK(world.capture("client/e0") == "client/e0 out 10.0.0.2.4242 > 10.0.0.3.53: UDP 5\n");
}

TEST_CASE("a closed port is told: a connected socket's next send says so, an unconnected one hears nothing") {
  LinuxWorld world(rows);
  UdpSocket connected(world["client"]), loose(world["client"]);
  REQUIRE(connected.connect({server_address, 9}) == 0);
  CHECK(connected.send(bytes("x")) == 0);
  CHECK(loose.send_to({server_address, 9}, bytes("x")) == 0);
  world.run_for(1_ms);
  CHECK(connected.send(bytes("x")) == ECONNREFUSED);
  CHECK(connected.send(bytes("x")) == 0);
  CHECK(loose.take_error() == 0);
  world.run_for(1_ms);
  CHECK(world["server"].occasional().snmp.udp_no_ports == 3);
}

TEST_CASE("with IP_RECVERR the error tells who sent it, about what, and the bytes that were quoted") {
  LinuxWorld world("client(10.0.0.2) -- node(10.0.0.1, 10.1.0.1) -- server(10.1.0.2)");
  UdpSocket socket(world["client"]);
  socket.receive_errors = true;
  socket.options.ttl = 1;
  CHECK(socket.send_to({Ipv4Address(10, 1, 0, 2), 33434}, bytes("probe")) == 0);
  world.run_for(1_ms);
  const auto error = socket.receive_error();
  REQUIRE(error);
  CHECK(error->error == EHOSTUNREACH);
  CHECK(error->type == icmp::time_exceeded);
  CHECK(error->offender == Ipv4Address(10, 0, 0, 1));
  CHECK(error->destination == Endpoint{Ipv4Address(10, 1, 0, 2), 33434});
  CHECK(std::string(error->payload.begin(), error->payload.end()) == "probe");
}

TEST_CASE("a datagram goes to the socket that fits best: connected, then bound to the address, then to any") {
  LinuxWorld world(rows);
  UdpSocket any(world["server"]), exact(world["server"]), connected(world["server"]), client(world["client"]);
  any.reuse_address = exact.reuse_address = connected.reuse_address = true;
  REQUIRE(any.bind({Ipv4Address(), 53}) == 0);
  REQUIRE(client.bind({Ipv4Address(), 4242}) == 0);
  CHECK(client.send_to({server_address, 53}, bytes("1")) == 0);
  world.run_for(1_ms);
  CHECK(any.receive());
  REQUIRE(exact.bind({server_address, 53}) == 0);
  CHECK(client.send_to({server_address, 53}, bytes("2")) == 0);
  world.run_for(1_ms);
  CHECK(exact.receive());
  REQUIRE(connected.bind({server_address, 53}) == 0);
  REQUIRE(connected.connect({Ipv4Address(10, 0, 0, 2), 4242}) == 0);
  CHECK(client.send_to({server_address, 53}, bytes("3")) == 0);
  world.run_for(1_ms);
  CHECK(connected.receive());
  CHECK_FALSE(any.receive());
  CHECK_FALSE(exact.receive());
}

TEST_CASE("ephemeral ports lie in the sysctl's range, differ, and differ by seed") {
  LinuxWorld world(rows), other(rows, 2);
  std::set<std::uint16_t> ports;
  std::vector<std::unique_ptr<UdpSocket>> sockets;
  for (int i = 0; i < 100; ++i) {
    sockets.push_back(std::make_unique<UdpSocket>(world["client"]));
    REQUIRE(sockets.back()->bind({}) == 0);
    const std::uint16_t port = sockets.back()->local().port;
    CHECK(port >= 32768);
    CHECK(port <= 60999);
    ports.insert(port);
  }
  CHECK(ports.size() == 100);
  UdpSocket elsewhere(other["client"]);
  REQUIRE(elsewhere.bind({}) == 0);
  CHECK(elsewhere.local().port != sockets.front()->local().port);
}

TEST_CASE("when every ephemeral port is taken, bind says so") {
  LinuxWorld world(rows);
  world["client"].sysctls.write().local_port_low = 40000;
  world["client"].sysctls.write().local_port_high = 40001;
  UdpSocket first(world["client"]), second(world["client"]), third(world["client"]);
  CHECK(first.bind({}) == 0);
  CHECK(second.bind({}) == 0);
  CHECK(third.bind({}) == EADDRINUSE);
}

TEST_CASE("a socket that nobody reads drops what its buffer cannot take") {
  LinuxWorld world(rows);
  UdpSocket server(world["server"]), client(world["client"]);
  REQUIRE(server.bind({Ipv4Address(), 53}) == 0);
  // The neighbour must be known: its own queue is short, too.
  CHECK(client.send_to({server_address, 53}, bytes("x")) == 0);
  world.run_for(1_ms);
  for (int i = 0; i < 300; ++i) CHECK(client.send_to({server_address, 53}, bytes("x")) == 0);
  world.run_for(1_ms);
  int received = 0;
  while (server.receive()) ++received;
  // 212992 bytes of 832 each, and one more that is let in.
  CHECK(received == 257);
  CHECK(world.drops().find("server/e0 local_in socket_full\n") != std::string::npos);
}

TEST_CASE("too big for the path: fragments by default, EMSGSIZE with DF always") {
  LinuxWorld world(rows);
  UdpSocket server(world["server"]), client(world["client"]);
  REQUIRE(server.bind({Ipv4Address(), 53}) == 0);
  const std::string big(3000, 'b');
  CHECK(client.send_to({server_address, 53}, bytes(big)) == 0);
  world.run_for(1_ms);
  const auto datagram = server.receive();
  REQUIRE(datagram);
  CHECK(datagram->payload.size() == 3000);
  client.options.path_mtu = PathMtuDiscovery::do_;
  CHECK(client.send_to({server_address, 53}, bytes(big)) == EMSGSIZE);
  CHECK(client.send_to({server_address, 53}, bytes(std::string(65508, 'c'))) == EMSGSIZE);
}

TEST_CASE("a host talks to itself over loopback, by 127.0.0.1 and by its own address") {
  LinuxWorld world(rows);
  UdpSocket server(world["client"]), client(world["client"]);
  REQUIRE(server.bind({Ipv4Address(), 53}) == 0);
  CHECK(client.send_to({Ipv4Address(127, 0, 0, 1), 53}, bytes("a")) == 0);
  CHECK(client.send_to({Ipv4Address(10, 0, 0, 2), 53}, bytes("b")) == 0);
  world.run_for(1_ms);
  const auto first = server.receive(), second = server.receive();
  REQUIRE(first);
  REQUIRE(second);
  CHECK(first->from.address == Ipv4Address(127, 0, 0, 1));
  CHECK(second->from.address == Ipv4Address(10, 0, 0, 2));
}

TEST_CASE("a broadcast needs permission") {
  LinuxWorld world(rows);
  UdpSocket client(world["client"]);
  CHECK(client.send_to({Ipv4Address(10, 0, 0, 255), 53}, bytes("a")) == EACCES);
  client.options.broadcast = true;
  CHECK(client.send_to({Ipv4Address(10, 0, 0, 255), 53}, bytes("a")) == 0);
}

}  // namespace
}  // namespace ekspath
