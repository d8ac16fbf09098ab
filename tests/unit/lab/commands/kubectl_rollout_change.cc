// `kubectl rollout undo`, `pause` and `resume` of a Deployment at work. Texts: kubectl
// pkg/polymorphichelpers/rollback.go, objectpauser.go; revisions: pkg/controller/deployment/util.
#include <doctest/doctest.h>

#include "tests/unit/lab/workloads.hh"

namespace ekspath {
namespace {

using namespace literals;

constexpr std::string_view web = R"(apiVersion: apps/v1
kind: Deployment
metadata: {name: web, annotations: {kubernetes.io/change-cause: first}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "nginx:1.27"}]}
)";

struct Rollouts : Workloads {
  Rollouts() : Workloads(web) { run_for(20_s); }
  std::string image() {
    return type("kubectl get deploy web -o jsonpath={.spec.template.spec.containers[0].image}");
  }
  void change_image(std::string_view image, std::string_view cause) {
    CHECK(type(fmt::format("kubectl set image deploy/web web={}", image)) ==
          "deployment.apps/web image updated\n");
    CHECK(type(fmt::format("kubectl annotate deploy web --overwrite kubernetes.io/change-cause={}", cause)) ==
          "deployment.apps/web annotated\n");
    run_for(60_s);
  }
};

TEST_CASE("undo goes back to the revision before, which becomes the newest") {
  Rollouts lab;
  CHECK(lab.type("kubectl rollout undo deploy/web") ==
        "error: no rollout history found for deployment \"web\"\n[exit status 1]\n");
  const std::string first = lab.type("kubectl get rs -o name");
  lab.change_image("nginx:1.28", "second");
  CHECK(lab.type("kubectl rollout history deploy/web") ==
        "deployment.apps/web \nREVISION  CHANGE-CAUSE\n1         first\n2         second\n\n");
  CHECK(lab.type("kubectl rollout undo deploy/web") == "deployment.apps/web rolled back\n");
  lab.run_for(60_s);
  CHECK(lab.image() == "nginx:1.27");
  CHECK(lab.type("kubectl get " + first.substr(0, first.size() - 1) + " -o jsonpath={.spec.replicas}") ==
        "2");
  CHECK(lab.type("kubectl rollout history deploy/web") ==
        "deployment.apps/web \nREVISION  CHANGE-CAUSE\n2         second\n3         first\n\n");
  CHECK(lab.type("kubectl rollout status deploy/web") == "deployment \"web\" successfully rolled out\n");
}

TEST_CASE("undo finds a revision by its number, and skips the one that runs") {
  Rollouts lab;
  lab.change_image("nginx:1.28", "second");
  lab.change_image("nginx:1.29", "third");
  CHECK(lab.type("kubectl rollout undo deploy/web --to-revision=3") ==
        "deployment.apps/web skipped rollback (current template already matches revision 3)\n");
  CHECK(lab.type("kubectl rollout undo deploy/web --to-revision=9") ==
        "error: unable to find specified revision 9 in history\n[exit status 1]\n");
  CHECK(lab.type("kubectl rollout undo deploy/web --to-revision=1") == "deployment.apps/web rolled back\n");
  CHECK(lab.image() == "nginx:1.27");
  lab.run_for(60_s);
  CHECK(lab.type("kubectl annotate deploy web --overwrite kubernetes.io/change-cause=again") ==
        "deployment.apps/web annotated\n");
  lab.run_for(1_s);
  CHECK(
      lab.type("kubectl rollout history deploy/web") ==
      "deployment.apps/web \nREVISION  CHANGE-CAUSE\n2         second\n3         third\n4         again\n\n");
  CHECK(lab.type("kubectl rollout undo svc/kubernetes") ==
        "error: no rollbacker has been implemented for \"Service\"\n[exit status 1]\n");
}

TEST_CASE("a paused Deployment keeps its pods until it is resumed") {
  Rollouts lab;
  CHECK(lab.type("kubectl rollout pause deploy/web") == "deployment.apps/web paused\n");
  CHECK(lab.type("kubectl rollout pause deploy/web") ==
        "error: deployments.apps \"web\" is already paused\n[exit status 1]\n");
  lab.change_image("nginx:1.28", "second");
  CHECK(lab.type("kubectl get pods -o jsonpath={.items[*].spec.containers[0].image}") ==
        "nginx:1.27 nginx:1.27");
  CHECK(lab.type("kubectl rollout resume deploy/web") == "deployment.apps/web resumed\n");
  CHECK(lab.type("kubectl rollout resume deploy/web") ==
        "error: deployments.apps \"web\" is not paused\n[exit status 1]\n");
  lab.run_for(60_s);
  CHECK(lab.type("kubectl get pods -o jsonpath={.items[*].spec.containers[0].image}") ==
        "nginx:1.28 nginx:1.28");
  CHECK(lab.type("kubectl rollout pause svc/kubernetes") ==
        "error: services \"kubernetes\" pausing is not supported\n[exit status 1]\n");
}

}  // namespace
}  // namespace ekspath
