#include "sim/packet/packet.hh"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>

#include "sim/packet/build.hh"
#include "tests/support/packet/packet_text.hh"
#include "tests/support/text/aborts.hh"

using namespace ekspath;

TEST_CASE("a packet given back is the next one given out, and nothing of it remains") {
  PacketPool pool;
  const Packet* first = nullptr;
  {
    PacketRef packet = pool.allocate(64);
    packet->meta.mark = 0x80;
    packet->meta.trace = 7;
    (void)packet->append(10);
    first = &*packet;
    CHECK(pool.in_use() == 1);
  }
  CHECK(pool.in_use() == 0);
  const PacketRef again = pool.allocate(64);
  CHECK(&*again == first);
  CHECK(again->size() == 0);
  CHECK(again->meta.mark == 0);
  CHECK(again->meta.trace == 0);
  CHECK(pool.created() == 1);
}

TEST_CASE("a packet has room for what was asked, and for headers in front") {
  PacketPool pool;
  for (const std::size_t bytes : {std::size_t{0}, std::size_t{128}, std::size_t{129}, std::size_t{1600},
                                  std::size_t{9001}, std::size_t{65535}, PacketPool::largest_packet}) {
    const PacketRef packet = pool.allocate(bytes);
    CHECK(packet->tailroom() >= bytes);
    std::memset(packet->append(bytes), 0xab, bytes);
    std::memset(packet->push(Packet::headroom), 0xcd, Packet::headroom);
    CHECK(packet->size() == bytes + Packet::headroom);
  }
}

TEST_CASE("a packet larger than any IPv4 packet is a fault of ours") {
  PacketPool pool;
  CHECK(abort_message([&] { (void)pool.allocate(PacketPool::largest_packet + 1); }) != "");
  const PacketRef packet = pool.allocate(0);
  CHECK(abort_message([&] { packet->push(Packet::headroom + 1); }) != "");
  CHECK(abort_message([&] { packet->pull(1); }) != "");
}

TEST_CASE("a packet that outlives its pool is a fault of ours") {
  CHECK(abort_message([] {
          PacketRef survivor;
          PacketPool pool;
          survivor = pool.allocate(0);
        }).find("in_use_ == 0") != std::string::npos);
}

TEST_CASE("pulling a link header off keeps the offsets of what is behind it") {
  PacketPool pool;
  const PacketRef packet =
      frame(pool, "02:00:00:00:00:01 > 02:00:00:00:00:02 | 10.0.0.5.4242 > 8.8.8.8.53: UDP 12");
  const std::uint8_t* network = packet->network();
  packet->pull(14);
  CHECK(packet->network() == network);
  CHECK(packet->data() == network);
  CHECK(packet->network_size() == 40);
  CHECK(packet->transport_size() == 20);
  packet->pull(28);
  packet->pull_to_network();
  CHECK(describe(*packet) == "10.0.0.5.4242 > 8.8.8.8.53: UDP 12");
}

TEST_CASE("a clone is the same packet with bytes of its own") {
  PacketPool pool;
  PacketRef packet = ekspath::packet(pool, "10.0.0.5.4242 > 8.8.8.8.53: UDP 12");
  packet->meta.trace = 5;
  packet->meta.mark = 0x80;
  const PacketRef copy = pool.clone(*packet);
  packet->data()[8] = 1;
  CHECK(describe(*copy) == "10.0.0.5.4242 > 8.8.8.8.53: UDP 12");
  CHECK(copy->meta.trace == 5);
  CHECK(copy->meta.mark == 0x80);
}

TEST_CASE("a packet that was pulled over its headers clones with them") {
  PacketPool pool;
  const PacketRef packet =
      frame(pool, "02:00:00:00:00:01 > 02:00:00:00:00:02 | 10.0.0.5.4242 > 8.8.8.8.53: UDP 128");
  packet->pull(14 + 28);  // 128 bytes are left: as many as the smallest size has room for behind the headroom
  const PacketRef copy = pool.clone(*packet);
  CHECK(copy->size() == 128);
  copy->pull_to_network();
  CHECK(describe(*copy) == "10.0.0.5.4242 > 8.8.8.8.53: UDP 128");
}

TEST_CASE("a frame appended whole and then pulled clones too") {
  PacketPool pool;
  const PacketRef packet = pool.allocate(142);
  std::memset(packet->append(142), 0x45, 142);
  packet->pull(14);
  packet->mark_network();
  const PacketRef copy = pool.clone(*packet);
  CHECK(std::ranges::equal(copy->bytes(), packet->bytes()));
}

TEST_CASE("crossing into another namespace leaves the trace id and forgets the rest") {
  PacketPool pool;
  const PacketRef packet = pool.allocate(0);
  packet->meta = {.trace = 9,
                  .mark = 0x80,
                  .in_interface = 2,
                  .connection = ConnectionId(1),
                  .ct_info = CtInfo::established,
                  .type = PacketType::host,
                  .ct_forced_untracked = true,
                  .largest_fragment = 1400,
                  .fragments_had_df = true};
  packet->scrub();
  CHECK(packet->meta.trace == 9);
  CHECK(packet->meta.mark == 0);
  CHECK(packet->meta.in_interface == 0);
  CHECK_FALSE(packet->meta.connection);
  CHECK(packet->meta.ct_info == CtInfo::none);
  CHECK_FALSE(packet->meta.ct_forced_untracked);
  CHECK(packet->meta.largest_fragment == 0);
}

TEST_CASE("a queue gives packets back in the order in which they came, and frees those that are left") {
  PacketPool pool;
  {
    PacketQueue queue;
    for (std::uint64_t i = 1; i <= 3; ++i) {
      PacketRef packet = pool.allocate(0);
      packet->meta.trace = i;
      queue.push(std::move(packet));
    }
    CHECK(queue.size() == 3);
    CHECK(queue.front()->meta.trace == 1);
    CHECK(PacketQueue::after(queue.front())->meta.trace == 2);
    CHECK(queue.take()->meta.trace == 1);
    PacketQueue moved = std::move(queue);
    CHECK(moved.size() == 2);
    CHECK(moved.take()->meta.trace == 2);
    CHECK(pool.in_use() == 1);
  }
  CHECK(pool.in_use() == 0);
}

TEST_CASE("a moved reference is empty, and assigning over one gives the old packet back") {
  PacketPool pool;
  PacketRef a = pool.allocate(0);
  PacketRef b = pool.allocate(0);
  Packet* kept = &*a;
  b = std::move(a);
  CHECK_FALSE(a);
  CHECK(&*b == kept);
  CHECK(pool.in_use() == 1);
}
