#pragma once

#include "sim/base/nanoseconds.hh"

namespace ekspath {

/// How long the steps of an ENI's life take. `cluster.cni.delays` of a scenario; docs/scenario.md.
struct Ec2Delays {
  Nanoseconds assign = Nanoseconds(500'000'000);  // AssignPrivateIpAddresses, UnassignPrivateIpAddresses
  Nanoseconds create_eni = Nanoseconds(1'000'000'000);  // CreateNetworkInterface
  Nanoseconds attach_eni =
      Nanoseconds(2'000'000'000);  // AttachNetworkInterface, until the guest has the device
  Nanoseconds metadata = Nanoseconds(1'000'000'000);    // from then until IMDS lists it with its addresses
  Nanoseconds detach_eni = Nanoseconds(1'000'000'000);  // DetachNetworkInterface, until the device is gone
  Nanoseconds delete_eni = Nanoseconds(500'000'000);    // DeleteNetworkInterface
};

}  // namespace ekspath
