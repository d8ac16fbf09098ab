#pragma once

#include <doctest/doctest.h>

#include <deque>
#include <string>
#include <vector>

#include "sim/aws/fabric.hh"
#include "sim/packet/build.hh"
#include "tests/support/packet/packet_text.hh"

namespace ekspath {

/// A host that only records: what arrived, when, and who it was for.
class RecordingHost final : public Receiver<PacketRef> {
 public:
  explicit RecordingHost(Engine& engine) : engine_(&engine) {}
  void receive(PacketRef frame) override {
    frames.push_back(describe_frame(*frame));
    packets.push_back(frames.back().substr(frames.back().find("| ") + 2));
    times.push_back(engine_->now());
    last = std::move(frame);
  }

  std::vector<std::string> frames;   // with their MAC addresses
  std::vector<std::string> packets;  // without
  std::vector<Nanoseconds> times;
  PacketRef last;

 private:
  Engine* engine_;
};

/// What the observer was told, as text.
class RecordingObserver final : public Observer {
 public:
  explicit RecordingObserver(const PlaceNames& places) : places_(&places) {}
  void decided(const Decision& decision) override {
    const std::string where(places_->name(decision.where));
    if (decision.verdict == Verdict::drop) {
      drops.push_back(where + " " + std::string(to_string(decision.reason)));
    }
    rules.push_back(where + ": " + std::string(decision.rule));
  }
  [[nodiscard]] bool saw(std::string_view rule) const {
    for (const auto& seen : rules) {
      if (seen == rule) return true;
    }
    return false;
  }

  std::vector<std::string> drops;
  std::vector<std::string> rules;

 private:
  const PlaceNames* places_;
};

/// The lab of the facts: myeks-vpc with public and private subnets in two zones, operator-vpc peered to it, a
/// host of the internet. Groups admit all unless a test says otherwise.
class TwoVpcs {
 public:
  TwoVpcs() : fabric({engine, pool, places, 1}), observer(places) {
    fabric.observe(&observer);
    myeks = fabric.add_vpc({"myeks-vpc", {cidr("192.168.0.0/16")}, true}).value();
    operators = fabric.add_vpc({"operator-vpc", {cidr("172.20.0.0/16")}, true}).value();
    public_a = subnet("public-a", myeks, "192.168.1.0/24", "a");
    public_b = subnet("public-b", myeks, "192.168.2.0/24", "b");
    private_a = subnet("private-a", myeks, "192.168.11.0/24", "a");
    operator_a = subnet("operator-a", operators, "172.20.1.0/24", "a");
    public_table = fabric.add_route_table(myeks, "public").value();
    private_table = fabric.add_route_table(myeks, "private").value();
    done(fabric.add_route(public_table, Prefix(), VpcRouteTarget::internet_gateway()));
    done(fabric.add_route(fabric.vpc(operators).main_route_table, Prefix(),
                          VpcRouteTarget::internet_gateway()));
    done(fabric.associate(public_a, public_table));
    done(fabric.associate(public_b, public_table));
    done(fabric.associate(private_a, private_table));
    peering = fabric.add_peering({"myeks-operator", myeks, operators, true}).value();
    fabric.add_peering_routes(peering);
    open = open_group(myeks);
    operators_open = open_group(operators);
    internet_host =
        fabric.add_internet_host({"dns.google", {address("8.8.8.8")}, Nanoseconds(20'000'000), 0}).value();
    done(fabric.attach(internet_host, places.add("dns.google/eth0"), host("dns.google")));
  }

  static Prefix cidr(std::string_view text) { return *Prefix::parse(text); }
  static Ipv4Address address(std::string_view text) { return *Ipv4Address::parse(text); }
  static void done(const Outcome& outcome) {
    if (outcome) FAIL(outcome->found << ": " << to_string(outcome->refusal));
  }

  SubnetId subnet(std::string_view name, VpcId vpc, std::string_view range, std::string_view zone) {
    SubnetSpec spec;
    spec.name = name;
    spec.vpc = vpc;
    spec.cidr = cidr(range);
    spec.zone = zone;
    return fabric.add_subnet(spec).value();
  }
  SecurityGroupId open_group(VpcId vpc) {
    const auto group = fabric.add_security_group(vpc, "open", "").value();
    done(fabric.add_rule(group, {TrafficDirection::ingress, TrafficFilter::everything(), Prefix(), ""}));
    return group;
  }

  RecordingHost& host(std::string_view name) {
    for (auto& [known, host] : hosts_) {
      if (known == name) return host;
    }
    return hosts_.emplace_back(std::string(name), RecordingHost(engine)).second;
  }

  /// An instance with one ENI; its groups are open ones unless given.
  EniId instance(std::string_view name, SubnetId in, std::string_view primary,
                 std::vector<SecurityGroupId> groups = {}) {
    EniSpec spec;
    spec.name = name;
    spec.subnet = in;
    spec.address = address(primary);
    spec.security_groups = std::move(groups);
    if (spec.security_groups.empty())
      spec.security_groups = {fabric.subnet(in).vpc == myeks ? open : operators_open};
    const auto id = fabric.create_eni(spec);
    if (!id) FAIL(id.error().found);
    done(fabric.attach(id.value(), {places.add(std::string(name) + "/ens5"), &host(name), 0}));
    return id.value();
  }

  /// The host sends a packet to its subnet's router, and the world runs until all is quiet.
  void send(EniId from, std::string_view text) {
    send_to_mac(from, fabric.subnet(fabric.eni(from).subnet()).gateway_mac, text);
  }
  void send_to_mac(EniId from, const MacAddress& to, std::string_view text) {
    PacketRef sent = packet(pool, text);
    push_ethernet(*sent, to, fabric.eni(from).mac(), EtherType::ipv4);
    emit(fabric.eni(from), std::move(sent));
  }
  void send_from_internet(std::string_view text) {
    PacketRef sent = packet(pool, text);
    push_ethernet(*sent, Internet::gateway_mac, fabric.internet_host(internet_host).mac(), EtherType::ipv4);
    emit(fabric.internet_host(internet_host), std::move(sent));
  }
  void send_frame(EniId from, std::string_view text) { emit(fabric.eni(from), frame(pool, text)); }

  void emit(Receiver<PacketRef>& door, PacketRef sent) {
    Link<PacketRef> link(engine, Fabric::host_link(), door);
    sent_at = engine.now();
    const std::size_t bytes = sent->size();
    link.send(link, std::move(sent), bytes);
    engine.run();
  }
  void sleep(Nanoseconds time) { engine.run_until(engine.now() + time); }

  Engine engine;
  PacketPool pool;
  PlaceNames places;
  Fabric fabric;
  RecordingObserver observer;
  VpcId myeks, operators;
  SubnetId public_a, public_b, private_a, operator_a;
  VpcRouteTableId public_table, private_table;
  SecurityGroupId open, operators_open;
  PeeringId peering;
  InternetHostId internet_host;
  Nanoseconds sent_at;

 private:
  std::deque<std::pair<std::string, RecordingHost>> hosts_;
};

}  // namespace ekspath
