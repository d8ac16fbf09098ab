#include "sim/engine/event_queue.hh"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <set>
#include <vector>

#include "sim/engine/random.hh"

using namespace ekspath;

namespace {

Event event(std::int64_t time, std::uint32_t source = 0, std::uint64_t sequence = 0) {
  return {Nanoseconds(time), sequence, EntityId(source), EntityId(0), 0, 0};
}

/// The least event of the queue, taken out.
Event take(EventQueue& queue) {
  const Event least = queue.top();
  queue.pop();
  return least;
}

/// Pushes and pops as a world does, from the present on, and compares each step with an ordered set.
void compare_with_a_set(std::uint64_t seed, std::uint64_t longest_delay, int rounds) {
  Random random(seed, "event_queue", "test");
  EventQueue queue;
  std::set<EventKey> reference;
  std::int64_t now = 0;
  for (int round = 0; round < rounds; ++round) {
    const std::uint64_t pushes = random.uniform(4);
    for (std::uint64_t i = 0; i < pushes; ++i) {
      const auto delay = static_cast<std::int64_t>(random.uniform(random.uniform(longest_delay) + 1));
      const Event added = event(now + delay, static_cast<std::uint32_t>(random.uniform(3)),
                                static_cast<std::uint64_t>(round) * 4 + i);
      queue.push(added);
      reference.insert(added.key());
    }
    if (random.uniform(8) == 0 && !queue.empty()) REQUIRE(queue.top().key() == *reference.begin());
    const Nanoseconds least = reference.empty() ? Nanoseconds::never() : reference.begin()->time;
    REQUIRE(queue.next_time() == least);
    const Nanoseconds asked(now + static_cast<std::int64_t>(random.uniform(longest_delay)));
    REQUIRE(queue.due(asked) == (!reference.empty() && least <= asked));
    for (std::uint64_t pops = random.uniform(4); pops > 0 && !queue.empty(); --pops) {
      const Event taken = take(queue);
      REQUIRE(taken.key() == *reference.begin());
      reference.erase(reference.begin());
      now = taken.time.count();
    }
    REQUIRE(queue.size() == reference.size());
  }
  for (const EventKey& expected : reference) REQUIRE(take(queue).key() == expected);
  CHECK(queue.empty());
}

}  // namespace

TEST_CASE("events leave by time, then by source, then by sequence") {
  EventQueue queue;
  const std::vector<Event> expected{event(1, 9, 9), event(2, 0, 5), event(2, 1, 3), event(2, 1, 4),
                                    event(3, 0, 0)};
  std::vector<Event> shuffled{expected[3], expected[0], expected[4], expected[2], expected[1]};
  for (const Event& added : shuffled) queue.push(added);
  CHECK(queue.size() == 5);
  for (const Event& wanted : expected) CHECK(take(queue).key() == wanted.key());
  CHECK(queue.empty());
}

TEST_CASE("what an event carries comes out with it") {
  EventQueue queue;
  queue.push({Nanoseconds(5), 1, EntityId(2), EntityId(3), 4, 6});
  const Event taken = take(queue);
  CHECK(taken.target == EntityId(3));
  CHECK(taken.kind == 4);
  CHECK(taken.argument == 6);
}

TEST_CASE("any set of events leaves in the order of its keys") {
  CHECK(rc::check([](std::vector<std::uint32_t> times) {
    EventQueue queue;
    std::vector<EventKey> keys;
    for (std::size_t i = 0; i < times.size(); ++i) {
      queue.push(event(times[i], times[i] % 3, i));
      keys.push_back({Nanoseconds(times[i]), EntityId(times[i] % 3), i});
    }
    std::ranges::sort(keys);
    for (const EventKey& key : keys) RC_ASSERT(take(queue).key() == key);
  }));
}

TEST_CASE("a queue in use pops what an ordered set would, whatever the delays") {
  compare_with_a_set(1, 8, 20'000);               // many at the same instant
  compare_with_a_set(2, 2'000, 20'000);           // a veth
  compare_with_a_set(3, 1'000'000, 20'000);       // the fabric
  compare_with_a_set(4, 40'000'000, 20'000);      // the internet
  compare_with_a_set(5, 10'000'000'000, 20'000);  // timers
  compare_with_a_set(6, 432'000'000'000'000, 20'000);
}

TEST_CASE("a queue that sorts ahead of time gives what an ordered set would, whatever comes in between") {
  for (const std::uint64_t longest_delay : {300ULL, 20'000ULL, 3'000'000ULL}) {
    Random random(7, "event_queue", "many");
    EventQueue queue;
    std::set<EventKey> reference;
    std::uint64_t sequence = 0;
    const auto push = [&](std::int64_t now) {
      const auto delay = static_cast<std::int64_t>(random.uniform(random.uniform(longest_delay) + 1));
      const Event added = event(now + delay, static_cast<std::uint32_t>(random.uniform(3)), sequence++);
      queue.push(added);
      reference.insert(added.key());
    };
    for (int i = 0; i < 3000; ++i) push(0);
    Event taken;
    while (!reference.empty()) {
      REQUIRE_FALSE(queue.take(reference.begin()->time - Nanoseconds(1), taken));
      REQUIRE(queue.take(Nanoseconds::never(), taken));
      REQUIRE(taken.key() == *reference.begin());
      reference.erase(reference.begin());
      if (sequence < 30'000) push(taken.time.count());
    }
    CHECK(queue.empty());
  }
}

TEST_CASE("an event before all others may come though later ones were looked at") {
  EventQueue queue;
  queue.push(event(5'000'000'000));
  CHECK(queue.top().time == Nanoseconds(5'000'000'000));
  queue.push(event(10, 0, 1));
  CHECK(queue.top().time == Nanoseconds(10));
  queue.push(event(2'000'000, 0, 2));
  queue.push(event(0, 0, 3));
  CHECK(take(queue).time == Nanoseconds(0));
  CHECK(take(queue).time == Nanoseconds(10));
  CHECK(take(queue).time == Nanoseconds(2'000'000));
  CHECK(take(queue).time == Nanoseconds(5'000'000'000));
}

TEST_CASE("an event at the end of time waits there") {
  EventQueue queue;
  queue.push(event(Nanoseconds::never().count()));
  queue.push(event(1));
  CHECK(take(queue).time == Nanoseconds(1));
  CHECK(take(queue).time == Nanoseconds::never());
}

TEST_CASE("asking whether something is due does not look further than asked") {
  EventQueue queue;
  CHECK_FALSE(queue.due(Nanoseconds::never()));
  CHECK(queue.next_time() == Nanoseconds::never());
  queue.push(event(5'000'000'000));
  CHECK_FALSE(queue.due(Nanoseconds(4'999'999'999)));
  CHECK(queue.next_time() == Nanoseconds(5'000'000'000));
  CHECK(queue.due(Nanoseconds(5'000'000'000)));
}

TEST_CASE("events at the edges of slots and of the wheel's reach keep their order") {
  EventQueue queue;
  std::vector<std::int64_t> times;
  for (const std::int64_t edge : {256LL, 512LL, 63 * 256LL, 64 * 256LL, 65 * 256LL, 4095 * 256LL,
                                  4096 * 256LL, 4097 * 256LL, 8192 * 256LL}) {
    for (const std::int64_t beside : {-1, 0, 1}) times.push_back(edge + beside);
  }
  for (std::int64_t start : {0LL, 1'000'000LL, 123'456'789LL}) {
    std::uint64_t sequence = 0;
    for (const std::int64_t time : times) queue.push(event(start + time, 0, sequence++));
    for (const std::int64_t time : times) CHECK(take(queue).time == Nanoseconds(start + time));
  }
  CHECK(queue.empty());
}
