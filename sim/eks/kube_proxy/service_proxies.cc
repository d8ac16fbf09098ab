#include "sim/eks/kube_proxy/service_proxies.hh"

#include <algorithm>

#include "sim/base/assert.hh"

namespace ekspath {

ServiceProxies::ServiceProxies(Engine& engine, ObjectStore& objects, const ProxyTimes& times)
    : Entity(engine), objects_(&objects), times_(times) {
  for (const ObjectKind kind : {ObjectKind::service, ObjectKind::endpoint_slice}) {
    objects.watch(kind, *this);
    for (const ApiObject* object : objects.list(kind)) object_changed(ObjectChange::added, *object);
  }
}

ServiceProxies::~ServiceProxies() { objects_->unwatch(*this); }

void ServiceProxies::add(KubeProxy& proxy) {
  take_news();
  proxy.start();
  if (runners_.empty()) engine().schedule(next_key(now() + times_.sync_period), id(), canary_check);
  const auto index = static_cast<std::uint32_t>(runners_.size());
  Runner& runner = runners_.emplace_back();
  runner.proxy = &proxy;
  runner.timer = std::make_unique<Timer>(*this, sync_timer, index);
  runner.last_run = runner.bucket_full = runner.last_full_sync = now();
  runner.timer->arm(now() + times_.full_sync_period);
}

void ServiceProxies::settle() {
  take_news();
  for (Runner& runner : runners_) {
    if (runner.proxy->changed()) static_cast<void>(runner.proxy->sync());
  }
}

void ServiceProxies::object_changed(ObjectChange change, const ApiObject& object) {
  ServiceName service{object.meta.name_space, object.meta.name};
  if (object.kind == ObjectKind::endpoint_slice) {
    const auto label = object.meta.labels.find(service_name_label);
    if (label == object.meta.labels.end()) return;
    service.name = label->second;
    auto& names = slice_names_[service];
    if (change == ObjectChange::deleted) names.erase(object.meta.name);
    if (change != ObjectChange::deleted) names.insert(object.meta.name);
    if (names.empty()) slice_names_.erase(service);
  }
  news_.insert(std::move(service));
  if (news_scheduled_) return;
  news_scheduled_ = true;
  engine().schedule(next_key(now() + times_.watch), id(), news);
}

/// What the store says now of the services that changed becomes known to all proxies.
void ServiceProxies::take_news() {
  for (const ServiceName& name : news_) {
    const ApiObject* service = objects_->find(ObjectKind::service, name.name_space, name.name);
    std::vector<ServiceTable::NamedEndpoints> endpoints;
    if (const auto slices = slice_names_.find(name); slices != slice_names_.end()) {
      for (const std::string& slice : slices->second) {
        const ApiObject* object = objects_->find(ObjectKind::endpoint_slice, name.name_space, slice);
        ASSERT(object != nullptr);
        std::ranges::move(named_endpoints(*object), std::back_inserter(endpoints));
      }
    }
    const ServiceTable::UdpState before = table_.udp_state(name);
    const bool ports_changed =
        table_.put_service(name, service != nullptr ? service_ports(*service) : std::vector<ServicePort>());
    const bool endpoints_changed = table_.put_endpoints(name, std::move(endpoints));
    if (!ports_changed && !endpoints_changed) continue;
    for (Runner& runner : runners_) runner.proxy->note_change(name, before);
  }
  news_.clear();
}

void ServiceProxies::fire(const Event& event) {
  switch (static_cast<EventKind>(event.kind)) {
    case news:
      news_scheduled_ = false;
      take_news();
      for (Runner& runner : runners_) {
        if (runner.proxy->changed()) run_as_soon_as_allowed(runner);
      }
      break;
    case sync_timer: {
      Runner& runner = runners_[event.argument];
      if (runner.timer->expired(event)) run_as_soon_as_allowed(runner);
      break;
    }
    case canary_check:
      check_canaries();
      engine().schedule(next_key(now() + times_.sync_period), id(), canary_check);
      break;
    case canary_wait:
      reload(*runners_[event.argument].proxy);
      break;
  }
}

/// BoundedFrequencyRunner.tryRun(), with client-go's token bucket of two.
void ServiceProxies::run_as_soon_as_allowed(Runner& runner) {
  if (runner.bucket_full - now() <= times_.min_sync_period) {
    runner.bucket_full = std::max(runner.bucket_full, now()) + times_.min_sync_period;
    return run(runner);
  }
  const Nanoseconds next_possible = runner.last_run + times_.min_sync_period;
  runner.timer->arm(
      std::min(next_possible, runner.timer->armed() ? runner.timer->deadline() : next_possible));
}

void ServiceProxies::run(Runner& runner) {
  if (now() - runner.last_full_sync >= times_.full_sync_period) runner.proxy->force_full_sync();
  const std::uint32_t full_before = runner.proxy->statistics().full;
  const bool done = runner.proxy->sync();
  if (runner.proxy->statistics().full != full_before) runner.last_full_sync = now();
  runner.last_run = now();
  runner.timer->arm(now() + (done ? times_.full_sync_period : times_.sync_period));
}

/// pkg/util/iptables/iptables.go Monitor(): looks at the first table's canary; when it is gone it waits up to
/// five seconds for the others to go, so as not to write into a flush under way.
void ServiceProxies::check_canaries() {
  constexpr Nanoseconds flush_timeout(5'000'000'000);
  for (std::uint32_t i = 0; i < runners_.size(); ++i) {
    if (!runners_[i].proxy->canary_gone(KubeProxy::CanaryTable::first)) continue;
    const bool all_gone = runners_[i].proxy->canary_gone(KubeProxy::CanaryTable::all);
    engine().schedule(next_key(all_gone ? now() : now() + flush_timeout), id(), canary_wait, i);
  }
}

void ServiceProxies::reload(KubeProxy& proxy) {
  proxy.ensure_canaries();
  proxy.force_full_sync();
  const auto runner = std::ranges::find(runners_, &proxy, &Runner::proxy);
  run_as_soon_as_allowed(*runner);
}

}  // namespace ekspath
