// `kubectl` as it is typed: what it changes, and what it says of that. Texts are those of kubectl 1.31.9,
// observed against a server of recorded responses; those of the API server are its own (apimachinery,
// validation).
#include <doctest/doctest.h>

#include "sim/lab/commands/commands.hh"
#include "sim/lab/commands/kubectl_manifest_files.hh"
#include "tests/unit/lab/commands/typed.hh"

using namespace ekspath;
using namespace ekspath::literals;

namespace {

std::string refusal(std::string_view line) { return check_line(line).error; }

/// A cluster of one node and two pods that are placed by hand.
class Terminal final : public CommandOutput {
 public:
  Terminal() {
    world().cluster =
        std::make_unique<Cluster>(world().engine(), 1, "myeks", Cluster::Versions{}, CniEnvironment{});
    Node joined;
    joined.name = "node";
    joined.kubernetes_name = "ip-192-168-1-251.ap-northeast-2.compute.internal";
    joined.netns = &node_.netns("node");
    joined.address = Ipv4Address(192, 168, 1, 251);
    Fabric& fabric = world().fabric;
    const VpcId vpc = fabric.add_vpc({"vpc", {Prefix::parse("192.168.0.0/16").value()}, true}).value();
    const SubnetId subnet =
        fabric.add_subnet({"subnet", vpc, Prefix::parse("192.168.1.0/24").value(), "a", false, {}, {}})
            .value();
    EniSpec primary;
    primary.name = "node/eni0";
    primary.subnet = subnet;
    primary.address = joined.address;
    joined.fabric = &fabric;
    joined.type = find_instance_type("t3.medium");
    joined.enis.emplace_back(fabric.create_eni(primary).value(), 0U);
    world().cluster->join(std::move(joined), {Prefix::parse("192.168.0.0/16").value()}, LinkSpec{});
    for (const auto& [name, pod_namespace] : {std::pair("pod2", "shop"), std::pair("pod1", "default")}) {
      Pod pod;
      pod.name = name;
      pod.pod_namespace = pod_namespace;
      pod.netns = &node_.netns("node");
      pod.address = Ipv4Address(192, 168, 1, 251);
      pod.host_network = true;
      REQUIRE(world().cluster->place(std::move(pod)) == "");
    }
  }

  [[nodiscard]] World& world() { return node_.world; }

  /// What the line prints, its exit status behind it where that is not 0.
  std::string type(std::string_view line, std::string input = "") {
    REQUIRE(check_line(line).error == "");
    text_.clear();
    int status = -1;
    const auto running =
        start_line(world(), line, std::move(input), *this, [&](int ended) { status = ended; });
    for (int events = 0; status == -1 && events < 1000 && world().engine().step();) ++events;
    if (status != 0) text_ += fmt::format("[exit status {}]\n", status);
    return text_;
  }

  void out(std::string_view text) override { text_ += text; }
  void err(std::string_view text) override { text_ += text; }

 private:
  FixtureNode node_;
  std::string text_;
};

const std::string web = R"(apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "nginx:1.27", env: [{name: A, value: "1"}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
)";

}  // namespace

TEST_CASE("pods and nodes that the scenario placed are there as others are") {
  Terminal terminal;
  CHECK(terminal.type("kubectl get pods") ==
        "NAME   READY   STATUS    RESTARTS   AGE\npod1   1/1     Running   0          0s\n");
  CHECK(terminal.type("kubectl get po -A --no-headers").find("shop      pod2   1/1   Running   0     0s\n") !=
        std::string::npos);
  CHECK(terminal.type("kubectl get pod/pod2 -n shop -o wide --no-headers") ==
        "pod2   1/1   Running   0     0s    192.168.1.251   ip-192-168-1-251.ap-northeast-2.compute.internal "
        "  <none>   "
        "<none>\n");
  const std::string nodes = terminal.type("kubectl get nodes -owide --no-headers");
  CHECK(nodes.find("ip-192-168-1-251.ap-northeast-2.compute.internal   Ready   <none>   0s    v1.") == 0);
  CHECK(nodes.find("   192.168.1.251   <none>   Amazon Linux 2023") != std::string::npos);
  CHECK(terminal.type("kubectl exec pod2 -- hostname") ==
        "Error from server (NotFound): pods \"pod2\" not found\n[exit status 1]\n");
  CHECK(terminal.type("kubectl exec -it pod2 -n shop -- hostname") == "pod2\n");
}

TEST_CASE("apply makes what is new, changes what differs, and says which") {
  Terminal terminal;
  terminal.world().files["web.yaml"] = web;
  CHECK(terminal.type("kubectl apply -f web.yaml") == "deployment.apps/web created\nservice/web created\n");
  CHECK(terminal.type("kubectl apply -f web.yaml") ==
        "deployment.apps/web unchanged\nservice/web unchanged\n");
  std::string changed = web;
  changed.replace(changed.find("replicas: 3"), 11, "replicas: 5");
  CHECK(terminal.type("kubectl apply -f -", changed) ==
        "deployment.apps/web configured\nservice/web unchanged\n");
  CHECK(terminal.type("kubectl get deploy,svc")
            .starts_with("NAME                  READY   UP-TO-DATE   AVAILABLE   AGE\n"
                         "deployment.apps/web   0/5 "));
}

TEST_CASE("apply and create tell what is wrong with a manifest, and make the rest") {
  Terminal terminal;
  CHECK(terminal.type("kubectl apply -f nothere.yaml") ==
        "error: the path \"nothere.yaml\" does not exist\n[exit status 1]\n");
  CHECK(terminal.type("kubectl apply -f -", "apiVersion: foo/v1\nkind: Bar\nmetadata: {name: x}\n") ==
        "error: resource mapping not found for name: \"x\" namespace: \"\" from \"STDIN\": no matches for "
        "kind \"Bar\" in "
        "version \"foo/v1\"\nensure CRDs are installed first\n[exit status 1]\n");
  const std::string misspelt =
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndatta: {a: b}\n---\n"
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\n";
  const std::string answer = terminal.type("kubectl apply -f -", misspelt);
  CHECK(answer.starts_with(
      "configmap/other created\nError from server (BadRequest): error when creating \"STDIN\": "));
  CHECK(answer.find("unknown field \"datta\"") != std::string::npos);
  CHECK(terminal.type("kubectl create -f -", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\n") ==
        "Error from server (AlreadyExists): error when creating \"STDIN\": configmaps \"other\" already "
        "exists\n"
        "[exit status 1]\n");
  CHECK(terminal.type("kubectl apply -n other -f -",
                      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other, namespace: default}\n") ==
        "error: the namespace from the provided object \"default\" does not match the namespace \"other\". "
        "You must pass "
        "'--namespace=default' to perform this operation.\n[exit status 1]\n");
  CHECK(terminal.type("kubectl apply") == "error: must specify one of -f and -k\n[exit status 1]\n");
}

TEST_CASE("create deployment makes what kubectl makes of a name and images") {
  Terminal terminal;
  CHECK(terminal.type("kubectl create deployment new --image=docker.io/library/nginx:1.27 --replicas=2 "
                      "--port=80 -- sleep 5") == "deployment.apps/new created\n");
  CHECK(terminal.type(
            "kubectl get deploy new -o jsonpath={.spec.template.spec.containers[0].name},{.spec.replicas},"
            "{.spec.template.spec.containers[0].command},{.spec.template.spec.containers[0].ports[0]."
            "containerPort}") == "nginx,2,[\"sleep\",\"5\"],80");
  CHECK(terminal.type("kubectl create deployment new --image=nginx") ==
        "error: failed to create deployment: deployments.apps \"new\" already exists\n[exit status 1]\n");
  CHECK(terminal.type("kubectl create deployment x") ==
        "error: required flag(s) \"image\" not set\n[exit status 1]\n");
  CHECK(
      terminal.type("kubectl create deployment --image=nginx") ==
      "error: exactly one NAME is required, got 0\nSee 'kubectl create deployment -h' for help and examples\n"
      "[exit status 1]\n");
  CHECK(terminal.type("kubectl create deployment new8 --image=nginx --dry-run=client -o yaml") ==
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  creationTimestamp: null\n  labels:\n    app: "
        "new8\n"
        "  name: new8\nspec:\n  replicas: 1\n  selector:\n    matchLabels:\n      app: new8\n  strategy: {}\n"
        "  template:\n    metadata:\n      creationTimestamp: null\n      labels:\n        app: new8\n    "
        "spec:\n"
        "      containers:\n      - image: nginx\n        name: nginx\n        resources: {}\nstatus: {}\n");
  CHECK(terminal.type("kubectl create ns store") == "namespace/store created\n");
  CHECK(terminal.type("kubectl create ns store") ==
        "Error from server (AlreadyExists): namespaces \"store\" already exists\n[exit status 1]\n");
}

TEST_CASE("scale changes the replicas, and refuses fewer than none") {
  Terminal terminal;
  (void)terminal.type("kubectl apply -f -", web);
  CHECK(terminal.type("kubectl scale deploy web --replicas=7") == "deployment.apps/web scaled\n");
  CHECK(terminal.type("kubectl get deploy web -o jsonpath={.spec.replicas}") == "7");
  CHECK(terminal.type("kubectl scale deploy/web --replicas=-1") ==
        "error: The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0\n[exit "
        "status 1]\n");
  CHECK(terminal.type("kubectl scale deploy web") ==
        "error: required flag(s) \"replicas\" not set\n[exit status 1]\n");
  CHECK(terminal.type("kubectl scale deploy nothere --replicas=1") ==
        "error: no objects passed to scale\n[exit status 1]\n");
  CHECK(terminal.type("kubectl scale --current-replicas=9 --replicas=2 deploy/web") ==
        "error: Expected replicas to be 9, was 7\n[exit status 1]\n");
  CHECK(terminal.type("kubectl scale deploy web --replicas=x") ==
        "error: invalid argument \"x\" for \"--replicas\" flag: strconv.ParseInt: parsing \"x\": invalid "
        "syntax\n"
        "See 'kubectl scale --help' for usage.\n[exit status 1]\n");
  CHECK(terminal.type("kubectl scale svc web --replicas=1") ==
        "Error from server (NotFound): the server could not find the requested resource\n[exit status 1]\n");
}

TEST_CASE("label and annotate write, keep what is there, and take away") {
  Terminal terminal;
  (void)terminal.type("kubectl apply -f -", web);
  CHECK(terminal.type("kubectl label svc web tier=a") == "service/web labeled\n");
  CHECK(terminal.type("kubectl label svc web tier=b") ==
        "error: 'tier' already has a value (a), and --overwrite is false\n[exit status 1]\n");
  CHECK(terminal.type("kubectl label svc web tier=b --overwrite") == "service/web labeled\n");
  CHECK(terminal.type("kubectl label svc web tier=b --overwrite") == "service/web not labeled\n");
  CHECK(terminal.type("kubectl get svc -l tier=b -o name") == "service/web\n");
  CHECK(terminal.type("kubectl label svc web --list") == "tier=b\n");
  CHECK(terminal.type("kubectl label svc web tier-") == "service/web unlabeled\n");
  CHECK(terminal.type("kubectl label svc web nothere-") ==
        "label \"nothere\" not found.\nservice/web not labeled\n");
  CHECK(terminal.type("kubectl label svc web") ==
        "error: at least one label update is required\n[exit status 1]\n");
  CHECK(terminal.type("kubectl label svc web a=b=c") ==
        "error: invalid label spec: a=b=c\n[exit status 1]\n");
  CHECK(terminal.type("kubectl label svc nothere a=b") ==
        "Error from server (NotFound): services \"nothere\" not found\n[exit status 1]\n");
  CHECK(terminal.type("kubectl annotate svc web note=hi") == "service/web annotated\n");
  CHECK(terminal.type("kubectl annotate svc web note=ho") ==
        "error: --overwrite is false but found the following declared annotation(s): 'note' already has a "
        "value (hi)\n"
        "[exit status 1]\n");
}

TEST_CASE("set env and set image change the containers of a template") {
  Terminal terminal;
  (void)terminal.type("kubectl apply -f -", web);
  CHECK(terminal.type("kubectl set env deploy/web A=2 B=x") == "deployment.apps/web env updated\n");
  CHECK(terminal.type("kubectl set env deploy/web A=2") == "");
  CHECK(terminal.type("kubectl set env deploy/web --list") == "# Deployment web, container web\nA=2\nB=x\n");
  CHECK(terminal.type("kubectl set env deploy web B-") == "deployment.apps/web env updated\n");
  CHECK(terminal.type("kubectl set env deploy/web --list") == "# Deployment web, container web\nA=2\n");
  CHECK(terminal.type("kubectl set env svc/web A=1") ==
        "error: services/web the object is not a pod or does not have a pod template: *v1.Service\n[exit "
        "status 1]\n");
  CHECK(terminal.type("kubectl set image deploy/web web=nginx:1.28") ==
        "deployment.apps/web image updated\n");
  CHECK(terminal.type("kubectl set image deploy/web web=nginx:1.28") == "");
  CHECK(terminal.type("kubectl set image deploy/web nope=x") ==
        "error: unable to find container named \"nope\"\n[exit status 1]\n");
  CHECK(terminal.type("kubectl set image deploy/web") ==
        "error: at least one image update is required\n[exit status 1]\n");
}

TEST_CASE("delete removes by name, by selector and by file, and tells what is not there") {
  Terminal terminal;
  terminal.world().files["web.yaml"] = web;
  (void)terminal.type("kubectl apply -f web.yaml");
  CHECK(terminal.type("kubectl delete svc nothere") ==
        "Error from server (NotFound): services \"nothere\" not found\n[exit status 1]\n");
  CHECK(terminal.type("kubectl delete svc nothere --ignore-not-found") == "");
  CHECK(terminal.type("kubectl delete svc") ==
        "error: resource(s) were provided, but no name was specified\n[exit status 1]\n");
  CHECK(terminal.type("kubectl delete svc -l app=nothing") == "No resources found\n");
  CHECK(terminal.type("kubectl delete -f web.yaml --wait=false") ==
        "deployment.apps \"web\" deleted\nservice \"web\" deleted\n");
  CHECK(terminal.type("kubectl delete -f web.yaml") ==
        "Error from server (NotFound): error when deleting \"web.yaml\": deployments.apps \"web\" not found\n"
        "Error from server (NotFound): error when deleting \"web.yaml\": services \"web\" not found\n[exit "
        "status 1]\n");
  CHECK(terminal.type("kubectl delete pod x --force --grace-period=5") ==
        "error: --force and --grace-period greater than 0 cannot be specified together\n[exit status 1]\n");
}

TEST_CASE("a rollout is restarted, told and remembered") {
  Terminal terminal;
  (void)terminal.type("kubectl apply -f -", web);
  CHECK(terminal.type("kubectl rollout restart deploy/web") == "deployment.apps/web restarted\n");
  CHECK(terminal.type("kubectl rollout restart deploy/web") ==
        "error: failed to create patch for web: if restart has already been triggered within the past "
        "second, please "
        "wait before attempting to trigger another\n[exit status 1]\n");
  CHECK(terminal.type("kubectl rollout restart svc/web") ==
        "error: services \"web\" restarting is not supported\n[exit status 1]\n");
  CHECK(terminal.type("kubectl rollout history deploy/web") ==
        "deployment.apps/web \nNo rollout history found.\n");
  CHECK(terminal.type("kubectl rollout status svc/web") ==
        "error: no status viewer has been implemented for Service\n[exit status 1]\n");
  CHECK(terminal.type("kubectl rollout status") ==
        "error: required resource not specified\n[exit status 1]\n");
  CHECK(terminal.type("kubectl rollout status deploy/web --watch=false") ==
        "Waiting for deployment spec update to be observed...\n");
  CHECK(terminal.type("kubectl rollout status deploy/web --timeout=2s") ==
        "Waiting for deployment spec update to be observed...\nWaiting for deployment spec update to be "
        "observed...\nWaiting for deployment \"web\" rollout to finish: 0 out of 3 new replicas have been "
        "updated...\nWaiting for deployment \"web\" rollout to finish: 0 of 3 updated replicas are "
        "available...\nerror: timed out waiting for the condition\n[exit status 1]\n");
}

TEST_CASE("exec tells why it cannot") {
  Terminal terminal;
  (void)terminal.type(
      "kubectl apply -f -",
      "apiVersion: v1\nkind: Pod\nmetadata: {name: lonely}\nspec: {containers: [{name: c, image: nginx}]}\n");
  CHECK(terminal.type("kubectl exec nothere -- hostname") ==
        "Error from server (NotFound): pods \"nothere\" not found\n[exit status 1]\n");
  CHECK(terminal.type("kubectl exec deploy/nothere -- hostname") ==
        "Error from server (NotFound): deployments.apps \"nothere\" not found\n[exit status 1]\n");
  CHECK(terminal.type("kubectl exec lonely -- hostname") ==
        "Error from server (BadRequest): pod lonely does not have a host assigned\n[exit status 1]\n");
  CHECK(terminal.type("kubectl exec lonely -c nope -- hostname") ==
        "Error from server (BadRequest): container nope is not valid for pod lonely\n[exit status 1]\n");
}

TEST_CASE("logs are those of the pod that is meant, or the reason why there are none") {
  Terminal terminal;
  (void)terminal.type(
      "kubectl apply -f -",
      "apiVersion: v1\nkind: Pod\nmetadata: {name: lonely}\nspec: {containers: [{name: c, image: nginx}, "
      "{name: d, image: nginx}]}\n");
  CHECK(terminal.type("kubectl logs nothere") ==
        "error: error from server (NotFound): pods \"nothere\" not found in namespace \"default\"\n[exit "
        "status 1]\n");
  CHECK(terminal.type("kubectl logs lonely") == "Defaulted container \"c\" out of: c, d\n");
  CHECK(terminal.type("kubectl logs lonely -c d") == "");
  CHECK(terminal.type("kubectl logs lonely -c nope") ==
        "error: container nope is not valid for pod lonely\n[exit status 1]\n");
  CHECK(terminal.type("kubectl logs")
            .ends_with("See 'kubectl logs -h' for help and examples\n[exit status 1]\n"));
}

TEST_CASE("version tells the client whose texts these are") {
  Terminal terminal;
  CHECK(terminal.type("kubectl version --client") == "Client Version: v1.31.9\nKustomize Version: v5.4.2\n");
}

TEST_CASE("what kubectl does not model is refused by name before a run") {
  CHECK(refusal("kubectl get pods") == "");
  CHECK(refusal("kubectl set env daemonset aws-node -n kube-system AWS_VPC_K8S_CNI_EXTERNALSNAT=true") == "");
  CHECK(refusal("kubectl set env ds/aws-node -n kube-system AWS_VPC_K8S_CNI_VETHPREFIX=veths")
            .find("not modelled") != std::string::npos);
  CHECK(refusal("kubectl set env ds/aws-node -n kube-system AWS_VPC_K8S_CNI_VETHPREFIX=pod") == "");
  CHECK(refusal("kubectl rollout status ds/aws-node -n kube-system") == "");
  CHECK(refusal("kubectl exec -it deploy/web -n shop -c web -- hostname") == "");
  for (const auto& [line, word] :
       {std::pair("kubectl get pods -w", "'-w'"), std::pair("kubectl drain node1", "'kubectl drain'"),
        std::pair("kubectl taint nodes node1 a=b:NoSchedule", "'kubectl taint'"),
        std::pair("kubectl logs -f web", "'-f'"),
        std::pair("kubectl rollout undo deploy/web --dry-run=client", "'--dry-run'"),
        std::pair("kubectl rollout history deploy/web --revision=2", "'--revision'"),
        std::pair("kubectl set resources deploy web", "'kubectl set'"),
        std::pair("kubectl aply -f x", "'apply'"), std::pair("kubectl apply --prune -f x", "'--prune'"),
        std::pair("kubectl exec web", "expected -- and a command"),
        std::pair("kubectl exec -- ls", "expected a pod"),
        std::pair("kubectl exec web ls -- ls", "found 'ls'"),
        std::pair("kubectl set env daemonset aws-node -n kube-system AWS_VPC_K8S_CNI_EXTERNALSNAP=true",
                  "EXTERNALSNAT")}) {
    INFO(line);
    CHECK(refusal(line).find(word) != std::string::npos);
  }
}

TEST_CASE("the files that a line reads are known before it runs") {
  CHECK(kubectl_files({"kubectl", "apply", "-f", "a.yaml", "-fb.yaml", "--filename=c.yaml", "-f", "-"}) ==
        std::vector<std::string>{"a.yaml", "b.yaml", "c.yaml"});
  CHECK(kubectl_files({"ssh", "node1", "tail", "-f", "x"}).empty());
  CHECK(kubectl_files({"kubectl", "exec", "web", "--", "tail", "-f", "x"}).empty());
}
