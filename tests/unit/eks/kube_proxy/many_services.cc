#include <doctest/doctest.h>
#include <fmt/format.h>

#include <string>

#include "sim/engine/random.hh"
#include "tests/unit/eks/kube_proxy/proxied_node.hh"

using namespace ekspath;

namespace {

constexpr std::uint32_t many = 10'000;
constexpr std::uint32_t endpoints_each = 3;
constexpr Ipv4Address first_service(10, 100, 0, 1);

void fill(ServiceTable& table) {
  for (std::uint32_t i = 0; i < many; ++i) {
    ServicePort port;
    port.name = {{"default", fmt::format("service-{:05}", i)}, "http", ServiceProtocol::tcp};
    port.cluster_ip = first_service.plus(i);
    port.port = 80;
    ServiceTable::NamedEndpoints behind{"http", ServiceProtocol::tcp, {}};
    for (std::uint32_t k = 0; k < endpoints_each; ++k)
      behind.endpoints.push_back({Ipv4Address(10, 2, 0, 0).plus(i * endpoints_each + k), 8080, "node2"});
    table.put_service(port.name.service, {port});
    table.put_endpoints(port.name.service, {std::move(behind)});
  }
}

/// The rules with a rule that asks nothing behind each of KUBE-SERVICES: no two make a run for the index.
std::string padded(const std::string& rules) {
  std::string text;
  for (std::size_t at = 0; at < rules.size();) {
    const std::size_t end = rules.find('\n', at) + 1;
    const std::string line = rules.substr(at, end - at);
    text += line;
    if (line.starts_with("-A KUBE-SERVICES")) text += "-A KUBE-SERVICES -m comment --comment pad\n";
    at = end;
  }
  return text;
}

/// All counters but those of the pads, after a first packet to each of some services.
std::string counted(ProxiedNode& node) {
  Random random(1, "many services", "packets");
  for (std::uint32_t flow = 0; flow < 200; ++flow) {
    const auto service = flow == 0   ? 0
                         : flow == 1 ? many - 1
                                     : static_cast<std::uint32_t>(random.uniform(many));
    node.world.inject("node/e0",
                      fmt::format("02:00:00:00:01:00 > 02:00:00:00:02:00 | 10.0.0.5.{} > {}.80: TCP S seq 1",
                                  1024 + flow, first_service.plus(service)));
  }
  constexpr std::string_view options[]{"-c"};
  std::string text;
  const std::string saved = iptables_save(node.netns, options).out;
  for (std::size_t at = 0; at < saved.size();) {
    const std::size_t end = saved.find('\n', at) + 1;
    const std::string line = saved.substr(at, end - at);
    if (!line.starts_with('#') && line.find("--comment pad") == std::string::npos) text += line;
    at = end;
  }
  return text;
}

}  // namespace

TEST_CASE("ten thousand services: first packets leave the counters that a walk row by row leaves") {
  ProxiedNode by_index;
  fill(by_index.services);
  by_index.proxy.force_full_sync();
  REQUIRE(by_index.proxy.sync());
  ProxiedNode row_by_row;
  const std::string rules = padded(iptables_save(by_index.netns).out);
  REQUIRE(iptables_restore(row_by_row.netns, rules).err == "");

  const std::string counters = counted(by_index);
  CHECK((counters == counted(row_by_row)));  // a megabyte that no failure should print
  CHECK(counters.find("[1:40] -A KUBE-SEP-") != std::string::npos);
  // The last service has its packet, and so does the first.
  for (const auto* name : {"service-00000", "service-09999"}) {
    const std::string comment = fmt::format("default/{}:http cluster IP", name);
    const std::size_t at = counters.find(comment);
    REQUIRE(at != std::string::npos);
    CHECK(counters.substr(counters.rfind('\n', at) + 1, 7) == "[1:40] ");
  }
}
