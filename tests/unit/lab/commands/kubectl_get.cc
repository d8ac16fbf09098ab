// What `kubectl get` prints. The tables are the API server's: facts/kube-proxy.md 11 and kubernetes
// pkg/printers/internalversion/printers.go; the other forms are what kubectl 1.31.9 printed of the same
// objects.
#include "sim/lab/commands/kubectl_get.hh"

#include "sim/base/shell_words.hh"
#include "tests/unit/lab/commands/kubectl_recording.hh"

using namespace ekspath;

namespace {

CommandResult get(std::string_view words) {
  static const RecordedCluster cluster;
  const std::vector<std::string> split = shell_words(words).value();
  const KubectlArguments arguments("get", split, kubectl_get_options());
  REQUIRE(arguments.error() == "");
  return kubectl_get(cluster, arguments);
}

std::string text(std::string_view words) {
  const CommandResult result = get(words);
  return result.out + result.err +
         (result.status == 0 ? "" : fmt::format("[exit status {}]\n", result.status));
}

}  // namespace

TEST_CASE("name, yaml, json, jsonpath and custom columns come as kubectl 1.31.9 printed them") {
  const auto commands = recorded_commands("get.txt");
  REQUIRE(commands.size() == 22);
  for (const RecordedCommand& command : commands) {
    CAPTURE(command.line);
    REQUIRE(command.line.starts_with("kubectl get "));
    std::string got = text(command.line.substr(12));
    // The recording ends each text with a line feed, which `-o jsonpath=` does not.
    if (!got.empty() && !got.ends_with('\n')) got += '\n';
    CHECK(got == command.text);
  }
}

TEST_CASE("the status of a pod is made of its phase, its containers and its deletion") {
  CHECK(text("pods") ==
        "NAME                   READY   STATUS              RESTARTS     AGE\n"
        "web-5cf4cbfd97-2v8tp   0/1     ContainerCreating   0            25m\n"
        "web-5cf4cbfd97-7kqzd   1/1     Running             1 (6m ago)   25m\n"
        "web-5cf4cbfd97-xx4zz   0/1     Pending             0            100s\n"
        "web-5cf4cbfd97-tt7rm   1/1     Terminating         0            25m\n"
        "full                   1/2     CrashLoopBackOff    0            20m\n"
        "done                   0/1     Completed           0            66m\n");
  CHECK(text("po web-5cf4cbfd97-7kqzd web-5cf4cbfd97-xx4zz -o wide") ==
        "NAME                   READY   STATUS    RESTARTS     AGE    IP          NODE                       "
        "             "
        "  NOMINATED NODE   READINESS GATES\n"
        "web-5cf4cbfd97-7kqzd   1/1     Running   1 (6m ago)   25m    10.0.1.25   "
        "ip-10-0-1-10.us-west-2.compute.internal   <none>           <none>\n"
        "web-5cf4cbfd97-xx4zz   0/1     Pending   0            100s   <none>      <none>                     "
        "             "
        "  <none>           <none>\n");
}

TEST_CASE("services and endpoints are two tables with a line between them (facts/kube-proxy.md 11)") {
  CHECK(
      text("svc,ep") ==
      "NAME                 TYPE           CLUSTER-IP    EXTERNAL-IP      PORT(S)                       AGE\n"
      "service/kubernetes   ClusterIP      172.20.0.1    <none>           443/TCP                       3d\n"
      "service/web          NodePort       172.20.44.7   <none>           80:30080/TCP,9090:30090/TCP   23m\n"
      "service/lb           LoadBalancer   172.20.44.8   203.0.113.9      80:30081/TCP                  23m\n"
      "service/headless     ClusterIP      None          <none>           53/UDP                        23m\n"
      "service/ext          ExternalName   <none>        db.example.com   <none>                        23m\n"
      "\n"
      "NAME                 ENDPOINTS                                                  AGE\n"
      "endpoints/web        10.0.1.25:8080,10.0.2.31:8080,10.0.3.12:8080 + 1 more...   23m\n"
      "endpoints/headless   <none>                                                     23m\n");
  CHECK(text("endpointslices") ==
        "NAME             ADDRESSTYPE   PORTS       ENDPOINTS                                   AGE\n"
        "web-4xk2p        IPv4          8080,9090   10.0.2.31,10.0.1.25,10.0.3.12 + 2 more...   23m\n"
        "headless-abcde   IPv4          <unset>     <unset>                                     23m\n"
        "kubernetes       IPv4          443         10.0.1.61,10.0.2.250                        3d\n");
}

TEST_CASE("workloads, nodes and the other kinds have the columns of the API server") {
  CHECK(text("deploy,rs --no-headers") ==
        "deployment.apps/web   2/4   4     2     25m\n"
        "replicaset.apps/web-5cf4cbfd97   4     4     2     23m\n"
        "replicaset.apps/web-7c5ddbdf54   0     0     0     25m\n");
  CHECK(text("deploy web -o wide") ==
        "NAME   READY   UP-TO-DATE   AVAILABLE   AGE   CONTAINERS   IMAGES       SELECTOR\n"
        "web    2/4     4            2           25m   web          nginx:1.27   app=web\n");
  CHECK(text("ds -A") ==
        "NAMESPACE     NAME       DESIRED   CURRENT   READY   UP-TO-DATE   AVAILABLE   NODE SELECTOR   AGE\n"
        "kube-system   aws-node   2         2         2       2            2           <none>          3d\n");
  CHECK(text("nodes") ==
        "NAME                                      STATUS                     ROLES    AGE   VERSION\n"
        "ip-10-0-1-10.us-west-2.compute.internal   Ready                      <none>   3d    "
        "v1.31.0-eks-a737599\n"
        "ip-10-0-2-31.us-west-2.compute.internal   Ready,SchedulingDisabled   <none>   3d    "
        "v1.31.0-eks-a737599\n");
  CHECK(text("ns") == "NAME          STATUS   AGE\ndefault       Active   3d\nkube-system   Active   3d\n");
  CHECK(text("cm") == "NAME    DATA   AGE\napp     3      8m20s\nempty   0      8m20s\n");
  CHECK(text("ing") ==
        "NAME   CLASS   HOSTS           ADDRESS   PORTS   AGE\ning    alb     a.example.com             80   "
        "   5m\n");
  CHECK(text("sa") == "NAME      SECRETS   AGE\ndefault   0         3d\n");
  CHECK(text("events --no-headers full.1") ==
        "19m   Normal   Pulling   pod/full   Pulling image "
        "\"nicolaka/netshoot:v0.13\"\n");
}

TEST_CASE("`all` is what a workload is made of, each with its kind") {
  const std::string all = text("all");
  CHECK(all.find("NAME                       READY   STATUS") == 0);
  CHECK(all.find("\n\nNAME                 TYPE           CLUSTER-IP") != std::string::npos);
  CHECK(all.find("\ndeployment.apps/web   2/4") != std::string::npos);
  CHECK(all.find("configmap") == std::string::npos);
}

TEST_CASE("labels are shown, selected and made columns") {
  CHECK(text("pods -l run --no-headers --show-labels") ==
        "full   1/2   CrashLoopBackOff   0     20m   run=full\ndone   0/1   Completed          0     66m   "
        "run=done\n");
  CHECK(text("pods full -L app,run") ==
        "NAME   READY   STATUS             RESTARTS   AGE   APP   RUN\n"
        "full   1/2     CrashLoopBackOff   0          20m         full\n");
  CHECK(text("pods -l 'run in (full,other),app!=web' -o name") == "pod/full\n");
  CHECK(text("pods --sort-by=.metadata.name --no-headers").starts_with("done   "));
}

TEST_CASE("pods are chosen by their fields") {
  CHECK(text("pods --field-selector status.phase=Succeeded --no-headers -o name") == "pod/done\n");
  CHECK(text("pods --field-selector=metadata.name=done,status.phase!=Succeeded") ==
        "No resources found in default namespace.\n");
  CHECK(text("pod done --field-selector status.phase=Running") ==
        "error: name cannot be provided when a selector is specified\n[exit status 1]\n");
  CHECK(text("pods -l app=web --field-selector spec.image=nginx") ==
        "Error from server (BadRequest): Unable to find \"/v1, Resource=pods\" that match label selector "
        "\"app=web\", field selector \"spec.image=nginx\": field label not supported: spec.image\n[exit "
        "status 1]\n");
}

TEST_CASE("what is not there is told as kubectl tells it, and the rest is printed") {
  CHECK(text("pods nothere alsonot") ==
        "Error from server (NotFound): pods \"nothere\" not found\n"
        "Error from server (NotFound): pods \"alsonot\" not found\n[exit status 1]\n");
  CHECK(text("deploy/nothere") ==
        "Error from server (NotFound): deployments.apps \"nothere\" not found\n[exit status 1]\n");
  CHECK(text("pods nothere --ignore-not-found") == "");
  CHECK(text("pods -n nowhere") == "No resources found in nowhere namespace.\n");
  CHECK(text("pods -A -l app=nothing") == "No resources found\n");
  CHECK(text("ingressclass") == "No resources found\n");
  CHECK(text("pod,svc web -o name") ==
        "service/web\nError from server (NotFound): pods \"web\" not found\n[exit status 1]\n");
}

TEST_CASE("words that make no sense are refused in kubectl's words") {
  const auto error = [](std::string_view words) {
    const CommandResult result = get(words);
    CHECK(result.status == 1);
    CHECK(result.out == "");
    return result.err;
  };
  CHECK(error("foo") == "error: the server doesn't have a resource type \"foo\"\n");
  CHECK(error("pods full -A") == "error: a resource cannot be retrieved by name across all namespaces\n");
  CHECK(error("pods -l app=web full") == "error: name cannot be provided when a selector is specified\n");
  CHECK(error("pods -l 'a b'") ==
        "Error from server (BadRequest): Unable to find \"/v1, Resource=pods\" that match label selector \"a "
        "b\", field "
        "selector \"\": unable to parse requirement\n");
  CHECK(error("pods/") == "error: arguments in resource/name form must have a single resource and name\n");
  CHECK(error("pods/full/x") == "error: arguments in resource/name form may not have more than one slash\n");
  CHECK(error("pod/full svc") ==
        "error: there is no need to specify a resource type as a separate argument when passing arguments in "
        "resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource "
        "resource/<resource_name>'\n");
  CHECK(error("pods -o jsonpath") == "error: template format specified but no template given\n");
  CHECK(error("pods -o custom-columns=") ==
        "error: custom-columns format specified but no custom columns given\n");
  CHECK(error("pods --show-labels -o json") ==
        "error: --show-labels option cannot be used with json printer\n");
  CHECK(error("pods -o foo") ==
        "error: unable to match a printer suitable for the output format \"foo\", allowed formats are: "
        "custom-columns,custom-columns-file,go-template,go-template-file,json,jsonpath,jsonpath-as-json,"
        "jsonpath-file,"
        "name,template,templatefile,wide,yaml\n");
  CHECK(error("").ends_with(
      "error: Required resource not specified.\nUse \"kubectl explain <resource>\" for a detailed "
      "description of that resource (e.g. kubectl explain pods).\nSee 'kubectl get -h' for help "
      "and examples\n"));
  CHECK(
      error("pods -o jsonpath={.items[99]}")
          .starts_with(
              "error: error executing jsonpath \"{.items[99]}\": Error executing template: array index out "
              "of "
              "bounds: index 99, length 6. Printing more information for debugging the template:\n\ttemplate "
              "was:\n\t\t{.items[99]}\n\tobject given to jsonpath engine was:\n\t\tmap[string]interface "
              "{}{\"apiVersion\":\"v1\", \"items\":[]interface {}{"));
}

TEST_CASE("an option that is not modelled is named, with the nearest that is") {
  const std::vector<std::string> words{"pods", "--show-label"};
  CHECK(
      KubectlArguments("get", words, kubectl_get_options()).error().find("'--show-label' is not modelled") !=
      std::string::npos);
  CHECK(KubectlArguments("get", words, kubectl_get_options())
            .error()
            .ends_with("did you mean '--show-labels'?"));
  const std::vector<std::string> lacking{"pods", "-n"};
  CHECK(KubectlArguments("get", lacking, kubectl_get_options()).error() ==
        "error: flag needs an argument: 'n' in -n");
}
