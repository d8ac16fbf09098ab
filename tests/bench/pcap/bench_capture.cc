// Goals P4 and P5 of docs/performance.md: a record of ours against libpcap's pcap_dump and against write(2)
// of the same bytes; and what filters, the any file, the trace with its comments and hops.ndjson add to a
// frame.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "pcap/capture.hh"
#include "sim/packet/build.hh"
#include "tests/support/packet/packet_text.hh"

using namespace ekspath;
using namespace ekspath::literals;

namespace {

const std::string folder = (std::filesystem::temp_directory_path() / "ekspath-bench-capture").string();
constexpr int records = 200'000;

void set_rates(benchmark::State& state, std::size_t record_size) {
  const auto count = static_cast<std::int64_t>(state.iterations()) * records;
  state.SetItemsProcessed(count);
  state.SetBytesProcessed(count * static_cast<std::int64_t>(record_size));
}

void start_afresh() {
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
}

void raw_write(benchmark::State& state) {
  const std::size_t size = 16 + static_cast<std::size_t>(state.range(0));
  const std::vector<std::uint8_t> block(std::size_t{1} << 20);
  for (auto _ : state) {
    state.PauseTiming();
    start_afresh();
    state.ResumeTiming();
    const int descriptor = ::open((folder + "/f").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    for (std::size_t left = size * records; left > 0;) {
      const ssize_t done = ::write(descriptor, block.data(), std::min(left, block.size()));
      if (done <= 0) return state.SkipWithError("write");
      left -= static_cast<std::size_t>(done);
    }
    ::close(descriptor);
  }
  set_rates(state, size);
}

void ours(benchmark::State& state) {
  const std::vector<std::uint8_t> frame(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    state.PauseTiming();
    start_afresh();
    state.ResumeTiming();
    OutputBudget budget;
    PcapFile file(AtomicFile(folder + "/f", budget), pcap_header(LinkType::ethernet), 0_s);
    for (int i = 0; i < records; ++i) file.record(Nanoseconds(i * 1000), frame);
    file.file().commit();
  }
  set_rates(state, 16 + frame.size());
}

void libpcap(benchmark::State& state) {
  const std::vector<std::uint8_t> frame(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    state.PauseTiming();
    start_afresh();
    state.ResumeTiming();
    pcap_t* handle = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, 262144, PCAP_TSTAMP_PRECISION_NANO);
    pcap_dumper_t* dumper = pcap_dump_open(handle, (folder + "/f").c_str());
    pcap_pkthdr header{};
    header.caplen = header.len = static_cast<bpf_u_int32>(frame.size());
    for (int i = 0; i < records; ++i) {
      header.ts = {i / 1'000'000, i % 1'000'000 * 1000};
      pcap_dump(reinterpret_cast<u_char*>(dumper), &header, frame.data());
    }
    pcap_dump_close(dumper);
    pcap_close(handle);
  }
  set_rates(state, 16 + frame.size());
}

/// Frames in turn at `range(0)` interfaces, each with its file.
void scattered(benchmark::State& state) {
  PlaceNames places;
  PacketPool pool;
  const PacketRef sent = packet(pool, "10.0.0.5 > 8.8.8.8: ICMP echo request id 7 seq 1 len 56");
  push_ethernet(*sent, MacAddress{{2, 0, 0, 0, 0, 1}}, MacAddress{{2, 0, 0, 0, 0, 2}}, EtherType::ipv4);
  for (auto _ : state) {
    state.PauseTiming();
    start_afresh();
    CaptureOutputs outputs;
    outputs.folder = folder;
    auto capture = std::make_unique<Capture>(std::move(outputs), places);
    std::vector<PlaceId> points;
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      points.push_back(places.add("p"));
      const std::string host = "h" + std::to_string(i / 16);
      capture->add_point({points.back(), host, "eni" + std::to_string(i), "", {}, {}, 1},
                         {true, false, false});
    }
    state.ResumeTiming();
    for (int i = 0; i < records; ++i) {
      capture->frame(points[static_cast<std::size_t>(i) % points.size()], Direction::in, *sent,
                     Nanoseconds(i));
    }
    benchmark::DoNotOptimize(capture->finish(1_s));
  }
  set_rates(state, 16 + sent->size());
}

struct Outputs {
  bool any, trace, hops;
};

/// A frame and three decisions about it, at one interface.
void observed(benchmark::State& state, Outputs wanted) {
  PlaceNames places;
  PacketPool pool;
  const PlaceId place = places.add("node1/ens5");
  const PacketRef sent = packet(pool, "10.0.0.5 > 8.8.8.8: ICMP echo request id 7 seq 1 len 56");
  push_ethernet(*sent, MacAddress{{2, 0, 0, 0, 0, 1}}, MacAddress{{2, 0, 0, 0, 0, 2}}, EtherType::ipv4);
  Decision decision;
  decision.where = place;
  decision.stage = Stage::filter;
  decision.verdict = Verdict::accept;
  decision.rule =
      "filter FORWARD -A FORWARD -m comment --comment \"kubernetes forwarding rules\" -j KUBE-FORWARD";
  decision.before = decision.after = {Ipv4Address(10, 0, 0, 5), Ipv4Address(8, 8, 8, 8), 7, 8 << 8, 1};
  for (auto _ : state) {
    state.PauseTiming();
    start_afresh();
    CaptureOutputs outputs;
    outputs.folder = folder;
    if (wanted.trace) outputs.trace = folder + "/trace.pcapng";
    if (wanted.hops) outputs.hops = folder + "/hops.ndjson";
    auto capture = std::make_unique<Capture>(std::move(outputs), places);
    capture->add_point({place, "node1", "ens5", "", {}, {}, 2}, {true, wanted.any, wanted.trace});
    state.ResumeTiming();
    for (int i = 0; i < records; ++i) {
      sent->meta.trace = decision.trace = static_cast<std::uint64_t>(i / 8 + 1);
      decision.time = Nanoseconds(i * 1000);
      for (int k = 0; k < 3; ++k) capture->decided(decision);
      capture->frame(place, Direction::out, *sent, decision.time);
    }
    benchmark::DoNotOptimize(capture->finish(1_s));
  }
  set_rates(state, 16 + sent->size());
}

void filter_match(benchmark::State& state) {
  PacketPool pool;
  const PacketRef sent = packet(pool, "10.0.0.5.4242 > 8.8.8.8.53: UDP 12");
  push_ethernet(*sent, MacAddress{{2, 0, 0, 0, 0, 1}}, MacAddress{{2, 0, 0, 0, 0, 2}}, EtherType::ipv4);
  Diagnostics diagnostics;
  const auto filter =
      CaptureFilter::compile("udp port 53 and host 10.0.0.5", LinkType::ethernet, {}, {}, diagnostics);
  for (auto _ : state) benchmark::DoNotOptimize(filter->matches(sent->bytes()));
}

BENCHMARK(raw_write)->Arg(98)->Arg(1514)->UseRealTime();
BENCHMARK(ours)->Arg(98)->Arg(1514)->UseRealTime();
BENCHMARK(libpcap)->Arg(98)->Arg(1514)->UseRealTime();
BENCHMARK(scattered)->Arg(64)->Arg(4096)->UseRealTime();
BENCHMARK_CAPTURE(observed, file, Outputs{false, false, false})->UseRealTime();
BENCHMARK_CAPTURE(observed, and_any, Outputs{true, false, false})->UseRealTime();
BENCHMARK_CAPTURE(observed, and_trace, Outputs{false, true, false})->UseRealTime();
BENCHMARK_CAPTURE(observed, and_hops, Outputs{false, false, true})->UseRealTime();
BENCHMARK(filter_match);

}  // namespace
