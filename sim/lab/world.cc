#include "sim/lab/world.hh"

#include <utility>

#include "sim/base/assert.hh"

namespace ekspath {

World::World(std::uint64_t seed, std::int64_t epoch_ns)
    : kernel_{engine_, pool_, places_, rules_, seed, epoch_ns, &births_},
      fabric({engine_, pool_, places_, seed}) {}

// A server may read the cluster's objects; what runs in the cluster's pods ends before their namespaces.
World::~World() {
  servers.clear();
  cluster.reset();
}

Host* World::host(std::string_view name) {
  const auto found = hosts_.find(name);
  return found == hosts_.end() ? nullptr : found->get();
}

const Host* World::host(std::string_view name) const { return const_cast<World*>(this)->host(name); }

Host& World::add_host(Host host) {
  const auto [added, is_new] = hosts_.insert(std::make_unique<Host>(std::move(host)));
  ASSERT(is_new);
  Host& known = **added;
  share(known.resolv_conf);
  share(known.hosts_file.common);
  if (known.kind == HostKind::pod && known.name != known.pod_name) renamed_pods_.insert(&known);
  return known;
}

void World::share(Shared<std::string>& file) {
  file = files_of_hosts_.try_emplace(*file, file).first->second;
}

Host* World::pod_host(std::string_view pod_namespace, std::string_view pod) {
  Host* known = host(pod);
  if (known != nullptr && known->kind == HostKind::pod &&
      PodNameOrder::name(known) == std::pair(pod_namespace, pod))
    return known;
  const auto found = renamed_pods_.find(PodNameOrder::Name(pod_namespace, pod));
  return found == renamed_pods_.end() ? nullptr : *found;
}

void World::retire(const Host& host) {
  const auto found = hosts_.find(std::string_view(host.name));
  ASSERT(found != hosts_.end() && found->get() == &host);
  if (host.kind == HostKind::pod && host.name != host.pod_name) renamed_pods_.erase(found->get());
  retired_.push_back(std::move(hosts_.extract(found).value()));
}

Netns& World::open(const Place& place) {
  if (Host* known = pod_host(place.pod_namespace, place.pod_name)) return *known->netns;
  // Names are unique within a namespace, hosts are within the world.
  SharedText name = place.pod_name;
  while (host(name) != nullptr) name = fmt::format("{}.{}", name, place.pod_namespace);
  Host added;
  added.name = name;
  added.kind = HostKind::pod;
  added.netns = place.host_netns != nullptr ? place.host_netns : &add_netns(name);
  added.host_name = place.host_name;
  added.node = place.node;
  added.resolv_conf = place.resolv_conf;
  added.pod_namespace = place.pod_namespace;
  added.pod_name = place.pod_name;
  return *add_host(std::move(added)).netns;
}

void World::give_address(std::string_view pod_namespace, std::string_view pod_name, Ipv4Address address,
                         HostsFile hosts_file) {
  Host* known = pod_host(pod_namespace, pod_name);
  known->address = address;
  known->hosts_file = std::move(hosts_file);
  share(known->hosts_file.common);
}

ProgramEnvironment World::environment(std::string_view pod_namespace, std::string_view pod_name) {
  return environment_of(*pod_host(pod_namespace, pod_name));
}

void World::close(std::string_view pod_namespace, std::string_view pod_name) {
  if (const Host* known = pod_host(pod_namespace, pod_name)) retire(*known);
}

Netns& World::add_netns(std::string name) {
  Netns& netns = *namespaces_.emplace_back(std::make_unique<Netns>(kernel_, std::move(name)));
  if (observed_) netns.observer = &observers_;
  return netns;
}

void World::observe(Observer& observer) {
  observers_.add(observer);
  observed_ = true;
  for (const auto& netns : namespaces_) netns->observer = &observers_;
  fabric.observe(&observers_);
}

void World::watch(Interface& interface, Tap& tap) {
  frames_.watch(interface.place, tap);
  interface.tap = &frames_;
}

void World::unwatch(PlaceId interface, Tap& tap) {
  frames_.unwatch(interface, tap);
  if (frames_.watched(interface)) return;
  // It may be gone by now.
  for (const auto& netns : namespaces_) {
    for (const auto& owned : netns->owned_interfaces()) {
      if (owned->place == interface) owned->tap = nullptr;
    }
  }
}

std::vector<Interface*> World::interfaces_of(const Host& host) const { return host.netns->interfaces(); }

ProgramEnvironment World::environment_of(const Host& host) {
  return {host.host_name, *host.resolv_conf, host.hosts_file.text()};
}

}  // namespace ekspath
