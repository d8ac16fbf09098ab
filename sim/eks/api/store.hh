#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "sim/eks/api/api_error.hh"
#include "sim/eks/api/api_object.hh"
#include "sim/eks/api/label_selector.hh"
#include "sim/engine/engine.hh"
#include "sim/engine/random.hh"

namespace ekspath {

enum class ObjectChange : std::uint8_t { added, modified, deleted };

/// Is told of each write of a kind that it watches, at once and before the write returns. It reads the store
/// as it likes and writes nothing there: what it wants to write it does from an event of its own, as
/// controllers do from their queues.
class ObjectWatcher {
 public:
  /// `object` is as it is now; with `deleted`, as it was last.
  virtual void object_changed(ObjectChange change, const ApiObject& object) = 0;

 protected:
  ~ObjectWatcher() = default;
};

/// By kind, namespace and name: for indexes of objects that are there.
struct ObjectOrder {
  bool operator()(const ApiObject* a, const ApiObject* b) const {
    return std::tie(a->kind, a->meta.name_space, a->meta.name) <
           std::tie(b->kind, b->meta.name_space, b->meta.name);
  }
};

/// A write's object, or why there was none.
struct ApiOutcome {
  const ApiObject* object = nullptr;
  std::optional<ApiError> error;

  explicit operator bool() const { return object != nullptr; }
};

/// Every object of the simulated cluster, as etcd behind the API server keeps them: the one truth that
/// controllers, agents and kubectl read, write and watch. Lists are in order of namespace and name. An
/// object's address stays the same from its creation to its removal.
///
/// It checks what needs no knowledge of a kind's fields: that names are free, that namespaces exist. Fields
/// are checked where documents are decoded (decode.hh) and admitted (admission.hh).
class ObjectStore {
 public:
  ObjectStore(const Engine& engine, std::uint64_t seed);
  ObjectStore(const ObjectStore&) = delete;
  ObjectStore& operator=(const ObjectStore&) = delete;

  /// Gives uid, resource version, creation time and, with `generate_name` and no name, a name.
  ApiOutcome create(ApiObject object);

  /// What of an object a write changes; a change of the spec raises metadata.generation.
  enum class Part : std::uint8_t { spec, metadata, status };
  using Change = std::function<void(ApiObject&)>;
  /// The object with `change` applied; its kind, name, namespace and uid stay what they are.
  ApiOutcome edit(ObjectKind kind, std::string_view name_space, std::string_view name, Part part,
                  const Change& change);
  ApiOutcome edit(const ApiObject& object, Part part, const Change& change) {
    return edit(object.kind, object.meta.name_space, object.meta.name, part, change);
  }

  /// Gone at once, whatever its grace period; graceful deletion and cascades are ControlPlane's. None: done.
  std::optional<ApiError> remove(ObjectKind kind, std::string_view name_space, std::string_view name);

  /// Null: there is none. `name_space` is ignored for kinds without one.
  [[nodiscard]] const ApiObject* find(ObjectKind kind, std::string_view name_space,
                                      std::string_view name) const;
  /// find(), or the API server's NotFound.
  [[nodiscard]] ApiOutcome get(ObjectKind kind, std::string_view name_space, std::string_view name) const;
  /// "" lists all namespaces.
  [[nodiscard]] std::vector<const ApiObject*> list(ObjectKind kind, std::string_view name_space = "",
                                                   const LabelSelector& selector = {}) const;
  /// Those that have an owner of this uid, by kind, namespace and name.
  [[nodiscard]] std::vector<const ApiObject*> owned_by(Uid uid) const;
  [[nodiscard]] std::size_t count(ObjectKind kind) const { return of(kind).size(); }
  /// Of the latest write.
  [[nodiscard]] std::uint64_t resource_version() const { return version_; }

  /// From now on. A watcher outlives the store or says unwatch().
  void watch(ObjectKind kind, ObjectWatcher& watcher);
  void unwatch(ObjectWatcher& watcher);

  /// Five characters as apiserver pkg/storage/names/generate.go draws them; one stream for each prefix.
  [[nodiscard]] std::string name_suffix(std::string_view prefix);
  [[nodiscard]] Nanoseconds now() const { return engine_->now(); }

 private:
  using Name = std::pair<std::string_view, std::string_view>;  // namespace, name
  struct NameOrder {
    using is_transparent = void;
    static Name of(const Name& name) { return name; }
    static Name of(const ApiObject& object) { return {object.meta.name_space, object.meta.name}; }
    bool operator()(const auto& a, const auto& b) const { return of(a) < of(b); }
  };
  using Objects = std::set<ApiObject, NameOrder>;  // changed where they stand, but for their names
  using Dependents = std::set<const ApiObject*, ObjectOrder>;
  static constexpr std::size_t kinds = static_cast<std::size_t>(ObjectKind::service_account) + 1;

  [[nodiscard]] const Objects& of(ObjectKind kind) const { return objects_[static_cast<std::size_t>(kind)]; }
  [[nodiscard]] Objects& of(ObjectKind kind) { return objects_[static_cast<std::size_t>(kind)]; }
  /// What many objects say alike is held once.
  void pack(ApiObject& object);
  void share_pod(ApiObject& pod);
  void tell(ObjectChange change, const ApiObject& object);
  void index_owners(const ApiObject& object);
  void forget_owners(const ApiObject& object);

  const Engine* engine_;
  std::uint64_t seed_;
  Random uid_draws_;
  std::map<std::string, Random, std::less<>> suffix_draws_;  // by prefix
  BodyShapes shapes_;
  std::array<Objects, kinds> objects_;
  std::map<Uid, Dependents> dependents_;  // by the owner's uid
  std::array<std::vector<ObjectWatcher*>, kinds> watchers_;
  std::uint64_t version_ = 0;
  bool telling_ = false;
};

}  // namespace ekspath
