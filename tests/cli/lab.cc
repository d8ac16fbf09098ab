#include "tests/cli/lab.hh"

#include <stdexcept>

namespace ekspath {

const std::string lab = R"(apiVersion: ekspath/v1
kind: Scenario
metadata: {name: lab, title: Two instances and the internet}
spec:
  vpcs:
    - name: left
      cidrs: [10.0.0.0/16]
      internetGateway: true
      subnets:
        - {name: left-a, cidr: 10.0.1.0/24, az: a, public: true}
        - {name: left-b, cidr: 10.0.2.0/24, az: b, public: true}
      securityGroups:
        - {name: web, ingress: [{protocol: tcp, ports: 80, from: 0.0.0.0/0}, {protocol: icmp, from: 10.0.0.0/16}]}
    - name: right
      cidrs: [10.1.0.0/16]
      subnets: [{name: right-a, cidr: 10.1.1.0/24, az: a}]
  peerings: [{name: bridge, between: [left, right]}]
  instances:
    - {name: web1, subnet: left-a, privateIp: 10.0.1.10, securityGroups: [web], listens: [{port: 80, serves: http-echo}]}
    - {name: client, subnet: left-b, privateIp: 10.0.2.10, type: t3.small}
  internet:
    hosts:
      - {name: dns.google, ip: 8.8.8.8, rtt: 20ms}
      - {name: ipinfo.io, ip: 34.117.59.81, listens: [{port: 80, serves: http-client-address}]}
  steps:
    - {name: ping, run: ssh client ping -c 2 8.8.8.8}
    - {name: near, run: "ssh client ping -c 1 ${web1.ip}"}
    - {name: get, run: "ssh client curl -s http://${web1.ip}/"}
    - {name: me, run: ssh client curl -s http://34.117.59.81/ip}
  expect:
    - {step: ping, contains: "2 packets transmitted, 2 received, 0% packet loss", exit: 0}
    - {step: get, contains: "Client address: ${client.ip}:"}
    - {step: me, equals: "${client.publicIp}", exit: 0}
    - {capture: client/ens5, filter: "icmp and host dns.google", packets: 4}
    - {drop: {at: igw/left, reason: no_public_address}, packets: 0}
  variants:
    - name: closed
      title: Nobody may ask web1
      set: {vpcs.left.securityGroups.web.ingress: []}
      expect:
        - {step: near, contains: 100% packet loss, exit: 1}
)";

const std::string cluster_lab = with(lab, "  steps:\n", R"(  cluster:
    name: myeks
    vpc: left
    nodeGroups:
      - name: ng1
        type: t3.medium
        count: 2
        subnets: [left-a]
        nodes: [{privateIp: 10.0.1.251}]
    pods:
      - {name: pod1, node: node1, ip: 10.0.1.101}
      - {name: pod2, node: node2, device: 1}
  steps:
)");

const std::string endless_lab = R"(apiVersion: ekspath/v1
kind: Scenario
metadata: {name: endless}
spec:
  vpcs:
    - name: left
      cidrs: [10.0.0.0/16]
      internetGateway: true
      subnets: [{name: left-a, cidr: 10.0.1.0/24, az: a, public: true}]
  instances: [{name: client, subnet: left-a}]
  internet: {hosts: [{name: dns.google, ip: 8.8.8.8}]}
  steps:
    - {run: ssh client ping -q -i 0.01 8.8.8.8, background: true}
    - {name: last, run: ssh client ping -q -c 1000000 8.8.8.8}
  expect: [{step: last, exit: 0}]
)";

std::string with(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  if (at == std::string::npos) throw std::logic_error("the lab has no such text: " + from);
  return text.replace(at, from.size(), to);
}

std::string refusal_of(const std::string& text) {
  const TerminalSession terminal = session();
  terminal.write("lab.yaml", text);
  const Ended ended = terminal.type("ekspath check lab.yaml");
  CHECK(ended.status == 2);
  CHECK(ended.out == "");
  return ended.err;
}

}  // namespace ekspath
