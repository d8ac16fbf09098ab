#include "sim/lab/world.hh"

#include <algorithm>

namespace ekspath {

World::World(std::uint64_t seed, std::int64_t epoch_ns)
    : kernel_{engine_, pool_, places_, rules_, seed, epoch_ns, &births_},
      fabric({engine_, pool_, places_, seed}) {}

// What the cluster's agents serve ends before the namespaces that it is served in.
World::~World() { cluster.reset(); }

Host* World::host(std::string_view name) {
  const auto found = std::ranges::lower_bound(hosts_, name, {},
                                              [](const auto& host) { return std::string_view(host->name); });
  return found != hosts_.end() && (*found)->name == name ? found->get() : nullptr;
}

const Host* World::host(std::string_view name) const { return const_cast<World*>(this)->host(name); }

Host* World::pod_host(std::string_view name_space, std::string_view name) {
  Host* found = host(name);
  const bool is_it = found != nullptr && found->kind == HostKind::pod && cluster &&
                     cluster->pod(name_space, name) != nullptr;
  return is_it ? found : nullptr;
}

Host& World::add_host(Host host) {
  const auto at =
      std::ranges::lower_bound(hosts_, host.name, {}, [](const auto& known) { return known->name; });
  return **hosts_.insert(at, std::make_unique<Host>(std::move(host)));
}

Netns& World::add_netns(std::string name) {
  return *namespaces_.emplace_back(std::make_unique<Netns>(kernel_, std::move(name)));
}

void World::observe(Observer& observer) {
  observers_.add(observer);
  for (const auto& netns : namespaces_) netns->observer = &observers_;
  fabric.observe(&observers_);
}

void World::watch(Interface& interface, Tap& tap) {
  frames_.watch(interface.place, tap);
  interface.tap = &frames_;
}

void World::unwatch(Interface& interface, Tap& tap) {
  frames_.unwatch(interface.place, tap);
  if (!frames_.watched(interface.place)) interface.tap = nullptr;
}

std::vector<Interface*> World::interfaces_of(const Host& host) const { return host.netns->interfaces(); }

ProgramEnvironment World::environment_of(const Host& host) {
  return {host.host_name, host.resolv_conf, host.hosts_file};
}

}  // namespace ekspath
