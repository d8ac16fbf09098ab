#include "sim/eks/controllers/garbage_collector.hh"

#include <algorithm>

namespace ekspath {

GarbageCollector::GarbageCollector(Engine& engine, ApiServer& api, const ControlDelays& delays)
    : Controller(engine), api_(&api), delays_(&delays) {
  for (const KindInfo& kind : all_kinds()) {
    if (kind.kind != ObjectKind::event) api.objects().watch(kind.kind, *this);
  }
}

void GarbageCollector::object_changed(ObjectChange change, const ApiObject& object) {
  const bool goes_in_foreground = object.meta.terminating() && object.kind != ObjectKind::pod;
  if (change == ObjectChange::modified && goes_in_foreground) look_at(key_of(object), delays_->controller);
  if (change != ObjectChange::deleted) return;
  for (const ApiObject* dependent : api_->objects().owned_by(object.meta.uid))
    look_at(key_of(*dependent), delays_->controller);
  for (const OwnerReference& owner : *object.meta.owners) {
    for (const KindInfo& kind : all_kinds()) {
      if (kind.name == owner.kind && kind.api_version() == owner.api_version)
        look_at({kind.kind, kind.namespaced ? object.meta.name_space : "", owner.name}, delays_->controller);
    }
  }
  if (info(object.kind).namespaced)
    look_at({ObjectKind::name_space, "", object.meta.name_space}, delays_->controller);
}

void GarbageCollector::sync(const ObjectKey& key) {
  const ApiObject* object = api_->objects().find(key.kind, key.name_space, key.name);
  if (object == nullptr) return;
  if (key.kind == ObjectKind::name_space) {
    if (object->meta.terminating()) empty_namespace(*object);
    return;
  }
  if (!object->meta.owners->empty() && !has_living_owner(*object)) {
    // Graceful for pods, at once for the rest.
    if (!object->meta.terminating()) (void)api_->remove(key.kind, key.name_space, key.name, {});
    return;
  }
  const auto& finalizers = *object->meta.finalizers;
  if (!object->meta.terminating() || std::ranges::find(finalizers, "foregroundDeletion") == finalizers.end())
    return;
  const std::vector<const ApiObject*> dependents = api_->objects().owned_by(object->meta.uid);
  if (dependents.empty()) {
    (void)api_->objects().remove(key.kind, key.name_space, key.name);
    return;
  }
  ApiServer::DeleteOptions options;
  options.propagation = ApiServer::DeleteOptions::Propagation::foreground;
  for (const ApiObject* dependent : dependents) {
    if (dependent->meta.terminating()) continue;
    (void)api_->remove(dependent->kind, dependent->meta.name_space, dependent->meta.name, options);
  }
}

bool GarbageCollector::has_living_owner(const ApiObject& object) const {
  return std::ranges::any_of(*object.meta.owners, [&](const OwnerReference& owner) {
    for (const KindInfo& kind : all_kinds()) {
      if (kind.name != owner.kind) continue;
      const ApiObject* found = api_->objects().find(kind.kind, object.meta.name_space, owner.name);
      if (found != nullptr && found->meta.uid == owner.uid) return true;
    }
    return false;
  });
}

void GarbageCollector::empty_namespace(const ApiObject& name_space) {
  const std::string name = name_space.meta.name;
  bool pods_left = false;
  // Pods go first and take their time; what owns them must not make new ones meanwhile.
  for (const KindInfo& kind : all_kinds()) {
    if (!kind.namespaced || kind.kind == ObjectKind::pod) continue;
    for (const ApiObject* object : api_->objects().list(kind.kind, name))
      (void)api_->remove(kind.kind, name, object->meta.name, {});
  }
  for (const ApiObject* pod : api_->objects().list(ObjectKind::pod, name)) {
    if (!pod->meta.terminating()) (void)api_->remove(ObjectKind::pod, name, pod->meta.name, {});
  }
  pods_left = !api_->objects().list(ObjectKind::pod, name).empty();
  if (!pods_left) (void)api_->objects().remove(ObjectKind::name_space, "", name);
}

}  // namespace ekspath
