#include "sim/eks/kube_proxy/service_port.hh"

#include <fmt/format.h>

namespace ekspath {

std::string_view to_string(ServiceProtocol protocol) {
  return protocol == ServiceProtocol::tcp ? "tcp" : "udp";
}

std::string ServicePortName::text() const {
  std::string result = fmt::format("{}/{}", service.name_space, service.name);
  if (!port.empty()) result += ":" + port;
  return result;
}

std::string ServiceEndpoint::text() const { return fmt::format("{}:{}", address, port); }

}  // namespace ekspath
