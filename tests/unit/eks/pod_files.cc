#include "sim/eks/pod_files.hh"

#include <doctest/doctest.h>

namespace ekspath {
namespace {

const PodNaming naming{"default", "nameserver 192.168.0.2\nsearch us-west-2.compute.internal\n",
                       "127.0.0.1   localhost\n", Ipv4Address(10, 100, 0, 10)};

TEST_CASE("a pod's resolv.conf leads to kube-dns, through its namespace, with ndots 5") {
  CHECK(pod_resolv_conf({}, naming) ==
        "search default.svc.cluster.local svc.cluster.local cluster.local us-west-2.compute.internal\n"
        "nameserver 10.100.0.10\n"
        "options ndots:5\n");
}

TEST_CASE("a pod of the host network asks as its node does, unless its policy is made for it") {
  PodShape spec;
  spec.host_network = true;
  CHECK(pod_resolv_conf(spec, naming) == "search us-west-2.compute.internal\nnameserver 192.168.0.2\n");
  spec.dns_policy = DnsPolicy::cluster_first_with_host_net;
  CHECK(pod_resolv_conf(spec, naming).starts_with("search default.svc.cluster.local "));
}

TEST_CASE("dnsPolicy Default is the node's way; None is what dnsConfig says alone") {
  PodShape spec;
  spec.dns_policy = DnsPolicy::default_;
  CHECK(pod_resolv_conf(spec, naming) == "search us-west-2.compute.internal\nnameserver 192.168.0.2\n");
  spec.dns_policy = DnsPolicy::none;
  spec.dns_config = {{Ipv4Address(1, 1, 1, 1)}, {"a.example"}, {{"ndots", "2"}, {"edns0", ""}}};
  CHECK(pod_resolv_conf(spec, naming) == "search a.example\nnameserver 1.1.1.1\noptions ndots:2 edns0\n");
}

TEST_CASE("dnsConfig adds to ClusterFirst, and its options take the place of those of the same name") {
  PodShape spec;
  spec.dns_config = {{Ipv4Address(1, 1, 1, 1)}, {"cluster.local", "a.example"}, {{"ndots", "1"}}};
  CHECK(pod_resolv_conf(spec, naming) ==
        "search default.svc.cluster.local svc.cluster.local cluster.local us-west-2.compute.internal "
        "a.example\n"
        "nameserver 10.100.0.10\nnameserver 1.1.1.1\noptions ndots:1\n");
}

TEST_CASE("a pod's hosts file has localhost and its own name; with a subdomain the full one first") {
  PodShape spec;
  const std::string text = pod_hosts_file(spec, naming, "web-0", Ipv4Address(10, 0, 0, 5)).text();
  CHECK(text.starts_with("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n"));
  CHECK(text.ends_with("ip6-allrouters\n10.0.0.5\tweb-0\n"));
  spec.subdomain = "nginx";
  CHECK(pod_hosts_file(spec, naming, "web-0", Ipv4Address(10, 0, 0, 5))
            .text()
            .ends_with("10.0.0.5\tweb-0.nginx.default.svc.cluster.local\tweb-0\n"));
  spec.host_network = true;
  CHECK(pod_hosts_file(spec, naming, "node", Ipv4Address(10, 0, 0, 1)).text() ==
        "# Kubernetes-managed hosts file (host network).\n127.0.0.1   localhost\n");
}

}  // namespace
}  // namespace ekspath
