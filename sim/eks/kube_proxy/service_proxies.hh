#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sim/eks/api/store.hh"
#include "sim/eks/kube_proxy.hh"
#include "sim/eks/kube_proxy/service_table.hh"
#include "sim/engine/timer.hh"

namespace ekspath {

/// The times of every kube-proxy: kube-proxy-config of EKS, with the defaults for what it leaves out
/// (facts/kube-proxy.md 7, 12), and how long a change takes from the API server to its informer.
struct ProxyTimes {
  Nanoseconds watch{5'000'000};
  Nanoseconds min_sync_period{1'000'000'000};
  Nanoseconds sync_period{30'000'000'000};
  Nanoseconds full_sync_period{3'600'000'000'000};
};

/// The kube-proxies of a cluster: watches Services and EndpointSlices, and says when each proxy syncs.
class ServiceProxies final : public Entity, public ObjectWatcher {
 public:
  ServiceProxies(Engine& engine, ObjectStore& objects, const ProxyTimes& times = {});
  ~ServiceProxies();

  [[nodiscard]] const ServiceTable& table() const { return table_; }

  /// A node's proxy starts, with all that the store has by now. It outlives this, or everything ends.
  void add(KubeProxy& proxy);
  /// What was written so far is known everywhere at once: for a world that begins with its rules in place.
  void settle();

  // ObjectWatcher
  void object_changed(ObjectChange change, const ApiObject& object) override;
  // Entity
  void fire(const Event& event) override;

 private:
  enum EventKind : std::uint32_t { news, sync_timer, canary_check, canary_wait };

  /// async.BoundedFrequencyRunner: at most a burst of two runs, then one each min_sync_period.
  struct Runner {
    KubeProxy* proxy = nullptr;
    std::unique_ptr<Timer> timer;
    Nanoseconds last_run;
    Nanoseconds bucket_full;  // when both tokens will be back
    Nanoseconds last_full_sync;
  };

  void take_news();
  void run_as_soon_as_allowed(Runner& runner);
  void run(Runner& runner);
  void check_canaries();
  void reload(KubeProxy& proxy);

  ObjectStore* objects_;
  ProxyTimes times_;
  ServiceTable table_;
  std::vector<Runner> runners_;
  std::set<ServiceName> news_;  // services that changed, not yet known to proxies
  std::map<ServiceName, std::set<std::string>> slice_names_;  // EndpointSlices of a service
  bool news_scheduled_ = false;
};

/// What kube-proxy makes of a Service: none for one without a cluster address, for ExternalName, and for one
/// that is another proxy's. pkg/proxy/serviceport.go, servicechangetracker.go
[[nodiscard]] std::vector<ServicePort> service_ports(const ApiObject& service);
/// The ports and endpoints of one EndpointSlice. pkg/proxy/endpointslicecache.go
[[nodiscard]] std::vector<ServiceTable::NamedEndpoints> named_endpoints(const ApiObject& slice);

}  // namespace ekspath
