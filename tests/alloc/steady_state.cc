#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include "sim/aws/fabric.hh"
#include "sim/engine/engine.hh"
#include "sim/engine/link.hh"
#include "sim/engine/timer.hh"
#include "sim/packet/build.hh"
#include "sim/packet/packet.hh"
#include "sim/packet/parse.hh"
#include "tests/alloc/counted_new.hh"

using namespace ekspath;
using namespace ekspath::literals;

namespace {

/// Two ends of a wire that throw a packet back and forth, and keep a timer while they do.
class End final : public Entity, public Receiver<PacketRef> {
 public:
  explicit End(Engine& engine) : Entity(engine), timer_(*this, 0) {}
  void receive(PacketRef packet) override {
    if (parse_ipv4(*packet) != ParseResult::ok) return;
    timer_.arm(now() + 1_s);
    to->send(*this, std::move(packet), 100);
    ++received;
  }
  void fire(const Event& event) override { rang += timer_.expired(event) ? 1 : 0; }

  Link<PacketRef>* to = nullptr;
  int received = 0;
  int rang = 0;

 private:
  Timer timer_;
};

PacketRef echo(PacketPool& pool) {
  PacketRef packet = pool.allocate(84);
  (void)packet->append(56);
  push_icmp(*packet, {.type = 8, .rest = 0x00070001});
  push_ipv4(*packet,
            {.source = Ipv4Address(10, 0, 0, 5), .destination = Ipv4Address(8, 8, 8, 8), .protocol = 1});
  return packet;
}

}  // namespace

TEST_CASE("the counter counts") {
  CHECK(allocations_of([] { ::operator delete(::operator new(8)); }) == 1);
}

TEST_CASE("building, cloning and freeing packets of every size allocates nothing once the pool has them") {
  PacketPool pool;
  const auto round = [&pool] {
    const PacketRef small = echo(pool);
    const PacketRef copy = pool.clone(*small);
    const PacketRef segment = pool.allocate(1500);
    const PacketRef jumbo = pool.allocate(9001);
    const PacketRef datagram = pool.allocate(65535);
  };
  round();
  const std::size_t created = pool.created();
  CHECK(allocations_of([&] {
          for (int i = 0; i < 1000; ++i) round();
        }) == 0);
  CHECK(pool.created() == created);
}

TEST_CASE("packets that cross links with timers running allocate nothing in the steady state") {
  PacketPool pool;
  Engine engine;
  End a(engine);
  End b(engine);
  Link<PacketRef> there(engine, {.delay = 25_us, .rate_bps = 1'000'000'000}, b);
  Link<PacketRef> back(engine, {.delay = 40_us}, a);
  a.to = &there;
  b.to = &back;
  for (int i = 0; i < 20; ++i) there.send(a, echo(pool), 100);
  engine.run_until(1_s);
  const int received = a.received;
  CHECK(allocations_of([&] { engine.run_until(2_s); }) == 0);
  CHECK(a.received > received + 100'000);
}

TEST_CASE("a ping and its answer through the fabric allocate nothing once the flow is known") {
  struct Last final : Receiver<PacketRef> {
    void receive(PacketRef frame) override { last = std::move(frame); }
    PacketRef last;
  };
  Engine engine;
  PacketPool pool;
  PlaceNames places;
  Fabric fabric({engine, pool, places, 1});
  Last host;
  const VpcId vpc = fabric.add_vpc({"vpc", {Prefix(Ipv4Address(10, 0, 0, 0), 16)}, true}).value();
  SubnetSpec subnet;
  subnet.name = "a";
  subnet.vpc = vpc;
  subnet.cidr = Prefix(Ipv4Address(10, 0, 0, 0), 24);
  subnet.zone = "a";
  EniSpec spec;
  spec.name = "node1";
  spec.subnet = fabric.add_subnet(subnet).value();
  spec.address = Ipv4Address(10, 0, 0, 5);
  Eni& eni = fabric.eni(fabric.create_eni(spec).value());
  CHECK(fabric.associate_public_address(eni.eni_id(), *spec.address));
  CHECK(!fabric.add_route(fabric.vpc(vpc).main_route_table, Prefix(), VpcRouteTarget::internet_gateway()));
  CHECK(!fabric.attach(eni.eni_id(), {places.add("node1/ens5"), &host, 0}));
  InternetHost& far =
      fabric.internet_host(fabric.add_internet_host({"far", {Ipv4Address(8, 8, 8, 8)}, {}, 0}).value());
  CHECK(!fabric.attach(far.host_id(), places.add("far/eth0"), host));
  const auto round = [&] {
    PacketRef request = echo(pool);
    push_ethernet(*request, fabric.subnet(spec.subnet).gateway_mac, eni.mac(), EtherType::ipv4);
    eni.receive(std::move(request));
    engine.run();
    PacketRef answer = pool.allocate(84);
    (void)answer->append(56);
    push_icmp(*answer, {.type = 0, .rest = 0x00070001});
    push_ipv4(*answer, {.source = Ipv4Address(8, 8, 8, 8),
                        .destination = fabric.public_address_of(vpc, *spec.address),
                        .protocol = 1});
    push_ethernet(*answer, Internet::gateway_mac, far.mac(), EtherType::ipv4);
    far.receive(std::move(answer));
    engine.run();
  };
  for (int i = 0; i < 10; ++i) round();
  CHECK(ipv4(*host.last).destination() == *spec.address);
  CHECK(allocations_of([&] {
          for (int i = 0; i < 1000; ++i) round();
        }) == 0);
}
