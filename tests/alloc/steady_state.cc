#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <cstdlib>
#include <new>

#include "sim/engine/engine.hh"
#include "sim/engine/link.hh"
#include "sim/engine/timer.hh"
#include "sim/packet/build.hh"
#include "sim/packet/packet.hh"
#include "sim/packet/parse.hh"

namespace {

std::size_t allocations = 0;

void* allocate(std::size_t size) {
  ++allocations;
  void* block = std::malloc(size == 0 ? 1 : size);
  if (block == nullptr) std::abort();
  return block;
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void operator delete(void* block) noexcept { std::free(block); }
void operator delete[](void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete[](void* block, std::size_t) noexcept { std::free(block); }

using namespace ekspath;
using namespace ekspath::literals;

namespace {

template <class Body>
std::size_t allocations_of(Body&& body) {
  const std::size_t before = allocations;
  body();
  return allocations - before;
}

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
