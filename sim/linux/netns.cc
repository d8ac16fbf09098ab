#include "sim/linux/netns.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "sim/linux/walk.hh"

namespace ekspath {
namespace {

constexpr std::uint32_t loopback_mtu = 65536;

}  // namespace

Netns::Netns(const Kernel& kernel, SharedText name)
    : Entity(kernel.engine), routing(*this), neighbours(*this), kernel_(&kernel), name_(std::move(name)) {
  place_ = kernel.places.add(name_);
  Interface& lo = add_interface("lo", InterfaceKind::loopback, {}, loopback_mtu);
  set_up(lo, true);
  const int error = add_address(lo, {Ipv4Address(127, 0, 0, 1), 8, false, InterfaceAddress::Scope::host});
  ASSERT(error == 0);
}

/// A namespace takes its veths along, both ends (veth_dellink()). Nobody is told of frames on their way:
/// whoever destroys a namespace in a running world deletes its interfaces first.
Netns::~Netns() {
  for (const auto& interface : interfaces_) {
    if (interface->peer == nullptr) continue;
    Interface& other = *interface->peer;
    interface->peer = other.peer = nullptr;
    if (other.netns != this) other.netns->remove(other);
  }
}

Interface& Netns::add_interface(const InterfaceName& name, InterfaceKind kind, const MacAddress& mac,
                                std::uint32_t mtu) {
  ASSERT(find_interface(name) == nullptr);
  const PlaceId place = kernel_->places.add(fmt::format("{}/{}", name_, name));
  interfaces_.push_back(
      std::make_unique<Interface>(*this, Interface::Identity{next_index_++, name, kind, mac, mtu, place}));
  Interface& added = *interfaces_.back();
  added.conf = sysctls->defaults;
  routing.interfaces_changed();
  if (netfilter) netfilter->interfaces_changed();
  if (kernel_->births != nullptr) kernel_->births->born(added);
  return added;
}

void Netns::add_veth(Netns& a, const InterfaceName& name_a, const MacAddress& mac_a, Netns& b,
                     const InterfaceName& name_b, const MacAddress& mac_b, std::uint32_t mtu,
                     const LinkSpec& link) {
  Interface& end_a = a.add_interface(name_a, InterfaceKind::veth, mac_a, mtu);
  Interface& end_b = b.add_interface(name_b, InterfaceKind::veth, mac_b, mtu);
  end_a.peer = &end_b;
  end_b.peer = &end_a;
  // veth_newlink(): no carrier before both ends are up.
  end_a.carrier = end_b.carrier = false;
  end_a.connect(link, end_b);
  end_b.connect(link, end_a);
}

void Netns::delete_interface(Interface& interface) {
  ASSERT(interface.kind != InterfaceKind::loopback);
  const auto cut = [](Interface& end) {
    if (!end.link) return;
    end.link->cut([&](PacketRef frame) {
      drop(*end.netns, &end, Stage::link, DropReason::interface_down, std::move(frame));
    });
  };
  cut(interface);
  if (interface.peer != nullptr) {
    Interface& other = *interface.peer;
    cut(other);
    interface.peer = other.peer = nullptr;
    other.netns->remove(other);
  }
  remove(interface);
}

void Netns::remove(Interface& interface) {
  set_up(interface, false);
  routing.flush_routes_of(interface, true);
  neighbours.flush(interface);
  if (conntrack) conntrack->masquerade_gone(interface.index);
  const auto gone = [&](const auto& owned) { return owned.get() == &interface; };
  interfaces_.erase(std::ranges::find_if(interfaces_, gone));
  routing.interfaces_changed();
  if (netfilter) netfilter->interfaces_changed();
}

Interface* Netns::find_interface(std::string_view name) {
  for (const auto& interface : interfaces_) {
    if (interface->name == name) return interface.get();
  }
  return nullptr;
}

const Interface* Netns::find_interface(std::string_view name) const {
  return const_cast<Netns*>(this)->find_interface(name);
}

Interface* Netns::interface(std::uint32_t index) {
  // Dense unless interfaces were deleted.
  if (index - 1 < interfaces_.size() && interfaces_[index - 1]->index == index)
    return interfaces_[index - 1].get();
  const auto found =
      std::lower_bound(interfaces_.begin(), interfaces_.end(), index,
                       [](const auto& owned, std::uint32_t wanted) { return owned->index < wanted; });
  return found != interfaces_.end() && (*found)->index == index ? found->get() : nullptr;
}

const Interface* Netns::interface(std::uint32_t index) const {
  return const_cast<Netns*>(this)->interface(index);
}

std::vector<Interface*> Netns::interfaces() const {
  std::vector<Interface*> all;
  all.reserve(interfaces_.size());
  for (const auto& interface : interfaces_) all.push_back(interface.get());
  return all;
}

Netfilter& Netns::ensure_netfilter() {
  if (!netfilter) netfilter = std::make_unique<Netfilter>(*this);
  return *netfilter;
}

Conntrack& Netns::ensure_conntrack() {
  if (!conntrack) conntrack = std::make_unique<Conntrack>(*this);
  return *conntrack;
}

Sockets& Netns::ensure_sockets() {
  if (!sockets) sockets = Sockets::make(*this);
  return *sockets;
}

void Netns::fire(const Event& event) {
  switch (event.kind) {
    case neighbour_timer:
    case arp_proxy_timer:
      neighbours.fire(event);
      break;
    case fragment_timer:
      occasional_->fragments->fire(event);
      break;
    case conntrack_timer:
      if (conntrack) conntrack->fire(event);
      break;
    case socket_timer:
      if (sockets) sockets->fire(event);
      break;
    default:
      ASSERT(false && "an event kind of this namespace");
  }
}

}  // namespace ekspath
