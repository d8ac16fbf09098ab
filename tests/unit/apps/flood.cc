#include "sim/apps/flood.hh"

#include "tests/unit/apps/run_program.hh"

namespace ekspath {
namespace {

using namespace literals;

TEST_CASE("a flood sends its count at an even rate, and the sink takes every datagram") {
  LinuxWorld world("client(10.0.0.2) -- server(10.0.0.3)");
  FloodSink sink(world["server"], 9376);
  const FloodSpec spec{{Ipv4Address(10, 0, 0, 3), 9376}, 40000, 100, 10_us, 1000};
  const FloodSender sender(world["client"], spec, 5_ms);
  world.run_for(5_ms + 500 * 10_us);
  CHECK(sender.sent() == 501);
  world.run_for(1_s);
  CHECK(sender.sent() == 1000);
  CHECK(sender.failed() == 0);
  CHECK(sink.received() == 1000);
  CHECK(sink.bytes() == 100'000);
}

TEST_CASE("a sink that echoes sends each datagram back") {
  LinuxWorld world("client(10.0.0.2) -- server(10.0.0.3)");
  FloodSink back(world["client"], 40001);
  FloodSink echo(world["server"], 9376, FloodSink::Answer::echo);
  UdpSocket client(world["client"]);
  REQUIRE(client.bind({Ipv4Address(), 40000}) == 0);
  const std::vector<std::uint8_t> payload(10, 1);
  CHECK(client.send_to({Ipv4Address(10, 0, 0, 3), 9376}, payload) == 0);
  world.run_for(1_ms);
  CHECK(echo.received() == 1);
  CHECK(client.receive());
  CHECK(back.received() == 0);
}

TEST_CASE("in the steady state a flood takes its packets from the pool alone") {
  LinuxWorld world("client(10.0.0.2) -- server(10.0.0.3)");
  FloodSink sink(world["server"], 9376);
  const FloodSpec spec{{Ipv4Address(10, 0, 0, 3), 9376}, 40000, 100, 10_us, 0};
  const FloodSender sender(world["client"], spec, 1_ms);
  world.run_for(10_ms);
  const std::size_t created = world.pool.created();
  world.run_for(100_ms);
  CHECK(world.pool.created() == created);
  CHECK(sink.received() > 10'000);
}

}  // namespace
}  // namespace ekspath
