#include "sim/eks/api/object_meta.hh"

namespace ekspath {

void ObjectMeta::join(const ObjectMeta& other) {
  generate_name.join(other.generate_name);
  name_space.join(other.name_space);
  annotations.join(other.annotations);
  owners.join(other.owners);
  finalizers.join(other.finalizers);
  for (auto& [key, value] : labels) {
    const auto same = other.labels.find(key);
    if (same != other.labels.end()) key.join(same->first);
    if (same != other.labels.end()) value.join(same->second);
    value.join(name);
  }
}

}  // namespace ekspath
