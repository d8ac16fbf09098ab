#include <benchmark/benchmark.h>

#include <vector>

#include "sim/packet/checksum.hh"
#include "sim/packet/headers.hh"
#include "sim/packet/parse.hh"
#include "sim/packet/tuple.hh"
#include "tests/support/packet/packet_text.hh"

using namespace ekspath;

namespace {

void tuple_hash(benchmark::State& state) {
  Tuple tuple{Ipv4Address(10, 0, 0, 5), Ipv4Address(8, 8, 8, 8), 4242, 53, 17};
  for (auto _ : state) {
    tuple.source_port = static_cast<std::uint16_t>(TupleHash()(tuple));  // each hash waits for the one before
    benchmark::DoNotOptimize(tuple);
  }
}

void parse(benchmark::State& state) {
  PacketPool pool;
  const PacketRef sent = packet(pool, "10.0.0.5 > 8.8.8.8: ICMP echo request id 7 seq 1 len 56");
  for (auto _ : state) benchmark::DoNotOptimize(parse_ipv4(*sent));
}

void transport_check(benchmark::State& state) {
  PacketPool pool;
  const PacketRef sent =
      packet(pool, fmt::format("10.0.0.5.1 > 8.8.8.8.80: TCP . seq 1 ack 1 len {}", state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(transport_is_sound(*sent));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(sent->size()));
}

void router_ttl(benchmark::State& state) {
  PacketPool pool;
  const PacketRef sent = packet(pool, "10.0.0.5 > 8.8.8.8: ICMP echo request id 7 seq 1 len 56");
  for (auto _ : state) {
    ipv4(*sent).decrement_ttl();
    benchmark::DoNotOptimize(sent->data());
  }
}

void pool_round(benchmark::State& state) {
  PacketPool pool;
  for (auto _ : state) benchmark::DoNotOptimize(pool.allocate(98));
}

void pool_clone(benchmark::State& state) {
  PacketPool pool;
  const PacketRef sent = packet(pool, "10.0.0.5 > 8.8.8.8: ICMP echo request id 7 seq 1 len 56");
  for (auto _ : state) benchmark::DoNotOptimize(pool.clone(*sent));
}

}  // namespace

BENCHMARK(tuple_hash);
BENCHMARK(parse);
BENCHMARK(transport_check)->Arg(0)->Arg(1460);
BENCHMARK(router_ttl);
BENCHMARK(pool_round);
BENCHMARK(pool_clone);
