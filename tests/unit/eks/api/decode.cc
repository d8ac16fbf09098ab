#include "sim/eks/api/decode.hh"

#include <doctest/doctest.h>

namespace ekspath {
namespace {

Document deployment() {
  return Document::parse(R"({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
    "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "web"}},
             "template": {"metadata": {"labels": {"app": "web"}},
                          "spec": {"containers": [{"name": "nginx", "image": "nginx",
                                                   "ports": [{"containerPort": 80}]}]}}}})");
}

Document service() {
  return Document::parse(R"({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
    "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}})");
}

std::string error_of(Document document) { return decode_object(std::move(document)).error().text(); }

TEST_CASE("a Deployment is read, and what its user left out is what Kubernetes puts there") {
  const DecodedObject decoded = decode_object(deployment());
  REQUIRE(decoded.object);
  const auto& spec = decoded.object->as<DeploymentSpec>();
  CHECK(spec.replicas == 3);
  CHECK(std::get<std::string>(spec.max_surge) == "25%");
  CHECK(spec.pod_template.spec.containers.at(0)->ports.at(0).container_port == 80);
  CHECK(spec.pod_template.spec.containers.at(0)->image_pull_policy == "Always");
  const Document pod = decoded.object->body.read()["spec"]["template"]["spec"];
  CHECK(pod["dnsPolicy"] == "ClusterFirst");
  CHECK(pod["containers"][0]["ports"][0]["protocol"] == "TCP");
}

TEST_CASE("an image with a tag that is not latest is pulled when it is missing") {
  Document document = deployment();
  document["spec"]["template"]["spec"]["containers"][0]["image"] = "localhost:5000/nginx:1.27";
  const DecodedObject decoded = decode_object(document);
  REQUIRE(decoded.object);
  CHECK(decoded.object->as<DeploymentSpec>().pod_template.spec.containers[0]->image_pull_policy ==
        "IfNotPresent");
}

TEST_CASE("a misspelt field is refused as by kubectl --validate, with the field that may be meant") {
  Document document = deployment();
  document["spec"]["replica"] = 3;
  const DecodedObject decoded = decode_object(document);
  REQUIRE(decoded.errors.size() == 1);
  CHECK(decoded.errors[0].path == "spec.replica");
  CHECK(decoded.errors[0].near_miss == "replicas");
  CHECK(decoded.error().text() ==
        "Error from server (BadRequest): Deployment in version \"v1\" cannot be handled as a Deployment: "
        "strict decoding error: unknown field \"spec.replica\"");
}

TEST_CASE("a field deep in a pod template has its whole path") {
  Document document = deployment();
  document["spec"]["template"]["spec"]["containers"][0]["ports"][0]["containerport"] = 80;
  CHECK(decode_object(document).errors.at(0).path ==
        "spec.template.spec.containers[0].ports[0].containerport");
}

TEST_CASE("a value of another type is refused in the decoder's words") {
  Document document = deployment();
  document["spec"]["replicas"] = "three";
  CHECK(
      error_of(document) ==
      "Error from server (BadRequest): Deployment in version \"v1\" cannot be handled as a Deployment: json: "
      "cannot unmarshal string into Go struct field spec.replicas of type int32");
}

TEST_CASE("a selector must match the labels of its template") {
  Document document = deployment();
  document["spec"]["selector"]["matchLabels"]["app"] = "shop";
  CHECK(error_of(document) ==
        "The Deployment \"web\" is invalid: spec.template.metadata.labels: Invalid value: "
        "{\"app\":\"web\"}: `selector` does not match template `labels`");
}

TEST_CASE("a Service needs ports, unless it is headless or a name outside") {
  Document document = service();
  document["spec"].erase("ports");
  CHECK(error_of(document) == "The Service \"web\" is invalid: spec.ports: Required value");
  document["spec"]["clusterIP"] = "None";
  CHECK(decode_object(document).object);
}

TEST_CASE("a Service's ports are named when there are several") {
  Document document = service();
  document["spec"]["ports"].push_back({{"port", 443}});
  CHECK(error_of(document) ==
        "The Service \"web\" is invalid: \n* spec.ports[0].name: Required value\n* spec.ports[1].name: "
        "Required "
        "value");
}

TEST_CASE("a kind that nobody serves has no match") {
  std::string error;
  CHECK_FALSE(kind_of({{"apiVersion", "example.com/v1"}, {"kind", "Widget"}}, error));
  CHECK(error == "no matches for kind \"Widget\" in version \"example.com/v1\"");
}

TEST_CASE("replicas below zero are invalid") {
  Document document = deployment();
  document["spec"]["replicas"] = -1;
  CHECK(error_of(document) ==
        "The Deployment \"web\" is invalid: spec.replicas: Invalid value: -1: must be greater than or "
        "equal "
        "to 0");
}

}  // namespace
}  // namespace ekspath
