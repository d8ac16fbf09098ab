// What a user gets wrong in a running cluster, and how kubectl 1.31 and the API server answer. The run goes
// on.
#include <doctest/doctest.h>

#include "tests/unit/lab/workloads.hh"

namespace ekspath {
namespace {

using namespace literals;

std::string service(std::string_view name, std::string_view spec) {
  return fmt::format("apiVersion: v1\nkind: Service\nmetadata: {{name: {}}}\nspec: {}\n", name, spec);
}

std::string pod(std::string_view name, std::string_view spec) {
  return fmt::format("apiVersion: v1\nkind: Pod\nmetadata: {{name: {0}, labels: {{app: {0}}}}}\nspec: {1}\n",
                     name, spec);
}

TEST_CASE("a selector that matches nothing is no mistake: a service without endpoints, a list without pods") {
  Workloads lab(service("lonely", "{selector: {app: nobody}, ports: [{port: 80}]}"));
  lab.run_for(5_s);
  CHECK(lab.type("kubectl get endpoints lonely") == "NAME     ENDPOINTS   AGE\nlonely   <none>      5s\n");
  CHECK(lab.type("kubectl get pods -l app=nobody") == "No resources found in default namespace.\n");
  CHECK(lab.type("kubectl describe pods -l app=nobody") == "No resources found in default namespace.\n");
  CHECK(lab.type("kubectl delete pods -l app=nobody") == "No resources found\n");
  const auto& nat = lab.type("ssh node1 sudo iptables-save -t filter");
  CHECK(nat.find("\"default/lonely has no endpoints\" -m tcp --dport 80 -j REJECT") != std::string::npos);
}

TEST_CASE("a nodePort that is out of range or taken is the API server's to refuse") {
  Workloads lab("");
  CHECK(
      lab.type("kubectl apply -f -", service("low", "{type: NodePort, ports: [{port: 80, nodePort: 80}]}")) ==
      "The Service \"low\" is invalid: spec.ports[0].nodePort: Invalid value: 80: provided port is not in "
      "the valid range. The range of valid ports is 30000-32767\n[exit status 1]\n");
  const std::string spec = "{type: NodePort, ports: [{port: 80, nodePort: 30080}]}";
  CHECK(lab.type("kubectl apply -f -", service("first", spec) + "---\n" + service("second", spec)) ==
        "service/first created\n"
        "The Service \"second\" is invalid: spec.ports[0].nodePort: Invalid value: 30080: provided port is "
        "already allocated\n[exit status 1]\n");
  CHECK(lab.type("kubectl delete svc first") == "service \"first\" deleted\n");
  CHECK(lab.type("kubectl apply -f -", service("second", spec)) == "service/second created\n");
}

TEST_CASE("a cluster IP has one service") {
  Workloads lab("");
  const std::string spec = "{clusterIP: 10.100.50.10, ports: [{port: 80}]}";
  CHECK(
      lab.type("kubectl apply -f -", service("first", spec) + "---\n" + service("second", spec)) ==
      "service/first created\n"
      "The Service \"second\" is invalid: spec.clusterIPs: Invalid value: []string{\"10.100.50.10\"}: failed "
      "to allocate IP 10.100.50.10: provided IP is already allocated\n[exit status 1]\n");
}

TEST_CASE("a Service without ports, a kind that nobody serves, and replicas below zero make nothing") {
  Workloads lab("");
  CHECK(lab.type("kubectl apply -f -", service("web", "{selector: {app: web}}")) ==
        "The Service \"web\" is invalid: spec.ports: Required value\n[exit status 1]\n");
  CHECK(lab.type("kubectl apply -f -",
                 "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: web}\n") ==
        "error: resource mapping not found for name: \"web\" namespace: \"\" from \"STDIN\": no matches for "
        "kind \"Rollout\" in version \"argoproj.io/v1alpha1\"\nensure CRDs are installed first\n[exit status "
        "1]\n");
  CHECK(lab.type("kubectl create deployment web --image=nginx --replicas=2") ==
        "deployment.apps/web created\n");
  CHECK(lab.type("kubectl scale deployment web --replicas=-1") ==
        "error: The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0\n[exit "
        "status 1]\n");
  lab.run_for(10_s);
  CHECK(lab.count("web", "Running") == 2);
}

TEST_CASE("exec says why it cannot: no node yet, no container yet, none any more") {
  Workloads lab(pod("homeless", "{nodeSelector: {disk: ssd}, containers: [{name: c, image: nginx}]}") +
                "---\n" + pod("slow", "{containers: [{name: c, image: nginx}]}") + "---\n" +
                pod("done", "{restartPolicy: Never, containers: [{name: c, image: busybox}]}"));
  lab.run_for(1_s);
  CHECK(lab.type("kubectl exec slow -- hostname") ==
        "error: unable to upgrade connection: container not found (\"c\")\n[exit status 1]\n");
  lab.run_for(20_s);
  CHECK(lab.type("kubectl exec homeless -- hostname") ==
        "Error from server (BadRequest): pod homeless does not have a host assigned\n[exit status 1]\n");
  CHECK(lab.type("kubectl exec slow -- hostname") == "slow\n");
  CHECK(lab.type("kubectl exec done -- hostname") ==
        "error: cannot exec into a container in a completed pod; current phase is Succeeded\n[exit status "
        "1]\n");
}

TEST_CASE("a container that ends again and again: its restarts, how the last one ended, and no exec") {
  Workloads lab(pod("crash", "{containers: [{name: c, image: busybox}]}"));
  lab.run_for(30_s);
  CHECK(lab.type("kubectl exec crash -- hostname") ==
        "error: unable to upgrade connection: container not found (\"c\")\n[exit status 1]\n");
  const std::string row = lab.type("kubectl get pod crash --no-headers");
  INFO(row);
  CHECK(row.starts_with("crash   0/1   CrashLoopBackOff   2 ("));
  CHECK(row.ends_with("s ago)   30s\n"));
  const std::string description = lab.type("kubectl describe pod crash");
  CHECK(description.find("    State:          Waiting\n      Reason:       CrashLoopBackOff\n"
                         "    Last State:     Terminated\n      Reason:       Completed\n"
                         "      Exit Code:    0\n") != std::string::npos);
}

}  // namespace
}  // namespace ekspath
