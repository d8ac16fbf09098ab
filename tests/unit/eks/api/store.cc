#include "sim/eks/api/store.hh"

#include <doctest/doctest.h>

#include "sim/eks/api/render.hh"

namespace ekspath {
namespace {

using namespace literals;

struct Api {
  Engine engine;
  ObjectStore store{engine, 1};

  Api() { (void)make(ObjectKind::name_space, "default"); }

  ApiOutcome make(ObjectKind kind, const std::string& name, const Labels& labels = {}) {
    ApiObject object;
    object.kind = kind;
    object.meta.name = name;
    object.meta.labels = labels;
    if (kind == ObjectKind::pod) {
      object.spec = PodSpec();
      object.status = PodStatus();
    }
    return store.create(std::move(object));
  }
};

std::vector<std::string> names(const std::vector<const ApiObject*>& objects) {
  std::vector<std::string> found;
  for (const ApiObject* object : objects) found.push_back(object->meta.name);
  return found;
}

TEST_CASE("a second object of a name is refused in the API server's words") {
  Api api;
  CHECK(api.make(ObjectKind::pod, "web"));
  const ApiOutcome again = api.make(ObjectKind::pod, "web");
  REQUIRE(again.error);
  CHECK(again.error->text() == "Error from server (AlreadyExists): pods \"web\" already exists");
}

TEST_CASE("what is not there is not found, by its resource and group") {
  const Api api;
  const ApiOutcome found = api.store.get(ObjectKind::deployment, "default", "web");
  REQUIRE(found.error);
  CHECK(found.error->text() == "Error from server (NotFound): deployments.apps \"web\" not found");
}

TEST_CASE("an object of a namespace that does not exist is refused") {
  Api api;
  ApiObject object;
  object.meta.name = "web";
  object.meta.name_space = "shop";
  const ApiOutcome made = api.store.create(std::move(object));
  REQUIRE(made.error);
  CHECK(made.error->text() == "Error from server (NotFound): namespaces \"shop\" not found");
}

TEST_CASE("a generated name ends in five of the 27 letters and digits that make no word") {
  Api api;
  ApiObject object;
  object.meta.generate_name = "web-5cf4cbfd97-";
  const ApiOutcome made = api.store.create(std::move(object));
  REQUIRE(made);
  const std::string& name = made.object->meta.name;
  CHECK(name.size() == 20);
  CHECK(name.starts_with("web-5cf4cbfd97-"));
  CHECK(name.find_first_not_of("bcdfghjklmnpqrstvwxz2456789", 15) == std::string::npos);
}

TEST_CASE("lists are in order of name, and hold what the selector takes") {
  Api api;
  api.make(ObjectKind::pod, "c", {{"app", "web"}});
  api.make(ObjectKind::pod, "a", {{"app", "web"}});
  api.make(ObjectKind::pod, "b", {{"app", "db"}});
  CHECK(names(api.store.list(ObjectKind::pod)) == std::vector<std::string>{"a", "b", "c"});
  CHECK(names(api.store.list(ObjectKind::pod, "default", *LabelSelector::parse("app=web"))) ==
        std::vector<std::string>{"a", "c"});
  CHECK(api.store.list(ObjectKind::pod, "kube-system").empty());
}

TEST_CASE("each write has a resource version above the one before") {
  Api api;
  const std::uint64_t first = api.make(ObjectKind::pod, "a").object->meta.resource_version;
  const ApiOutcome changed = api.store.edit(ObjectKind::pod, "default", "a", ObjectStore::Part::metadata,
                                            [](ApiObject& object) { object.meta.labels["tier"] = "front"; });
  REQUIRE(changed);
  CHECK(changed.object->meta.resource_version > first);
  CHECK(changed.object->meta.generation == 0);
}

TEST_CASE("a change of a Deployment's spec raises its generation, a change of its status does not") {
  Api api;
  const ApiObject& object = *api.make(ObjectKind::deployment, "web").object;
  CHECK(object.meta.generation == 1);
  (void)api.store.edit(object, ObjectStore::Part::spec, [](ApiObject&) {});
  CHECK(object.meta.generation == 2);
  (void)api.store.edit(object, ObjectStore::Part::status, [](ApiObject&) {});
  CHECK(object.meta.generation == 2);
}

TEST_CASE("a watcher is told of each write of its kind, when it is done") {
  struct Log final : ObjectWatcher {
    void object_changed(ObjectChange change, const ApiObject& object) override {
      lines.push_back(fmt::format("{} {}", static_cast<int>(change), object.meta.name));
    }
    std::vector<std::string> lines;
  } log;
  Api api;
  api.store.watch(ObjectKind::pod, log);
  api.make(ObjectKind::pod, "a");
  api.make(ObjectKind::deployment, "other");
  (void)api.store.edit(ObjectKind::pod, "default", "a", ObjectStore::Part::status, [](ApiObject&) {});
  CHECK_FALSE(api.store.remove(ObjectKind::pod, "default", "a"));
  CHECK(log.lines == std::vector<std::string>{"0 a", "1 a", "2 a"});
}

TEST_CASE("dependents are found by the uid of their owner, and forgotten when they are gone") {
  Api api;
  const Uid uid = api.make(ObjectKind::replica_set, "web-1").object->meta.uid;
  ApiObject pod;
  pod.meta.name = "web-1-x";
  pod.meta.owners.push_back({"apps/v1", "ReplicaSet", "web-1", uid});
  CHECK(api.store.create(std::move(pod)));
  CHECK(names(api.store.owned_by(uid)) == std::vector<std::string>{"web-1-x"});
  CHECK_FALSE(api.store.remove(ObjectKind::pod, "default", "web-1-x"));
  CHECK(api.store.owned_by(uid).empty());
}

TEST_CASE("an object is rendered with its metadata, the user's body and its status") {
  Api api;
  ApiObject object;
  object.meta.name = "web";
  object.meta.labels["app"] = "web";
  object.body.open()["spec"]["containers"] = {{{"image", "nginx"}, {"name", "web"}}};
  object.spec = PodSpec();
  PodStatus status;
  status.phase = "Running";
  status.pod_ip = Ipv4Address(10, 0, 1, 25);
  object.status = status;
  const ApiOutcome made = api.store.create(std::move(object));
  const Document shown = to_document(*made.object, Nanoseconds(1'739'667'600'000'000'000));
  CHECK(shown["apiVersion"] == "v1");
  CHECK(shown["kind"] == "Pod");
  CHECK(shown["metadata"]["creationTimestamp"] == "2025-02-16T01:00:00Z");
  CHECK(shown["metadata"]["labels"]["app"] == "web");
  CHECK(shown["spec"]["containers"][0]["image"] == "nginx");
  CHECK(shown["status"]["podIPs"][0]["ip"] == "10.0.1.25");
}

}  // namespace
}  // namespace ekspath
