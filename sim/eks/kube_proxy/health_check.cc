#include "sim/eks/kube_proxy/health_check.hh"

#include <fmt/format.h>

namespace ekspath {
namespace {

/// hcHandler.ServeHTTP(). The proxy itself is healthy as long as it runs: ours misses no sync.
HttpAnswer health_answer(const ServiceName& service, std::size_t endpoints) {
  HttpAnswer answer;
  answer.status = endpoints > 0 ? 200 : 503;
  answer.fields = {{"Content-Type", "application/json"},
                   {"X-Content-Type-Options", "nosniff"},
                   {"X-Load-Balancing-Endpoint-Weight", fmt::format("{}", endpoints)}};
  answer.body = fmt::format(
      "{{\n\t\"service\": {{\n\t\t\"namespace\": \"{}\",\n\t\t\"name\": \"{}\"\n\t}},\n\t\"localEndpoints\": "
      "{},\n"
      "\t\"serviceProxyHealthy\": true\n}}",
      service.name_space, service.name, endpoints);
  return answer;
}

}  // namespace

void ServiceHealth::sync(const ServiceTable& services, const ProxyNode& node) {
  std::map<ServiceName, std::uint16_t> wanted;
  for (const auto& [name, entry] : services.entries()) {
    if (entry.port.health_check_node_port != 0) wanted[name.service] = entry.port.health_check_node_port;
  }
  std::erase_if(checks_, [&](const auto& check) {
    const auto found = wanted.find(check.first);
    return found == wanted.end() || found->second != check.second.port;
  });
  for (const auto& [service, port] : wanted) {
    Check& check = checks_[service];
    check.port = port;
    check.endpoints = services.local_ready_endpoints(service, node.name);
    if (check.server != nullptr) continue;
    check.server = start_http_agent(*host_, Ipv4Address(), port,
                                    [service = service, &check](std::string_view, std::string_view) {
                                      return health_answer(service, check.endpoints);
                                    });
  }
}

}  // namespace ekspath
