#include "sim/lab/step_runner.hh"
#include "tests/unit/lab/load_lab.hh"

/// Names in a built world: who asks whom, and which files say so.
namespace ekspath {
namespace {

constexpr std::string_view old_step =
    "    - {name: ping, run: \"kubectl exec pod1 -- ping -c 1 ${pod2.ip}\"}\n";

std::vector<std::string> texts_of(std::string text, std::string_view steps) {
  const std::size_t at = text.find(old_step);
  REQUIRE(at != std::string::npos);
  const Scenario scenario = loaded(text.replace(at, old_step.size(), steps));
  Diagnostics diagnostics;
  const auto world = build_world(scenario, diagnostics);
  REQUIRE(diagnostics.text() == "");
  StepRunner runner(*world, scenario, diagnostics);
  REQUIRE(diagnostics.text() == "");
  CHECK(runner.run());
  std::vector<std::string> texts;
  for (const StepResult& result : runner.results()) texts.push_back(result.text);
  return texts;
}

/// The good lab with a CoreDNS pod on node2.
std::string with_coredns() {
  return lab_with(
      "      - {name: pod2, node: node1, ip: 192.168.1.151, device: 1}\n",
      "      - {name: pod2, node: node1, ip: 192.168.1.151, device: 1}\n"
      "      - {name: coredns, namespace: kube-system, node: node2, ip: 192.168.1.200, runs: coredns}\n");
}

TEST_CASE("nodes and instances ask the resolver of their own VPC") {
  const auto texts = texts_of(good_lab,
                              "    - ssh node1 dig +short dns.google\n"
                              "    - ssh node1 dig +short -x ${node1.ip}\n"
                              "    - ssh operator getent hosts ${operator.ip}\n"
                              "    - ssh operator dig +short @169.254.169.253 dns.google\n"
                              "    - ssh node1 cat /etc/resolv.conf\n");
  CHECK(texts[0] == "8.8.8.8\n");
  CHECK(texts[1] == "ip-192-168-1-251.ap-northeast-2.compute.internal.\n");
  CHECK(texts[2] == "172.20.1.100    ip-172-20-1-100.ap-northeast-2.compute.internal\n");
  CHECK(texts[3] == "8.8.8.8\n");
  CHECK(texts[4] == "nameserver 192.168.0.2\nsearch ap-northeast-2.compute.internal\n");
}

TEST_CASE("in a cluster without CoreDNS a pod knows the internet's names by its hosts file") {
  const auto texts = texts_of(good_lab,
                              "    - kubectl exec pod1 -- getent hosts dns.google\n"
                              "    - kubectl exec pod1 -- cat /etc/hosts\n");
  CHECK(texts[0] == "8.8.8.8         dns.google\n");
  CHECK(texts[1].starts_with("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n"));
  CHECK(texts[1].find("192.168.1.101\tpod1\n") != std::string::npos);
}

TEST_CASE("a pod that runs CoreDNS answers for the cluster, and asks the VPC's resolver for the rest") {
  const auto texts =
      texts_of(with_coredns(),
               "    - kubectl exec pod1 -- dig +short @192.168.1.200 kube-dns.kube-system.svc.cluster.local\n"
               "    - kubectl exec pod1 -- dig +short @192.168.1.200 dns.google\n"
               "    - kubectl exec pod1 -- dig +short @192.168.1.200 -x 10.100.0.10\n"
               "    - kubectl exec -n kube-system coredns -- cat /etc/resolv.conf\n"
               "    - kubectl exec pod1 -- cat /etc/hosts\n");
  CHECK(texts[0] == "10.100.0.10\n");
  CHECK(texts[1] == "8.8.8.8\n");
  CHECK(texts[2] == "kube-dns.kube-system.svc.cluster.local.\n");
  CHECK(texts[3] == "search ap-northeast-2.compute.internal\nnameserver 192.168.0.2\n");
  CHECK(texts[4].find("dns.google") == std::string::npos);
}

TEST_CASE("what a pod may run is a closed list, and nothing with hostNetwork") {
  CHECK(errors_with("device: 1}", "runs: corednss}").find("did you mean 'coredns'?") != std::string::npos);
  CHECK(errors_with("ip: 192.168.1.151, device: 1}", "hostNetwork: true, runs: coredns}")
            .find("'runs' of a pod with hostNetwork: true") != std::string::npos);
}

}  // namespace
}  // namespace ekspath
