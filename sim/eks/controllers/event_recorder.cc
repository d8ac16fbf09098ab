#include "sim/eks/controllers/event_recorder.hh"

#include <fmt/format.h>

namespace ekspath {
namespace {

// defaultAggregateMaxEvents, defaultAggregateIntervalInSeconds
constexpr std::size_t most_similar = 10;
constexpr Nanoseconds similar_interval(600'000'000'000);

}  // namespace

void EventRecorder::record(const ApiObject& about, Type type, std::string_view reason, std::string message,
                           std::string field_path) {
  Similar& similar = similar_[{about.meta.uid, field_path, std::string(reason)}];
  if (objects_->now() - similar.last > similar_interval) similar.names.clear();
  similar.last = objects_->now();

  EventContent content;
  content.about = {about.kind, about.meta.name_space, about.meta.name, about.meta.uid.text(),
                   std::move(field_path)};
  content.type = type == Type::normal ? "Normal" : "Warning";
  content.reason = reason;
  content.component = component_;
  content.host = host_;
  content.first = content.last = objects_->now();
  const bool known = similar.names.contains(message);
  // EventAggregate(): the eleventh and all that follow are counted in one event.
  const bool combined = !known && similar.names.size() >= most_similar;
  std::string& name = similar.names[combined ? std::string() : message];
  content.message = combined ? "(combined from similar events): " + message : std::move(message);
  write(about, std::move(content), name);
}

void EventRecorder::write(const ApiObject& about, EventContent content, std::string& name) {
  const std::string name_space = about.meta.name_space.empty() ? "default" : about.meta.name_space;
  if (!name.empty()) {
    const ApiOutcome again =
        objects_->edit(ObjectKind::event, name_space, name, ObjectStore::Part::spec, [&](ApiObject& event) {
          auto& known = event.as<EventContent>();
          ++known.count;
          known.last = content.last;
          known.message = content.message;
        });
    if (again) return;
  }
  ApiObject event;
  event.kind = ObjectKind::event;
  event.meta.name_space = name_space;
  // "%v.%x" of the object's name and the time, which two events of one instant share: the second is a tick
  // on.
  std::int64_t stamp = 0x180000000000000 + objects_->now().count();
  do {
    event.meta.name = fmt::format("{}.{:x}", about.meta.name, stamp++);
  } while (objects_->find(ObjectKind::event, name_space, event.meta.name) != nullptr);
  name = event.meta.name;
  event.spec = std::move(content);
  // In a namespace that is being deleted nobody may write: such an event is lost, as in a cluster.
  (void)objects_->create(std::move(event));
}

}  // namespace ekspath
