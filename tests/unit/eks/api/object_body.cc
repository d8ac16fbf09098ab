#include "sim/eks/api/object_body.hh"

#include <doctest/doctest.h>

using namespace ekspath;

namespace {

Document pod_body() {
  return {{"spec",
           {{"containers", {{{"image", "nginx"}, {"name", "web"}, {"args", Document::array()}}}},
            {"hostNetwork", false},
            {"priority", -7},
            {"nodeSelector", Document::object()},
            {"terminationGracePeriodSeconds", 30}}}};
}

}  // namespace

TEST_CASE("a body reads the same packed and open, and prints the same") {
  BodyShapes shapes;
  ObjectBody body(pod_body());
  CHECK(body.read() == pod_body());
  body.pack(shapes);
  CHECK(body.read() == pod_body());
  CHECK(body.read().dump() == pod_body().dump());
}

TEST_CASE("a packed body opens to be changed, and is packed again") {
  BodyShapes shapes;
  ObjectBody body(pod_body());
  body.pack(shapes);
  body.open()["spec"]["nodeName"] = "node1";
  CHECK(body.read()["spec"]["nodeName"] == "node1");
  body.pack(shapes);
  CHECK(body.read()["spec"]["nodeName"] == "node1");
  CHECK(body.read()["spec"]["priority"] == -7);
}

TEST_CASE("bodies are equal by what they say, packed or not") {
  BodyShapes shapes;
  ObjectBody packed(pod_body());
  packed.pack(shapes);
  CHECK(packed == ObjectBody(pod_body()));
  packed.open()["spec"]["priority"] = 0;
  CHECK_FALSE(packed == ObjectBody(pod_body()));
}

TEST_CASE("a new body is {}, packed or not") {
  BodyShapes shapes;
  ObjectBody body;
  CHECK(body.empty());
  CHECK(body.read() == Document::object());
  (void)body.open();
  CHECK(body.empty());
  body.pack(shapes);
  CHECK(body.empty());
  CHECK(body.read() == Document::object());
}

TEST_CASE("names that stand in many places of a body come back to each of them") {
  const Document body = {{"spec",
                          {{"containers", {{{"name", "web"}, {"volumeMounts", {{{"name", "token-x"}}}}}}},
                           {"hostname", "web"},
                           {"nodeName", ""},
                           {"values", {"web", 7, {{"name", nullptr}}}},
                           {"volumes", {{{"name", "token-x"}}}}}}};
  BodyShapes shapes;
  ObjectBody packed(body);
  packed.pack(shapes);
  CHECK(packed.read() == body);
}
