// A Deployment that comes up in a cluster: wall time, events and memory by pod, one line of key=value on
// standard output. docs/performance.md
#include <fmt/format.h>
#include <malloc.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <string_view>

#include "sim/lab/world.hh"
#include "tests/bench/world/cluster_scenario.hh"

using namespace ekspath;

namespace {

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::size_t heap_bytes() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

std::string manifest(std::uint32_t replicas) {
  return fmt::format(R"({{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {{"name": "web"}},
    "spec": {{"replicas": {}, "selector": {{"matchLabels": {{"app": "web"}}}},
      "template": {{"metadata": {{"labels": {{"app": "web"}}}},
        "spec": {{"containers": [{{"name": "nginx", "image": "nginx:1.27", "ports": [{{"containerPort": 80}}]}}]}}}}}}}})",
                     replicas);
}

constexpr std::string_view service = R"({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
  "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}})";

std::uint32_t number(int count, char** arguments, std::string_view name, std::uint32_t otherwise) {
  for (int i = 1; i < count; ++i) {
    const std::string_view argument = arguments[i];
    if (!argument.starts_with(name) || argument.size() <= name.size() || argument[name.size()] != '=')
      continue;
    (void)std::from_chars(argument.data() + name.size() + 1, argument.data() + argument.size(), otherwise);
  }
  return otherwise;
}

}  // namespace

int main(int count, char** arguments) {
  const std::uint32_t nodes = number(count, arguments, "--nodes", 200);
  const std::uint32_t replicas = number(count, arguments, "--replicas", 3000);
  Scenario scenario = cluster_scenario({.nodes = nodes, .pods = 1});
  scenario.cluster->pods.clear();
  Diagnostics diagnostics;
  const double begin = seconds();
  const auto world = build_world(scenario, diagnostics);
  if (!world) {
    fmt::print(stderr, "{}", diagnostics.text());
    return 1;
  }
  const double built = seconds();
  const std::size_t before = heap_bytes();
  ApiServer& api = world->cluster->api();
  if (!api.apply(Document::parse(manifest(replicas)), "default").outcome) return 1;
  if (!api.apply(Document::parse(service), "default").outcome) return 1;
  const ApiObject& deployment = *api.objects().find(ObjectKind::deployment, "default", "web");
  std::int32_t ready = 0;
  while (ready < static_cast<std::int32_t>(replicas) && world->now() < Nanoseconds(600'000'000'000)) {
    world->engine().run_until(world->now() + Nanoseconds(1'000'000'000));
    ready = deployment.as<DeploymentStatus>().ready_replicas;
  }
  const double done = seconds();
  fmt::print(
      "nodes={} replicas={} ready={} sim_s={:.1f} build_s={:.2f} wall_s={:.2f} events={} bytes_per_pod={}\n",
      nodes, replicas, ready, static_cast<double>(world->now().count()) / 1e9, built - begin, done - built,
      world->engine().events_fired(), (heap_bytes() - before) / replicas);
  return ready == static_cast<std::int32_t>(replicas) ? 0 : 1;
}
