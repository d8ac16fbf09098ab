#pragma once

#include "sim/base/nanoseconds.hh"

namespace ekspath {

/// How long the control plane and the kubelets take for each of their steps: `cluster.delays` of a scenario.
/// The defaults are what a small EKS cluster shows, give or take; docs/scenario.md lists them.
struct ControlDelays {
  Nanoseconds controller = Nanoseconds(20'000'000);       // from a write to the controller that acts on it
  Nanoseconds schedule = Nanoseconds(5'000'000);          // the scheduler's time for one pod
  Nanoseconds endpoints = Nanoseconds(100'000'000);       // from a pod's change to the Endpoints and slices
  Nanoseconds kubelet = Nanoseconds(50'000'000);          // from a binding to the kubelet's first look
  Nanoseconds sandbox = Nanoseconds(400'000'000);         // pause container and CNI ADD
  Nanoseconds pull = Nanoseconds(2'000'000'000);          // of an image that the node lacks
  Nanoseconds resolve = Nanoseconds(500'000'000);         // of an image that it has, with policy Always
  Nanoseconds start = Nanoseconds(200'000'000);           // one container, created and started
  Nanoseconds ready = Nanoseconds(1'000'000'000);         // until the kubelet has seen that it runs (PLEG)
  Nanoseconds stop = Nanoseconds(200'000'000);            // a program that heeds SIGTERM
  Nanoseconds teardown = Nanoseconds(300'000'000);        // CNI DEL and the pod's removal from the API
  Nanoseconds retry = Nanoseconds(11'000'000'000);        // a sandbox that failed
  Nanoseconds reschedule = Nanoseconds(300'000'000'000);  // an unschedulable pod that nothing helped
};

}  // namespace ekspath
