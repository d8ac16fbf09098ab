#include "sim/packet/fate.hh"

#include <array>
#include <utility>

namespace ekspath {
namespace {

struct ReasonWords {
  std::string_view name;
  std::string_view meaning;
};

constexpr std::array<ReasonWords, drop_reason_count> reasons{{
    {"none", "the packet lives"},
    {"rp_filter", "the reverse path filter: the route back to the source leaves by another interface, or there is none"},
    {"no_route", "no route to the destination in any table that the policy rules allow"},
    {"ttl_expired", "the TTL reached zero at a router; the sender is told by ICMP 11/0"},
    {"neighbour_failed", "nobody answered ARP for the next hop; the sender is told by ICMP 3/1"},
    {"neighbour_queue_full", "too many packets waited for the ARP answer of one next hop; the oldest goes first"},
    {"netfilter_drop", "an iptables rule or a chain's policy said DROP"},
    {"netfilter_reject", "an iptables rule said REJECT; the sender is told"},
    {"nat_exhausted", "no free port was left in the range of a translation"},
    {"nat_hairpin", "a translated packet would leave by the interface it came in by, with a redirect: NAT drops it"},
    {"conntrack_full", "the connection table is full and nothing could be evicted"},
    {"conntrack_clash", "another packet confirmed the same tuple first"},
    {"conntrack_invalid_packet", "conntrack could not read the packet"},
    {"no_socket", "nobody listens there; the sender is told (ICMP 3/3 or RST)"},
    {"socket_full", "the socket's receive buffer or a listener's backlog is full"},
    {"tcp_unexpected", "a TCP segment that its connection cannot use"},
    {"martian", "an impossible source or destination address for this interface"},
    {"checksum", "a wrong checksum"},
    {"mtu", "larger than the MTU with DF set; the sender is told by ICMP 3/4"},
    {"not_for_us", "the frame carries the MAC address of somebody else"},
    {"forwarding_off", "not for this host, and the interface it came in by does not forward"},
    {"prohibited", "a route of type prohibit; the sender is told by ICMP 3/13"},
    {"unreachable_route", "a route of type unreachable; the sender is told by ICMP 3/1"},
    {"blackhole_route", "a route of type blackhole"},
    {"fragment_timeout", "the other fragments did not come within 30 s"},
    {"fragment_bad", "fragments that overlap or do not fit together"},
    {"header", "not IPv4, cut short, or its lengths contradict each other"},
    {"interface_down", "the interface is down"},
    {"arp_ignored", "an ARP packet that this host does not answer"},
    {"unknown_protocol", "no handler for the IP protocol; the sender is told by ICMP 3/2"},
    {"queue_full", "the link's queue is full"},
    {"lost", "the link lost it, as the scenario asks"},
    {"namespace_gone", "the pod or host it was for is gone"},
    {"source_dest_check", "the source address is none of the ENI's own"},
    {"security_group", "no rule of the ENI's security groups admits it"},
    {"network_acl", "the subnet's network ACL denies it"},
    {"no_vpc_route", "the subnet's route table has no route to the destination"},
    {"blackhole", "the route's target is gone"},
    {"no_such_address", "no ENI owns the destination address"},
    {"no_public_address", "the internet gateway knows no public address for the source"},
    {"peering_edge", "a peering cannot be used to reach the peer's gateways or another peering"},
    {"peering_inactive", "the peering is not active"},
    {"nat_gateway_protocol", "a NAT gateway translates TCP, UDP and ICMP only"},
    {"nat_gateway_fragment", "a NAT gateway does not take fragments of TCP or ICMP"},
    {"nat_gateway_unsolicited", "nobody behind the NAT gateway asked for it"},
    {"nat_gateway_ports", "the NAT gateway has no port left for this destination (ErrorPortAllocation)"},
    {"nat_gateway_idle", "the NAT gateway forgot the connection after 350 s without traffic"},
    {"not_attached", "the ENI is not attached to an instance"},
    {"no_internet_host", "no host of the scenario's internet has this address"},
    {"unsupported_ethertype", "the fabric carries IPv4 and answers ARP; nothing else"},
}};

}  // namespace

std::string_view to_string(DropReason reason) { return reasons[static_cast<std::size_t>(reason)].name; }
std::string_view explain(DropReason reason) { return reasons[static_cast<std::size_t>(reason)].meaning; }

std::string_view to_string(Stage stage) {
  switch (stage) {
    case Stage::send: return "send";
    case Stage::ingress: return "ingress";
    case Stage::raw: return "raw";
    case Stage::conntrack: return "conntrack";
    case Stage::mangle: return "mangle";
    case Stage::nat: return "nat";
    case Stage::filter: return "filter";
    case Stage::route: return "route";
    case Stage::forward: return "forward";
    case Stage::local_in: return "local_in";
    case Stage::confirm: return "confirm";
    case Stage::fragment: return "fragment";
    case Stage::neighbour: return "neighbour";
    case Stage::egress: return "egress";
    case Stage::eni: return "eni";
    case Stage::security_group: return "security_group";
    case Stage::network_acl: return "network_acl";
    case Stage::vpc_route: return "vpc_route";
    case Stage::peering: return "peering";
    case Stage::internet_gateway: return "internet_gateway";
    case Stage::nat_gateway: return "nat_gateway";
    case Stage::internet: return "internet";
    case Stage::link: return "link";
  }
  return "?";
}

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass: return "pass";
    case Verdict::accept: return "accept";
    case Verdict::drop: return "drop";
    case Verdict::translate: return "translate";
    case Verdict::deliver: return "deliver";
    case Verdict::reject: return "reject";
    case Verdict::queue: return "queue";
    case Verdict::log: return "log";
  }
  return "?";
}

}  // namespace ekspath
