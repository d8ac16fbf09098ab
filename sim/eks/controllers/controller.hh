#pragma once

#include <compare>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "sim/eks/api/store.hh"
#include "sim/engine/entity.hh"

namespace ekspath {

/// Which object a controller is to look at.
struct ObjectKey {
  ObjectKind kind = ObjectKind::pod;
  std::string name_space;
  std::string name;

  friend auto operator<=>(const ObjectKey&, const ObjectKey&) = default;
};

[[nodiscard]] inline ObjectKey key_of(const ApiObject& object) {
  return {object.kind, object.meta.name_space, object.meta.name};
}

/// A controller's queue: object_changed() names what to look at, sync() looks, an event later, once however
/// often it was named meanwhile. client-go util/workqueue
class Controller : public Entity, public ObjectWatcher {
 public:
  using Entity::Entity;
  void fire(const Event& event) override;

  /// While it is held a controller only queues: a world that settles lets everybody else go first, and then
  /// each controller once, where one by one would cost the square of the cluster's size.
  void hold(bool on) { held_ = on; }
  /// Looks at all that is queued, whenever it was due. False: nothing was.
  bool flush();

 protected:
  ~Controller() = default;

  /// Looks at `key` after `delay`, or sooner if it is due sooner anyway.
  void look_at(ObjectKey key, Nanoseconds delay);
  /// Brings the cluster nearer to what `key` says; it may be gone.
  virtual void sync(const ObjectKey& key) = 0;

 private:
  bool held_ = false;
  std::map<ObjectKey, Nanoseconds> due_;
  std::set<std::pair<Nanoseconds, ObjectKey>> order_;
};

}  // namespace ekspath
