#pragma once

#include <memory>
#include <string>

#include "sim/apps/program.hh"
#include "sim/eks/api/store.hh"

namespace ekspath {

class Netns;

/// What a CoreDNS pod is started with.
struct CoreDnsPod {
  Netns* netns = nullptr;
  Ipv4Address address;             // the pod's own
  std::string corefile;            // of the ConfigMap `coredns`
  ProgramEnvironment environment;  // its /etc/resolv.conf is where `forward` leads
};

/// CoreDNS 1.11.3 as EKS runs it, answering UDP and TCP in the pod's namespace from the objects of the store
/// and from what it forwards: a program that runs until it is destroyed, before the store. Its output is what
/// `kubectl logs` shows. A Corefile that is not understood ends it at once with status 1. corefile.hh says
/// what of the configuration is modelled.
[[nodiscard]] std::unique_ptr<Program> start_coredns(ObjectStore& store, CoreDnsPod pod);

}  // namespace ekspath
