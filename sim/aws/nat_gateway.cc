#include "sim/aws/nat_gateway.hh"

#include <algorithm>

#include "sim/aws/fabric.hh"
#include "sim/aws/resource_id.hh"
#include "sim/aws/router_reply.hh"
#include "sim/packet/headers.hh"
#include "sim/packet/rewrite.hh"

namespace ekspath {
namespace {

constexpr auto icmp_number = static_cast<std::uint8_t>(IpProtocol::icmp);
constexpr auto tcp_number = static_cast<std::uint8_t>(IpProtocol::tcp);
constexpr auto udp_number = static_cast<std::uint8_t>(IpProtocol::udp);

/// What 55,000 connections are counted by. Pings share one count a destination.
Tuple destination_of(const Tuple& outside) {
  const std::uint16_t port = outside.protocol == icmp_number ? std::uint16_t{0} : outside.destination_port;
  return {Ipv4Address(), outside.destination, 0, port, outside.protocol};
}

bool opens_a_connection(const Packet& packet, const Tuple& tuple) {
  if (tuple.protocol == tcp_number) {
    return packet.transport_size() >= TcpView::minimum_size &&
           (tcp_header(packet).flags() & (tcp_flag::syn | tcp_flag::ack | tcp_flag::rst)) == tcp_flag::syn;
  }
  return tuple.protocol != icmp_number || is_icmp_request(tuple.icmp_type());
}

}  // namespace

NatGateway::NatGateway(Fabric& fabric, NatGatewayId id, NatGatewaySpec spec, EniId eni, PlaceId place,
                       std::uint64_t seed)
    : fabric_(&fabric),
      id_(id),
      eni_(eni),
      place_(place),
      address_(fabric.eni(eni).primary_address()),
      ports_(seed, "nat/" + spec.name, "ports"),
      resource_id_(ekspath::resource_id(seed, "nat", spec.name)),
      spec_(std::move(spec)) {}

void NatGateway::receive(PacketRef frame) {
  frame->pull_to_network();
  const Ipv4View ip = ipv4(*frame);
  const std::uint8_t protocol = ip.protocol();
  if (protocol != tcp_number && protocol != udp_number && protocol != icmp_number) {
    return drop(*frame, DropReason::nat_gateway_protocol, "TCP, UDP and ICMP only");
  }
  if (ip.is_fragment() && protocol != udp_number) {
    return drop(*frame, DropReason::nat_gateway_fragment, "no fragments of TCP or ICMP");
  }
  const bool from_outside = ip.destination() == address_;
  if (!ttl_lives(*frame)) return;
  if (is_icmp_error(*frame))
    return from_outside ? inbound_error(std::move(frame)) : outbound_error(std::move(frame));
  from_outside ? inbound(std::move(frame)) : outbound(std::move(frame));
}

/// VPC guide: NAT gateway basics, troubleshooting (a connection that was idle for 350 s gets a RST).
void NatGateway::outbound(PacketRef packet) {
  const Tuple inside = fragments_.tuple(*packet);
  const Tuple* known = live_outside(inside);
  std::optional<Tuple> outside;
  if (known != nullptr) {
    outside = *known;
  } else if (!opens_a_connection(*packet, inside)) {
    if (inside.protocol != tcp_number) {
      return drop(*packet, DropReason::nat_gateway_unsolicited, "the answer to nothing that came in");
    }
    reset_sender(*packet);
    return drop(*packet, DropReason::nat_gateway_idle, "no connection: idle for 350 s, or never begun");
  } else {
    outside = open(inside);
  }
  if (!outside) {
    ++metrics_.error_port_allocation;
    return drop(*packet, DropReason::nat_gateway_ports, "ErrorPortAllocation");
  }
  ipv4(*packet).decrement_ttl();
  rewrite(*packet, Side::source, outside->source, outside->source_port);
  translated(*packet, inside);
  fabric_->originate(fabric_->eni(eni_), std::move(packet));
}

void NatGateway::inbound(PacketRef packet) {
  const Tuple outside = fragments_.tuple(*packet).reply();
  Translation* known = translations_.find(outside);
  if (known != nullptr && fabric_->engine_.now() - known->last_used >= idle_timeout) {
    ++metrics_.idle_timeouts;
    forget(outside);
    return drop(*packet, DropReason::nat_gateway_idle, "the connection was idle for 350 s");
  }
  if (known == nullptr)
    return drop(*packet, DropReason::nat_gateway_unsolicited, "nobody inside asked for it");
  known->last_used = fabric_->engine_.now();
  const Tuple inside = known->inside;
  ipv4(*packet).decrement_ttl();
  rewrite(*packet, Side::destination, inside.source, inside.source_port);
  translated(*packet, outside.reply());
  fabric_->originate(fabric_->eni(eni_), std::move(packet));
}

/// The inside answers a translated packet with an error: it quotes what came to the inside address.
void NatGateway::outbound_error(PacketRef packet) {
  const auto quoted = quoted_tuple(*packet);
  const Tuple* outside = quoted ? live_outside(quoted->reply()) : nullptr;
  if (outside == nullptr)
    return drop(*packet, DropReason::nat_gateway_unsolicited, "an error about no connection");
  const Tuple before = tuple_of(*packet);
  ipv4(*packet).decrement_ttl();
  rewrite_quoted(*packet, Side::destination, outside->source, outside->source_port);
  rewrite(*packet, Side::source, outside->source, std::nullopt);
  translated(*packet, before);
  fabric_->originate(fabric_->eni(eni_), std::move(packet));
}

/// The outside answers with an error: it quotes what the gateway sent.
void NatGateway::inbound_error(PacketRef packet) {
  const auto quoted = quoted_tuple(*packet);
  const Translation* known = quoted ? translations_.find(*quoted) : nullptr;
  if (known == nullptr)
    return drop(*packet, DropReason::nat_gateway_unsolicited, "an error about no connection");
  const Tuple before = tuple_of(*packet);
  ipv4(*packet).decrement_ttl();
  rewrite_quoted(*packet, Side::source, known->inside.source, known->inside.source_port);
  rewrite(*packet, Side::destination, known->inside.source, std::nullopt);
  translated(*packet, before);
  fabric_->originate(fabric_->eni(eni_), std::move(packet));
}

/// VPC guide: NAT gateway troubleshooting (traceroute shows the private address).
bool NatGateway::ttl_lives(const Packet& packet) {
  if (ipv4(packet).ttl() > 1) return true;
  drop(packet, DropReason::ttl_expired, {});
  Eni& eni = fabric_->eni(eni_);
  if (!may_be_told(packet) || !fabric_->may_send_error(eni.next_error_)) return false;
  PacketRef error = build_router_error(fabric_->pool_, packet, {icmp::time_exceeded, 0, 0, address_});
  error->meta.trace = eni.next_trace();
  fabric_->originate(eni, std::move(error));
  return false;
}

void NatGateway::reset_sender(const Packet& packet) {
  if (packet.transport_size() < TcpView::minimum_size || tcp_header(packet).has(tcp_flag::rst)) return;
  Eni& eni = fabric_->eni(eni_);
  PacketRef reset = build_reset(fabric_->pool_, packet);
  reset->meta.trace = eni.next_trace();
  fabric_->originate(eni, std::move(reset));
}

const Tuple* NatGateway::live_outside(const Tuple& inside) {
  const Tuple* outside = outside_of_.find(inside);
  if (outside == nullptr) return nullptr;
  Translation* known = translations_.find(*outside);
  const Nanoseconds now = fabric_->engine_.now();
  if (now - known->last_used < idle_timeout) {
    known->last_used = now;
    return outside;
  }
  ++metrics_.idle_timeouts;
  forget(Tuple(*outside));
  return nullptr;
}

/// A free port for this destination: the draw's, or the next free one above it.
std::optional<Tuple> NatGateway::open(const Tuple& inside) {
  Tuple outside{address_, inside.destination, 0, inside.destination_port, inside.protocol};
  const Tuple destination = destination_of(outside);
  std::uint32_t* count = destinations_.find(destination);
  if (count != nullptr && *count >= connections_per_destination) {
    sweep();
    count = destinations_.find(destination);
    if (count != nullptr && *count >= connections_per_destination) return std::nullopt;
  }
  outside.source_port = static_cast<std::uint16_t>(ports_.between(first_port, last_port));
  while (translations_.find(outside) != nullptr) {
    outside.source_port =
        outside.source_port == last_port ? first_port : static_cast<std::uint16_t>(outside.source_port + 1);
  }
  if (translations_.size() >= sweep_at_) {
    sweep();
    sweep_at_ = std::max<std::size_t>(1024, translations_.size() * 2);
  }
  translations_.insert(outside, {inside, fabric_->engine_.now()});
  outside_of_.insert(inside, outside);
  count = destinations_.find(destination);
  if (count == nullptr) count = &destinations_.insert(destination, 0);
  ++*count;
  metrics_.active_connections = translations_.size();
  return outside;
}

void NatGateway::forget(const Tuple& outside) {
  outside_of_.erase(translations_.find(outside)->inside);
  translations_.erase(outside);
  const Tuple destination = destination_of(outside);
  if (--*destinations_.find(destination) == 0) destinations_.erase(destination);
  metrics_.active_connections = translations_.size();
}

void NatGateway::sweep() {
  const Nanoseconds now = fabric_->engine_.now();
  if (now < nothing_idle_before_) return;
  Nanoseconds oldest = now;
  translations_.erase_if([&](const Tuple& outside, const Translation& known) {
    if (now - known.last_used < idle_timeout) {
      oldest = std::min(oldest, known.last_used);
      return false;
    }
    ++metrics_.idle_timeouts;
    outside_of_.erase(known.inside);
    const Tuple destination = destination_of(outside);
    if (--*destinations_.find(destination) == 0) destinations_.erase(destination);
    return true;
  });
  nothing_idle_before_ = oldest + idle_timeout;
}

void NatGateway::drop(const Packet& packet, DropReason reason, std::string_view rule) {
  ++metrics_.packets_dropped;
  fabric_->drop(place_, Stage::nat_gateway, packet, reason, rule);
}

void NatGateway::translated(const Packet& packet, const Tuple& before) {
  if (fabric_->observer_ == nullptr) [[likely]]
    return;
  Decision made = fabric_->decision(place_, Stage::nat_gateway, Verdict::translate, packet);
  made.rule = spec_.name;
  made.before = before;
  made.after = tuple_of(packet);
  fabric_->observer_->decided(made);
}

}  // namespace ekspath
