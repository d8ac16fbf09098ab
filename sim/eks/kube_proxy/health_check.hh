#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "sim/apps/program.hh"
#include "sim/eks/kube_proxy/service_table.hh"

namespace ekspath {

/// The servers of a node's kube-proxy that answer a load balancer's health checks: one for each
/// healthCheckNodePort (type LoadBalancer, externalTrafficPolicy Local). kubernetes
/// pkg/proxy/healthcheck/service_health.go; facts/kube-proxy.md 5
class ServiceHealth {
 public:
  explicit ServiceHealth(Netns& host) : host_(&host) {}

  /// Opens and closes servers as the services ask, and takes over how many endpoints of each are here.
  void sync(const ServiceTable& services, const ProxyNode& node);

 private:
  struct Check {
    std::uint16_t port = 0;
    std::size_t endpoints = 0;
    std::unique_ptr<Program> server;
  };

  Netns* host_;
  std::map<ServiceName, Check> checks_;
};

}  // namespace ekspath
