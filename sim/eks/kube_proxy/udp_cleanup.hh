#pragma once

#include <vector>

#include "sim/eks/kube_proxy/service_table.hh"
#include "sim/linux/conntrack/conntrack.hh"

namespace ekspath {

/// Deletes the UDP entries that a change of services has made stale: those of a deleted service's address, of
/// a service that has an endpoint again (what was refused before would go on being refused), and of an
/// endpoint that serves no more. Entries of TCP stay: their clients find out. `before` is how the services
/// were at the last sync. kubernetes pkg/proxy/conntrack/cleanup.go CleanStaleEntries() of 1.31;
/// facts/kube-proxy.md 9
void clean_stale_udp(Conntrack& conntrack, const std::map<ServiceName, ServiceTable::UdpState>& before,
                     const ServiceTable& now);

}  // namespace ekspath
