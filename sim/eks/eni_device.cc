#include "sim/eks/eni_device.hh"

#include "sim/base/assert.hh"
#include "sim/eks/al2023.hh"

namespace ekspath {
namespace {

/// As the ENA driver brings it up, jumbo frames on.
constexpr std::uint32_t ena_mtu = 9001;

}  // namespace

Outcome plug_in(Fabric& fabric, EniId eni, Netns& host, std::uint32_t device) {
  Eni& door = fabric.eni(eni);
  Interface& interface =
      host.add_interface(nitro_interface_name(device), InterfaceKind::ena, door.mac(), ena_mtu);
  interface.connect(Fabric::host_link(), door);
  return fabric.attach(eni, {interface.place, &interface, 0});
}

void unplug(Fabric& fabric, EniId eni, Netns& host, std::uint32_t device) {
  Interface* interface = host.find_interface(nitro_interface_name(device));
  ASSERT(interface != nullptr);
  fabric.detach(eni);
  host.delete_interface(*interface);
}

}  // namespace ekspath
