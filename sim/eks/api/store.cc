#include "sim/eks/api/store.hh"

#include <fmt/format.h>

#include "sim/base/assert.hh"

namespace ekspath {
namespace {

/// pkg/storage/names/generate.go: the generated part is 5 long, and a base is cut so that all fits 63.
constexpr std::size_t longest_base = 58;
constexpr std::string_view suffix_alphabet = "bcdfghjklmnpqrstvwxz2456789";

/// Kinds whose registry counts changes of the spec in metadata.generation (strategy.go of each).
bool counts_generations(ObjectKind kind) {
  using enum ObjectKind;
  return kind == deployment || kind == replica_set || kind == daemon_set || kind == endpoint_slice ||
         kind == ingress || kind == ingress_class || kind == network_policy || kind == pod_disruption_budget;
}

}  // namespace

ObjectStore::ObjectStore(const Engine& engine, std::uint64_t seed)
    : engine_(&engine), seed_(seed), uid_draws_(seed, "api server", "uid") {}

ApiOutcome ObjectStore::create(ApiObject object) {
  ASSERT(!telling_);
  const KindInfo& kind = info(object.kind);
  ObjectMeta& meta = object.meta;
  if (!kind.namespaced) {
    meta.name_space = {};
  } else if (meta.name_space.empty()) {
    meta.name_space = "default";
  }
  // The admission plugin NamespaceLifecycle.
  if (kind.namespaced) {
    const ApiObject* name_space = find(ObjectKind::name_space, "", meta.name_space);
    if (name_space != nullptr) meta.name_space.join(name_space->meta.name);
    if (name_space == nullptr) return {nullptr, ApiError::not_found(ObjectKind::name_space, meta.name_space)};
    if (name_space->meta.terminating()) {
      return {nullptr,
              ApiError{ApiError::Reason::forbidden,
                       fmt::format("{} \"{}\" is forbidden: unable to create new content in namespace {} "
                                   "because it is being terminated",
                                   kind.resource(), meta.name, meta.name_space),
                       "",
                       {}}};
    }
  }
  if (meta.name.empty()) {
    ASSERT(!meta.generate_name.empty());
    const std::string base(meta.generate_name.text().substr(0, longest_base));
    // The API server refuses a name that is taken, and its clients try again.
    do {
      meta.name = base + name_suffix(base);
    } while (find(object.kind, meta.name_space, meta.name) != nullptr);
  }
  if (find(object.kind, meta.name_space, meta.name) != nullptr)
    return {nullptr, ApiError::already_exists(object.kind, meta.name)};
  meta.uid = Uid::draw(uid_draws_);
  meta.resource_version = ++version_;
  meta.created = now();
  meta.generation = counts_generations(object.kind) ? 1 : 0;
  pack(object);
  const ApiObject& made = *of(object.kind).insert(std::move(object)).first;
  index_owners(made);
  tell(ObjectChange::added, made);
  return {&made, std::nullopt};
}

ApiOutcome ObjectStore::edit(ObjectKind kind, std::string_view name_space, std::string_view name, Part part,
                             const Change& change) {
  ASSERT(!telling_);
  const ApiOutcome found = get(kind, name_space, name);
  if (!found) return found;
  auto& object = const_cast<ApiObject&>(*found.object);
  if (part == Part::metadata) forget_owners(object);
  change(object);
  pack(object);
  if (part == Part::metadata) index_owners(object);
  ASSERT(object.kind == kind && object.meta.name == name);
  if (part == Part::spec && counts_generations(kind)) ++object.meta.generation;
  object.meta.resource_version = ++version_;
  tell(ObjectChange::modified, object);
  return {&object, std::nullopt};
}

std::optional<ApiError> ObjectStore::remove(ObjectKind kind, std::string_view name_space,
                                            std::string_view name) {
  ASSERT(!telling_);
  if (!info(kind).namespaced) name_space = {};
  const auto at = of(kind).find(Name(name_space, name));
  if (at == of(kind).end()) return ApiError::not_found(kind, name);
  const auto object = of(kind).extract(at);
  forget_owners(object.value());
  ++version_;
  tell(ObjectChange::deleted, object.value());
  return std::nullopt;
}

const ApiObject* ObjectStore::find(ObjectKind kind, std::string_view name_space,
                                   std::string_view name) const {
  if (!info(kind).namespaced) name_space = {};
  const auto at = of(kind).find(Name(name_space, name));
  return at == of(kind).end() ? nullptr : &*at;
}

ApiOutcome ObjectStore::get(ObjectKind kind, std::string_view name_space, std::string_view name) const {
  const ApiObject* object = find(kind, name_space, name);
  if (object == nullptr) return {nullptr, ApiError::not_found(kind, name)};
  return {object, std::nullopt};
}

std::vector<const ApiObject*> ObjectStore::list(ObjectKind kind, std::string_view name_space,
                                                const LabelSelector& selector) const {
  std::vector<const ApiObject*> found;
  const Objects& objects = of(kind);
  const bool all = name_space.empty() || !info(kind).namespaced;
  auto at = all ? objects.begin() : objects.lower_bound(Name(name_space, ""));
  for (; at != objects.end() && (all || at->meta.name_space == name_space); ++at) {
    if (selector.matches(at->meta.labels)) found.push_back(&*at);
  }
  return found;
}

std::vector<const ApiObject*> ObjectStore::owned_by(Uid uid) const {
  std::vector<const ApiObject*> found;
  const auto at = dependents_.find(uid);
  if (at == dependents_.end()) return found;
  found.assign(at->second.begin(), at->second.end());
  return found;
}

void ObjectStore::watch(ObjectKind kind, ObjectWatcher& watcher) {
  watchers_[static_cast<std::size_t>(kind)].push_back(&watcher);
}

void ObjectStore::unwatch(ObjectWatcher& watcher) {
  for (auto& watchers : watchers_) std::erase(watchers, &watcher);
}

void ObjectStore::pack(ApiObject& object) {
  object.body.pack(shapes_);
  if (object.kind == ObjectKind::pod && object.find<PodSpec>() != nullptr) share_pod(object);
  if (object.kind == ObjectKind::node && object.find<NodeStatus>() != nullptr) {
    const Objects& nodes = of(ObjectKind::node);
    const ApiObject& other = nodes.empty() ? object : *nodes.begin();
    object.meta.join(other.meta);
    object.as<NodeStatus>().join(other.as<NodeStatus>());
  }
}

/// With the pods of its shape, and names with the objects that have them.
void ObjectStore::share_pod(ApiObject& pod) {
  auto& spec = pod.as<PodSpec>();
  if (const ApiObject* node = find(ObjectKind::node, "", spec.node_name))
    spec.node_name.join(node->meta.name);
  std::vector<SharedText> names{pod.meta.name, spec.node_name};
  for (ContainerSpec& container : spec.containers) {
    container.name.join(pod.meta.name);
    names.push_back(container.name);
  }
  pod.body.share_names(names);
  BodyShape* shape = pod.body.shape();
  if (shape == nullptr) return;
  if (shape->meta.name.empty()) {
    shape->meta = pod.meta;
    shape->spec = spec;
  }
  pod.meta.join(shape->meta);
  spec.join(shape->spec);
  if (pod.find<PodStatus>() == nullptr) return;
  auto& status = pod.as<PodStatus>();
  status.join(shape->status);
  if (status.ready()) shape->status = status;
}

void ObjectStore::tell(ObjectChange change, const ApiObject& object) {
  telling_ = true;
  const auto& watchers = watchers_[static_cast<std::size_t>(object.kind)];
  for (std::size_t i = 0; i < watchers.size(); ++i) watchers[i]->object_changed(change, object);
  telling_ = false;
}

void ObjectStore::index_owners(const ApiObject& object) {
  for (const OwnerReference& owner : *object.meta.owners) dependents_[owner.uid].insert(&object);
}

void ObjectStore::forget_owners(const ApiObject& object) {
  for (const OwnerReference& owner : *object.meta.owners) {
    const auto at = dependents_.find(owner.uid);
    ASSERT(at != dependents_.end());
    at->second.erase(&object);
    if (at->second.empty()) dependents_.erase(at);
  }
}

std::string ObjectStore::name_suffix(std::string_view prefix) {
  auto stream = suffix_draws_.find(prefix);
  if (stream == suffix_draws_.end())
    stream = suffix_draws_.emplace(prefix, Random(seed_, prefix, "name suffix")).first;
  std::string suffix;
  for (int i = 0; i < 5; ++i) suffix += suffix_alphabet[stream->second.uniform(suffix_alphabet.size())];
  return suffix;
}

}  // namespace ekspath
