// The whole of the simulator at work: a cluster of any size, UDP floods through it, one line of key=value on
// standard output. The keys that ../peers' ns-3 program prints too mean the same here. docs/performance.md
#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "pcap/capture.hh"
#include "tests/alloc/counted_new.hh"
#include "tests/bench/world/flood_traffic.hh"

using namespace ekspath;

namespace {

enum class Captures : std::uint8_t { none, files };

struct Options {
  ClusterSize size;
  FloodPlan plan;
  Captures captures = Captures::none;
  std::string out = "bench-out";
};

constexpr std::string_view usage =
    "usage: bench_lab [--nodes=3] [--pods=10] [--packets=100000] [--busy_nodes=0 (all)] [--flows=0 (one a "
    "pod)]\n"
    "                 [--size=56] [--interval_us=100] [--fabric_us=0 (as AWS)] "
    "[--pattern=cross-node|internet] "
    "[--captures=none|files] "
    "[--out=DIR]\n"
    "a pcap of every interface goes to DIR with --captures=files; DIR is emptied first\n";

template <class Number>
bool read(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

bool read_option(std::string_view argument, Options& options) {
  const std::size_t equals = argument.find('=');
  if (!argument.starts_with("--") || equals == std::string_view::npos) return false;
  const std::string_view name = argument.substr(2, equals - 2);
  const std::string_view value = argument.substr(equals + 1);
  if (name == "nodes") return read(value, options.size.nodes) && options.size.nodes > 0;
  if (name == "pods") return read(value, options.size.pods) && options.size.pods > 0;
  if (name == "busy_nodes") return read(value, options.plan.nodes);
  if (name == "packets") return read(value, options.plan.packets);
  if (name == "flows") return read(value, options.plan.flows);
  if (name == "size") return read(value, options.plan.payload_bytes);
  if (name == "interval_us") {
    std::int64_t us = 0;
    if (!read(value, us) || us <= 0) return false;
    options.plan.interval = Nanoseconds(us * 1000);
    return true;
  }
  if (name == "fabric_us") {
    std::int64_t us = 0;
    if (!read(value, us) || us < 0) return false;
    options.size.fabric_delay = Nanoseconds(us * 1000);
    return true;
  }
  if (name == "pattern") {
    options.plan.pattern = value == "internet" ? FloodPattern::internet : FloodPattern::cross_node;
    return value == "internet" || value == "cross-node";
  }
  if (name == "captures") {
    options.captures = value == "files" ? Captures::files : Captures::none;
    return value == "files" || value == "none";
  }
  if (name == "out") {
    options.out = value;
    return !value.empty();
  }
  return false;
}

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto of = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return of(used.ru_utime) + of(used.ru_stime);
}

/// Bytes that malloc() has given out and not got back.
std::size_t heap_bytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

std::size_t resident_bytes() {
  std::size_t pages = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%*u %zu", &pages) != 1) pages = 0;
    std::fclose(file);
  }
  return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

std::size_t peak_resident_bytes() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return static_cast<std::size_t>(used.ru_maxrss) * 1024;
}

/// HOST/INTERFACE.pcap of every interface, as `ekspath run` writes them.
void watch_all(World& world, Capture& capture) {
  for (const auto& host : world.hosts()) {
    if (host->shares_namespace()) continue;
    for (Interface* interface : world.interfaces_of(*host)) {
      if (interface->kind == InterfaceKind::loopback) continue;
      CaptureInterface point;
      point.place = interface->place;
      point.host = host->name;
      point.interface = interface->name;
      point.mac = interface->mac;
      point.index = interface->index;
      capture.add_point(point, {.file = true, .any = false, .trace = false});
      world.watch(*interface, capture);
    }
  }
}

int measure(const Options& options) {
  const Scenario scenario = cluster_scenario(options.size);
  const std::size_t heap_before = heap_bytes();
  const std::size_t resident_before = resident_bytes();
  const double build_start = seconds();
  Diagnostics diagnostics;
  const std::unique_ptr<World> world = build_world(scenario, diagnostics);
  const double build = seconds() - build_start;
  if (!world) {
    fmt::print(stderr, "{}", diagnostics.text());
    return 2;
  }
  const std::size_t pods = std::size_t{options.size.nodes} * options.size.pods;
  const std::size_t heap_per_pod = (heap_bytes() - heap_before) / pods;
  const std::size_t resident_per_pod = (resident_bytes() - resident_before) / pods;

  std::optional<Capture> capture;
  if (options.captures == Captures::files) {
    std::filesystem::remove_all(options.out);
    std::filesystem::create_directories(options.out);
    CaptureOutputs outputs;
    outputs.folder = options.out;
    outputs.start = scenario.start;
    capture.emplace(std::move(outputs), world->places());
    watch_all(*world, *capture);
  }
  FloodTraffic traffic(*world, options.size, options.plan);

  // The first half brings what it brings (neighbours, connections, buffers); the second is the steady state.
  // All of it counts, as in the peers.
  Engine& engine = world->engine();
  constexpr Nanoseconds longest_way{500'000'000};
  const std::uint64_t hops_before = hops_of(*world);
  const std::uint64_t events_before = engine.events_fired();
  const double start = seconds();
  const double cpu_start = cpu_seconds();
  const Nanoseconds settled = std::max(traffic.end() / 2, std::min(longest_way / 4, traffic.end() * 3 / 4));
  engine.run_until(settled);
  const std::size_t allocations_before = allocations_so_far();
  const std::uint64_t settled_hops = hops_of(*world);
  const double settled_at = seconds();
  engine.run_until(traffic.end());
  const double steady = seconds() - settled_at;
  const std::size_t steady_allocations = allocations_so_far() - allocations_before;
  const std::uint64_t steady_hops = hops_of(*world) - settled_hops;
  engine.run_until(traffic.end() + longest_way);
  if (capture) {
    for (const SystemError& error : capture->finish(engine.now())) {
      fmt::print(stderr, "{}\n", to_string(error));
      return 3;
    }
  }
  const double run = seconds() - start;
  const double cpu = cpu_seconds() - cpu_start;
  const std::uint64_t hops = hops_of(*world) - hops_before;
  const std::uint64_t events = engine.events_fired() - events_before;

  fmt::print(
      "ekspath nodes={} pods={} pattern={} captures={} packets={} sent={} rx={} hops={} events={} "
      "build_s={:.4f} "
      "run_s={:.4f} run_cpu={:.4f} hops_per_s={:.0f} ns_per_hop={:.1f} steady_hops_per_s={:.0f} "
      "events_per_s={:.0f} events_per_hop={:.3f} steady_allocations={} bytes_per_pod={} rss_per_pod={} "
      "rss_MiB={:.1f} peak_MiB={:.1f}\n",
      options.size.nodes, options.size.pods,
      options.plan.pattern == FloodPattern::internet ? "internet" : "cross-node",
      options.captures == Captures::files ? "files" : "none", options.plan.packets, traffic.sent(),
      traffic.received(), hops, events, build, run, cpu, static_cast<double>(hops) / run,
      hops == 0 ? 0.0 : run / static_cast<double>(hops) * 1e9, static_cast<double>(steady_hops) / steady,
      static_cast<double>(events) / run,
      hops == 0 ? 0.0 : static_cast<double>(events) / static_cast<double>(hops), steady_allocations,
      heap_per_pod, resident_per_pod, static_cast<double>(resident_bytes()) / 1048576,
      static_cast<double>(peak_resident_bytes()) / 1048576);
  return traffic.received() == traffic.sent() ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
  Options options;
  for (int i = 1; i < count; ++i) {
    if (!read_option(arguments[i], options)) {
      fmt::print(stderr, "{}: what is '{}'?\n{}", arguments[0], arguments[i], usage);
      return 2;
    }
  }
  if (options.plan.nodes > options.size.nodes) {
    fmt::print(stderr, "{}: --busy_nodes: there are only {} nodes\n{}", arguments[0], options.size.nodes,
               usage);
    return 2;
  }
  return measure(options);
}
