#include "sim/linux/icmp_error.hh"

#include <algorithm>

#include "sim/linux/conntrack/conntrack_state.hh"
#include "sim/linux/netns.hh"
#include "sim/linux/walk.hh"
#include "sim/packet/build.hh"
#include "sim/packet/headers.hh"

namespace ekspath {
namespace {

constexpr std::uint32_t largest_error = 576;
constexpr std::uint8_t internetwork_control = 0xc0;
constexpr std::uint8_t last_known_type = 18;
/// The source of an error when the host has no address at all. RFC 7600, include/linux/in.h INADDR_DUMMY
constexpr Ipv4Address dummy_address(192, 0, 0, 8);

/// Linux 6.1 net/ipv4/icmp.c icmp_pointers[].error; types beyond the table count as errors.
bool is_error_type(std::uint8_t type) {
  constexpr std::uint32_t queries = (1U << icmp::echo_reply) | (1U << icmp::echo_request) |
                                    (1U << icmp::timestamp) | (1U << icmp::timestamp_reply) |
                                    (1U << icmp::information) | (1U << icmp::information_reply) |
                                    (1U << icmp::address_mask) | (1U << icmp::address_mask_reply);
  return type > last_known_type || ((queries >> type) & 1U) == 0;
}

/// None to many receivers, later fragments, or errors. RFC 1122 3.2.2
bool may_be_answered(const Netns& netns, const Packet& about) {
  const Ipv4View ip = ipv4(about);
  if (about.meta.type != PacketType::host && about.meta.type != PacketType::outgoing) return false;
  const AddressType destination = netns.routing.address_type(ip.destination());
  if (destination == AddressType::broadcast || destination == AddressType::multicast) return false;
  if (ip.fragment_offset() != 0) return false;
  if (IpProtocol{ip.protocol()} != IpProtocol::icmp) return true;
  return about.transport_size() > 0 && !is_error_type(icmp_header(about).type());
}

/// icmpv4_mask_allow(): path MTU discovery is never held back.
bool is_unlimited(const Netns& netns, const IcmpErrorSpec& spec) {
  if (spec.type == icmp::unreachable && spec.code == icmp::fragmentation_needed) return true;
  return ((netns.sysctls->icmp_ratemask >> spec.type) & 1U) == 0;
}

/// The address that was spoken to, if it is ours; else what the route back chooses.
Ipv4Address source_of_error(const Hop& hop, const Packet& about) {
  const Netns& netns = hop.netns;
  const Ipv4View ip = ipv4(about);
  if (netns.routing.address_type(ip.destination()) == AddressType::local) return ip.destination();
  if (hop.in != nullptr && netns.sysctls->icmp_errors_use_inbound_ifaddr) {
    return netns.routing.select_source(hop.in, ip.source(), RouteScope::link);
  }
  return {};
}

/// nf_conntrack_tcp_set_closing(): a flow that was refused in its middle is over for conntrack.
void close_connection(Netns& netns, const Packet& about) {
  Connection* refused = netns.conntrack ? netns.conntrack->of(about) : nullptr;
  if (refused == nullptr || !refused->has(connection_status::confirmed)) return;
  const bool was_closed = refused->tcp == TcpState::close;
  refused->tcp = TcpState::close;
  if (!was_closed) netns.conntrack->state().refresh(*refused, netns.sysctls->ct_tcp_timeout_close);
}

/// nf_ct_attach(): an error travels as related to the flow it is about, in the other direction.
void attach_connection(const Packet& about, Packet& answer) {
  // Of an untracked packet the kernel keeps "related" without a flow: NOTRACK then does not see a fresh
  // packet.
  if (about.meta.ct_info == CtInfo::untracked) answer.meta.ct_info = CtInfo::related;
  if (!about.meta.connection) return;
  answer.meta.connection = about.meta.connection;
  answer.meta.ct_info = is_reply(about.meta.ct_info) ? CtInfo::related : CtInfo::related_reply;
}

}  // namespace

/// Linux 6.1 net/ipv4/icmp.c __icmp_send()
void send_icmp_error(Hop& hop, const Packet& about, const IcmpErrorSpec& spec) {
  Netns& netns = hop.netns;
  // The kernel has one ICMP socket: an answer to a ping that OUTPUT rejects is rejected in silence.
  // icmp_xmit_lock()
  if (netns.occasional().icmp_busy || !may_be_answered(netns, about)) return;
  const Ipv4View ip = ipv4(about);
  const bool limited = !is_unlimited(netns, spec);
  const bool from_loopback = hop.in != nullptr && hop.in->kind == InterfaceKind::loopback;
  if (limited && !from_loopback && !icmp_limits_of(netns).global_allows()) {
    ++netns.occasional().snmp.icmp_out_rate_limit_global;
    return;
  }

  FlowKey key;
  key.destination = ip.source();
  key.source = source_of_error(hop, about);
  key.tos = (ip.tos() & 0x1e) | internetwork_control;
  if (netns.sysctls->fwmark_reflect) key.mark = about.meta.mark;
  const RouteResult route = netns.routing.lookup(key);
  if (!route.found()) return;
  if (limited && route.out->kind != InterfaceKind::loopback &&
      !icmp_limits_of(netns).host_allows(ip.source())) {
    ++netns.occasional().snmp.icmp_out_rate_limit_host;
    return;
  }

  constexpr std::size_t headers = Ipv4View::minimum_size + IcmpView::size;
  const std::size_t room = std::min(mtu_of(netns, route, ip.source()), largest_error) - headers;
  const std::size_t quoted = std::min(about.network_size(), room);
  PacketRef error = netns.pool().allocate(quoted);
  append_bytes(*error, {about.network(), quoted});
  push_icmp(*error, {spec.type, spec.code, spec.rest});
  constexpr auto protocol = static_cast<std::uint8_t>(IpProtocol::icmp);
  Ipv4Fields header;
  header.source = route.source.is_unspecified() ? dummy_address : route.source;
  header.destination = ip.source();
  header.protocol = protocol;
  header.ttl = netns.sysctls->ip_default_ttl;
  header.tos = key.tos;
  header.dont_fragment = false;
  header.identification = select_ip_id(netns, header.source, header.destination, protocol);
  push_ipv4(*error, header);
  error->meta.trace = netns.next_trace();
  error->meta.mark = key.mark;
  attach_connection(about, *error);
  ++netns.occasional().snmp.icmp_out_errors;
  if (spec.type == icmp::redirect) ++netns.occasional().snmp.icmp_out_redirects;
  if (netns.observer != nullptr) [[unlikely]]
    observe(netns, route.out, Stage::send, Verdict::pass, *error);
  netns.occasional().icmp_busy = true;
  (void)local_out(netns, std::move(error), route);  // nobody waits for the errno
  netns.occasional().icmp_busy = false;
}

/// Linux 6.1 net/ipv4/netfilter/nf_reject_ipv4.c nf_send_reset()
void send_tcp_reset(Hook, Hop& hop, const Packet& about) {
  Netns& netns = hop.netns;
  const Ipv4View ip = ipv4(about);
  if (ip.is_fragment() || IpProtocol{ip.protocol()} != IpProtocol::tcp ||
      about.transport_size() < TcpView::minimum_size) {
    return;
  }
  const TcpView tcp = tcp_header(about);
  if (tcp.has(tcp_flag::rst)) return;
  const AddressType destination = netns.routing.address_type(ip.destination());
  if (destination == AddressType::broadcast || destination == AddressType::multicast) return;

  TcpFields fields;
  fields.source = ip.destination();
  fields.destination = ip.source();
  fields.source_port = tcp.destination_port();
  fields.destination_port = tcp.source_port();
  fields.flags = tcp_flag::rst;
  if (tcp.has(tcp_flag::ack)) {
    fields.sequence = tcp.acknowledgement();
  } else {
    fields.flags |= tcp_flag::ack;
    fields.acknowledgement = tcp.sequence() +
                             static_cast<std::uint32_t>(about.transport_size() - tcp.header_size()) +
                             (tcp.has(tcp_flag::syn) ? 1 : 0) + (tcp.has(tcp_flag::fin) ? 1 : 0);
  }
  PacketRef reset = netns.pool().allocate(0);
  push_tcp(*reset, fields);
  Ipv4Fields header;
  header.source = fields.source;
  header.destination = fields.destination;
  header.protocol = static_cast<std::uint8_t>(IpProtocol::tcp);
  header.ttl = netns.sysctls->ip_default_ttl;
  push_ipv4(*reset, header);
  reset->meta.trace = netns.next_trace();
  if (netns.sysctls->fwmark_reflect) reset->meta.mark = about.meta.mark;
  attach_connection(about, *reset);
  close_connection(netns, about);

  FlowKey key;
  key.destination = header.destination;
  key.source = header.source;
  key.any_source = true;
  key.mark = reset->meta.mark;
  const RouteResult route = netns.routing.lookup(key);
  if (!route.found()) return;
  ++netns.occasional().snmp.tcp_out_rsts;
  if (netns.observer != nullptr) [[unlikely]]
    observe(netns, route.out, Stage::send, Verdict::pass, *reset);
  (void)local_out(netns, std::move(reset), route);  // nobody waits for the errno
}

}  // namespace ekspath
