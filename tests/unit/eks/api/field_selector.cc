#include "sim/eks/api/field_selector.hh"

#include <doctest/doctest.h>

namespace ekspath {
namespace {

const Document pod = Document::parse(R"({"metadata": {"name": "web-1", "namespace": "shop"},
  "spec": {"nodeName": "node1", "restartPolicy": "Always"}, "status": {"phase": "Running"}})");

bool takes(ObjectKind kind, std::string_view text, const Document& object) {
  std::string error;
  const FieldSelector selector = FieldSelector::parse(kind, text, error);
  CHECK(error == "");
  return selector.matches(object);
}

std::string error_of(ObjectKind kind, std::string_view text) {
  std::string error;
  (void)FieldSelector::parse(kind, text, error);
  return error;
}

TEST_CASE("the terms of a field selector must all hold") {
  CHECK(takes(ObjectKind::pod, "status.phase=Running", pod));
  CHECK(takes(ObjectKind::pod, "status.phase==Running,spec.nodeName=node1", pod));
  CHECK_FALSE(takes(ObjectKind::pod, "status.phase=Running,spec.nodeName!=node1", pod));
  CHECK(takes(ObjectKind::pod, "status.phase!=Pending,", pod));
  CHECK(takes(ObjectKind::pod, "metadata.name=web-1,metadata.namespace=shop", pod));
  CHECK(takes(ObjectKind::pod, "spec.host=node1", pod));
  CHECK(takes(ObjectKind::pod, "", pod));
}

TEST_CASE("what an object does not have is empty, and a switch that is not set is off") {
  CHECK(takes(ObjectKind::pod, "status.podIP=", pod));
  CHECK(takes(ObjectKind::pod, "spec.hostNetwork=false", pod));
  const Document cordoned = Document::parse(R"({"spec": {"unschedulable": true}})");
  CHECK(takes(ObjectKind::node, "spec.unschedulable=true", cordoned));
  CHECK(takes(ObjectKind::node, "spec.unschedulable=false", Document::parse("{}")));
}

TEST_CASE("events are found by what they are about and who reports them") {
  const Document event = Document::parse(R"({"type": "Warning", "reason": "FailedScheduling",
    "involvedObject": {"kind": "Pod", "name": "web-1"}, "source": {"component": "default-scheduler"}})");
  CHECK(takes(ObjectKind::event, "type=Warning,involvedObject.name=web-1", event));
  CHECK(takes(ObjectKind::event, "source=default-scheduler", event));
  CHECK_FALSE(takes(ObjectKind::event, "reason=BackOff", event));
}

TEST_CASE("escapes stand for themselves in a value") {
  const Document odd = Document::parse(R"({"metadata": {"name": "a,b=c\\d"}})");
  CHECK(takes(ObjectKind::pod, R"(metadata.name=a\,b\=c\\d)", odd));
  CHECK(error_of(ObjectKind::pod, R"(metadata.name=a\b)") ==
        R"(invalid field selector: invalid escape sequence: \b)");
  CHECK(error_of(ObjectKind::pod, "metadata.name=a=b") ==
        "invalid field selector: unescaped character in value: 61");
}

// pkg/apis/core/v1/conversion.go; apimachinery pkg/runtime/conversion.go
// DefaultMetaV1FieldSelectorConversion()
TEST_CASE("a field that a kind does not offer is refused in the API server's words") {
  CHECK(error_of(ObjectKind::pod, "spec.image=nginx") == "field label not supported: spec.image");
  CHECK(error_of(ObjectKind::node, "metadata.namespace=x") ==
        "field label not supported: metadata.namespace");
  CHECK(error_of(ObjectKind::deployment, "spec.replicas=3") ==
        "\"spec.replicas\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"");
  CHECK(error_of(ObjectKind::pod, "Running") == "invalid selector: 'Running'; can't understand 'Running'");
}

}  // namespace
}  // namespace ekspath
