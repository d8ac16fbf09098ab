#pragma once

#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include "sim/eks/api/store.hh"

namespace ekspath {

/// Writes Event objects as client-go's recorder does: the same again raises the count of the event that is
/// there; more than ten of a kind that differ in their text alone, within ten minutes, become one "(combined
/// from similar events)". client-go tools/record/events_cache.go
class EventRecorder {
 public:
  EventRecorder(ObjectStore& objects, std::string component, SharedText host = {})
      : objects_(&objects), component_(std::move(component)), host_(std::move(host)) {}

  enum class Type : std::uint8_t { normal, warning };
  void record(const ApiObject& about, Type type, std::string_view reason, std::string message,
              std::string field_path = "");
  /// What was recorded so far is older than client-go remembers.
  void forget() { similar_.clear(); }

 private:
  using Group = std::tuple<Uid, std::string, std::string>;  // uid, field path, reason
  struct Similar {
    std::map<std::string, std::string> names;  // by message: the Event's name
    Nanoseconds last;
  };

  void write(const ApiObject& about, EventContent content, std::string& name);

  ObjectStore* objects_;
  std::string component_;
  SharedText host_;
  std::map<Group, Similar> similar_;
};

}  // namespace ekspath
