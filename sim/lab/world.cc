#include "sim/lab/world.hh"

#include <algorithm>

namespace ekspath {

/// The names of a scenario's internet hosts, as if they stood in every host's /etc/hosts.
class World::Names final : public Resolver {
 public:
  std::unique_ptr<Query> resolve(Netns&, const std::string& name, Answer answer) override {
    const auto found = addresses_.find(name);
    answer(found == addresses_.end() ? std::nullopt : std::optional(found->second));
    return nullptr;
  }
  [[nodiscard]] std::string name_of(Netns&, Ipv4Address address) override {
    for (const auto& [name, known] : addresses_) {
      if (known == address) return name;
    }
    return {};
  }
  std::map<std::string, Ipv4Address> addresses_;
};

World::World(std::uint64_t seed, std::int64_t epoch_ns)
    : kernel_{engine_, pool_, places_, rules_, seed, epoch_ns, &births_},
      fabric({engine_, pool_, places_, seed}),
      names_(std::make_unique<Names>()) {}

World::~World() = default;

Host* World::host(std::string_view name) {
  const auto found = std::ranges::lower_bound(hosts_, name, {},
                                              [](const auto& host) { return std::string_view(host->name); });
  return found != hosts_.end() && (*found)->name == name ? found->get() : nullptr;
}

const Host* World::host(std::string_view name) const { return const_cast<World*>(this)->host(name); }

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

ProgramEnvironment World::environment_of(const Host& host) { return {names_.get(), host.host_name}; }

void World::add_name(std::string name, Ipv4Address address) {
  names_->addresses_.emplace(std::move(name), address);
}

}  // namespace ekspath
