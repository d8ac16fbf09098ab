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
  pod.meta.owners.write().push_back({"apps/v1", "ReplicaSet", "web-1", uid});
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

TEST_CASE("pods that differ in names alone hold what they say alike once, and each reads as it was written") {
  Api api;
  const auto make = [&](const std::string& name, std::int64_t priority) -> const ApiObject& {
    ApiObject object;
    object.meta.name = name;
    object.body.open()["spec"] = {{"containers", {{{"image", "nginx"}, {"name", name}}}},
                                  {"nodeName", "node-of-" + name},
                                  {"priority", priority}};
    PodShape shape;
    shape.priority = priority;
    ContainerShape container;
    container.image = "nginx";
    object.spec = PodSpec{"node-of-" + name, "", {}, {{name, container}}, shape};
    object.status = PodStatus();
    return *api.store.create(std::move(object)).object;
  };
  const ApiObject& first = make("a", 1);
  const ApiObject& second = make("b", 1);
  const ApiObject& other = make("c", 2);
  CHECK(&*first.as<PodSpec>().shape == &*second.as<PodSpec>().shape);
  CHECK(&*first.as<PodSpec>().containers[0].shape == &*second.as<PodSpec>().containers[0].shape);
  CHECK(&*first.as<PodSpec>().shape != &*other.as<PodSpec>().shape);
  CHECK(second.body.read()["spec"]["containers"][0]["name"] == "b");
  CHECK(second.body.read()["spec"]["nodeName"] == "node-of-b");
  (void)api.store.edit(second, ObjectStore::Part::spec, [](ApiObject& object) {
    object.as<PodSpec>().shape.write().priority = 3;
    object.body.open()["spec"]["priority"] = 3;
  });
  CHECK(first.as<PodSpec>()->priority == 1);
  CHECK(first.body.read()["spec"]["priority"] == 1);
  CHECK(second.as<PodSpec>()->priority == 3);
}

TEST_CASE("pods of one shape that are ready alike hold their state once, and each can change its own") {
  Api api;
  const auto make_ready = [&](const std::string& name) -> const ApiObject& {
    ApiObject object;
    object.meta.name = name;
    object.body.open()["spec"] = {{"containers", {{{"image", "nginx"}, {"name", "web"}}}}};
    object.spec = PodSpec();
    PodStatus status;
    status.conditions.write().push_back({"Ready", "True", {}, {}, {}});
    status.containers.write().emplace_back().ready = true;
    object.status = status;
    return *api.store.create(std::move(object)).object;
  };
  const auto& first = make_ready("a").as<PodStatus>();
  const ApiObject& pod = make_ready("b");
  const auto& second = pod.as<PodStatus>();
  CHECK(&*first.conditions == &*second.conditions);
  CHECK(&*first.containers == &*second.containers);
  (void)api.store.edit(pod, ObjectStore::Part::status, [](ApiObject& object) {
    object.as<PodStatus>().conditions.write().front().status = "False";
  });
  CHECK(first.ready());
  CHECK_FALSE(second.ready());
}

TEST_CASE("labels that say the pod's name, and keys that all pods have, are held once") {
  Api api;
  const auto make = [&](const std::string& name) -> const ObjectMeta& {
    ApiObject object;
    object.meta.name = name;
    object.meta.labels["app"] = name;
    object.body.open()["spec"] = {{"containers", {{{"image", "nginx"}, {"name", name}}}}};
    object.spec = PodSpec();
    object.status = PodStatus();
    return api.store.create(std::move(object)).object->meta;
  };
  const ObjectMeta& first = make("a");
  const ObjectMeta& second = make("b");
  CHECK(second.labels.begin()->first.text().data() == first.labels.begin()->first.text().data());
  CHECK(second.labels.begin()->second.text().data() == second.name.text().data());
  CHECK(second.labels.begin()->second == "b");
}

TEST_CASE("a uid reads as a UUID of version 4, and sorts as its text does") {
  Api api;
  const Uid first = api.make(ObjectKind::pod, "a").object->meta.uid;
  const Uid second = api.make(ObjectKind::pod, "b").object->meta.uid;
  CHECK(first.text().size() == 36);
  CHECK(first.text()[14] == '4');
  CHECK((first < second) == (first.text() < second.text()));
  CHECK(Uid().text().empty());
}

}  // namespace
}  // namespace ekspath
