#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "sim/lab/load_scenario.hh"

namespace ekspath {

/// A small lab in which nothing is wrong; tests change a piece of it.
inline const std::string good_lab = R"(apiVersion: ekspath/v1
kind: Scenario
metadata: {name: lab, title: A lab}
spec:
  vpcs:
    - name: left
      cidrs: [192.168.0.0/16]
      internetGateway: true
      subnets:
        - {name: public-a, cidr: 192.168.1.0/24, az: a, public: true}
        - {name: private-a, cidr: 192.168.2.0/24, az: a, natGateway: nat-a}
      natGateways: [{name: nat-a, subnet: public-a, publicIp: 198.51.100.9}]
      securityGroups:
        - {name: web, ingress: [{protocol: tcp, ports: 80, from: 0.0.0.0/0}]}
    - name: right
      cidrs: [172.20.0.0/16]
      subnets: [{name: right-a, cidr: 172.20.1.0/24, az: a}]
  peerings: [{name: bridge, between: [left, right]}]
  instances:
    - {name: operator, subnet: right-a, privateIp: 172.20.1.100}
  internet:
    hosts: [{name: dns.google, ip: 8.8.8.8, rtt: 20ms}]
  cluster:
    name: eks
    vpc: left
    cni: {version: "1.19", env: {AWS_VPC_K8S_CNI_EXTERNALSNAT: "false"}}
    nodeGroups:
      - {name: ng1, type: t3.medium, count: 2, subnets: [public-a], nodes: [{privateIp: 192.168.1.251}]}
    pods:
      - {name: pod1, node: node1, ip: 192.168.1.101}
      - {name: pod2, node: node1, ip: 192.168.1.151, device: 1}
  steps:
    - {name: ping, run: "kubectl exec pod1 -- ping -c 1 ${pod2.ip}"}
  expect:
    - {capture: node1/ens5, filter: icmp, packets: 0}
  variants:
    - {name: outside, set: {cluster.cni.env.AWS_VPC_K8S_CNI_EXTERNALSNAT: "true"}}
)";

/// The lab with one piece of its text replaced; the piece must be there.
inline std::string lab_with(std::string_view piece, std::string_view by) {
  std::string text = good_lab;
  const std::size_t at = text.find(piece);
  REQUIRE(at != std::string::npos);
  return text.replace(at, piece.size(), by);
}

/// What a user is told about a text, a line each.
inline std::string errors_of(const std::string& text, const LoadOptions& options = {}) {
  Diagnostics diagnostics;
  const auto scenario = parse_scenario(text, "lab.yaml", options, diagnostics);
  CHECK(scenario.has_value() == diagnostics.ok());
  return diagnostics.text();
}

inline std::string errors_with(std::string_view piece, std::string_view by) {
  return errors_of(lab_with(piece, by));
}

inline Scenario loaded(const std::string& text, const LoadOptions& options = {}) {
  Diagnostics diagnostics;
  auto scenario = parse_scenario(text, "lab.yaml", options, diagnostics);
  CHECK(diagnostics.text() == "");
  REQUIRE(scenario.has_value());
  return std::move(*scenario);
}

}  // namespace ekspath
