#pragma once

#include "sim/aws/fabric.hh"
#include "sim/linux/netns.hh"

namespace ekspath {

/// The instance's kernel finds an ENI that was attached: a new interface with the ENI's MAC, down until
/// somebody sets it up, joined to the fabric both ways. Refused when the ENI is attached already.
[[nodiscard]] Outcome plug_in(Fabric& fabric, EniId eni, Netns& host, std::uint32_t device);
/// The device goes away: its addresses, routes and neighbours with it; frames on their way are dropped.
void unplug(Fabric& fabric, EniId eni, Netns& host, std::uint32_t device);

}  // namespace ekspath
