#pragma once

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "sim/eks/api/store.hh"
#include "sim/linux/socket/udp_socket.hh"
#include "sim/packet/dns_message.hh"

namespace ekspath {

/// Objects of a small cluster, for tests of names: namespaces default, kube-system and shop; kube-dns with
/// one endpoint 10.0.0.10; web with a cluster address and two ports; db headless with two ready endpoints and
/// one that is not; empty headless without endpoints; three ExternalNames.
class NamedCluster {
 public:
  explicit NamedCluster(const Engine& engine) : store(engine, 1) {
    for (const char* name : {"default", "kube-system", "shop"}) {
      ApiObject object;
      object.kind = ObjectKind::name_space;
      object.meta.name = name;
      REQUIRE(store.create(std::move(object)));
    }
    service("kube-system", "kube-dns", {10, 100, 0, 10}, {port("dns", 53, "UDP")});
    slice("kube-system", "kube-dns", "kube-dns-abcde", {{Ipv4Address(10, 0, 0, 10), true, ""}},
          {{"dns", "UDP", "", 53}});
    service("default", "web", {10, 100, 0, 7}, {port("http", 80), port("https", 443)});
    service("shop", "db", {}, {port("sql", 5432)});
    slice("shop", "db", "db-abcde",
          {{Ipv4Address(10, 0, 0, 21), true, ""},
           {Ipv4Address(10, 0, 0, 22), true, "db-1"},
           {Ipv4Address(10, 0, 0, 23), false, ""}},
          {{"sql", "TCP", "", 5432}});
    service("shop", "empty", {}, {});
    external("shop", "outside", "www.example.com");
    external("shop", "inside", "web.default.svc.cluster.local");
    external("shop", "circle", "circle.shop.svc.cluster.local");
  }

  struct Place {
    Ipv4Address address;
    bool ready = true;
    std::string hostname;
  };

  static ServicePortSpec port(std::string name, std::uint16_t number, std::string protocol = "TCP") {
    ServicePortSpec spec;
    spec.name = std::move(name);
    spec.port = number;
    spec.protocol = std::move(protocol);
    return spec;
  }
  void service(const std::string& name_space, const std::string& name, Ipv4Address address,
               std::vector<ServicePortSpec> ports) {
    ServiceSpec spec;
    spec.cluster_ip = address;
    spec.headless = address.is_unspecified();
    spec.ports = std::move(ports);
    create(name_space, name, std::move(spec));
  }
  void external(const std::string& name_space, const std::string& name, std::string target) {
    ServiceSpec spec;
    spec.type = ServiceType::external_name;
    spec.external_name = std::move(target);
    create(name_space, name, std::move(spec));
  }
  void slice(const std::string& name_space, const std::string& service, const std::string& name,
             const std::vector<Place>& places, std::vector<EndpointPort> ports) {
    ApiObject object;
    object.kind = ObjectKind::endpoint_slice;
    object.meta.name_space = name_space;
    object.meta.name = name;
    object.meta.labels.emplace(service_name_label, service);
    EndpointSliceContent content;
    for (const Place& place : places) {
      EndpointSliceContent::Endpoint endpoint;
      endpoint.addresses = {place.address};
      endpoint.ready = place.ready;
      endpoint.hostname = place.hostname;
      content.endpoints.push_back(std::move(endpoint));
    }
    content.ports = std::move(ports);
    object.spec = std::move(content);
    REQUIRE(store.create(std::move(object)));
  }

  ObjectStore store;

 private:
  void create(const std::string& name_space, const std::string& name, ServiceSpec spec) {
    ApiObject object;
    object.kind = ObjectKind::service;
    object.meta.name_space = name_space;
    object.meta.name = name;
    object.spec = std::move(spec);
    object.status = ServiceStatus();
    REQUIRE(store.create(std::move(object)));
  }
};

}  // namespace ekspath
