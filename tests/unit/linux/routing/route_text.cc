#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cerrno>

#include "tests/support/linux/world.hh"

namespace ekspath {
namespace {

Ipv4Address ip(std::string_view text) { return *Ipv4Address::parse(text); }
Prefix net(std::string_view text) { return *Prefix::parse(text); }

struct Host {
  LinuxWorld world{"h(10.0.0.1) -- p"};
  Netns& netns = world["h"];
  Interface& e0 = world.at("h/e0");

  InterfaceAddress address(std::string_view text, std::uint8_t length) {
    InterfaceAddress own;
    own.address = ip(text);
    own.prefix_length = length;
    return own;
  }
  std::string routes(std::uint32_t table = route_table::main) const {
    std::string all;
    for (const Route& route : netns.routing.routes(table)) all += netns.routing.text(route) + "\n";
    return all;
  }
  std::string rules() const {
    std::string all;
    for (const PolicyRule& rule : netns.routing.rules()) all += netns.routing.text(rule) + "\n";
    return all;
  }
  int via(std::string_view prefix, std::string_view gateway, std::uint32_t metric = 0) {
    Route route;
    route.prefix = net(prefix);
    route.gateway = ip(gateway);
    route.metric = metric;
    return netns.routing.add_route(route_table::main, route);
  }
  int dev(std::string_view prefix) {
    Route route;
    route.prefix = net(prefix);
    route.out_interface = e0.index;
    route.scope = RouteScope::link;
    return netns.routing.add_route(route_table::main, route);
  }
  int typed(std::string_view prefix, RouteType type, std::uint32_t metric = 0) {
    Route route;
    route.prefix = net(prefix);
    route.type = type;
    route.metric = metric;
    return netns.routing.add_route(route_table::main, route);
  }
};

TEST_CASE("ip route lists by network, longer prefixes first, then metric, in iproute2's words") {
  Host host;
  CHECK(host.via("0.0.0.0/0", "10.0.0.254", 100) == 0);
  CHECK(host.via("0.0.0.0/0", "10.0.0.253") == 0);
  CHECK(host.via("10.0.0.0/8", "10.0.0.254") == 0);
  CHECK(host.via("10.0.0.0/16", "10.0.0.254", 5) == 0);
  CHECK(host.via("10.0.0.0/16", "10.0.0.253", 2) == 0);
  CHECK(host.dev("10.0.0.0/32") == 0);
  CHECK(host.dev("9.0.0.1/32") == 0);
  CHECK(host.typed("172.16.0.0/12", RouteType::blackhole) == 0);
  CHECK(host.typed("172.17.0.0/16", RouteType::unreachable, 7) == 0);
  CHECK(host.typed("172.18.0.0/16", RouteType::prohibit) == 0);
  CHECK(host.typed("172.19.0.0/16", RouteType::throw_) == 0);
  // observed: ip route of iproute2 6.1 after the same commands
  CHECK(host.routes() ==
        "default via 10.0.0.253 dev e0\n"
        "default via 10.0.0.254 dev e0 metric 100\n"
        "9.0.0.1 dev e0 scope link\n"
        "10.0.0.0 dev e0 scope link\n"
        "10.0.0.0/24 dev e0 proto kernel scope link src 10.0.0.1\n"
        "10.0.0.0/16 via 10.0.0.253 dev e0 metric 2\n"
        "10.0.0.0/16 via 10.0.0.254 dev e0 metric 5\n"
        "10.0.0.0/8 via 10.0.0.254 dev e0\n"
        "blackhole 172.16.0.0/12\n"
        "unreachable 172.17.0.0/16 metric 7\n"
        "prohibit 172.18.0.0/16\n"
        "throw 172.19.0.0/16\n");
}

TEST_CASE("an onlink gateway, a protocol, a source and an mtu stand where iproute2 prints them") {
  Host host;
  Route onlink;
  onlink.prefix = net("50.0.0.0/8");
  onlink.gateway = ip("99.0.0.1");
  onlink.out_interface = host.e0.index;
  onlink.onlink = true;
  onlink.protocol = RouteProtocol::static_;
  CHECK(host.netns.routing.text(onlink) == "50.0.0.0/8 via 99.0.0.1 dev e0 proto static onlink");
  Route dhcp;
  dhcp.gateway = ip("10.0.0.254");
  dhcp.out_interface = host.e0.index;
  dhcp.protocol = RouteProtocol::dhcp;
  dhcp.preferred_source = ip("10.0.0.1");
  dhcp.metric = 512;
  dhcp.mtu = 1400;
  CHECK(host.netns.routing.text(dhcp) ==
        "default via 10.0.0.254 dev e0 proto dhcp src 10.0.0.1 metric 512 mtu 1400");
}

TEST_CASE("an address brings its local, connected and broadcast routes") {
  Host host;
  CHECK(host.routes(route_table::local) ==
        "local 10.0.0.1 dev e0 proto kernel scope host src 10.0.0.1\n"
        "broadcast 10.0.0.255 dev e0 proto kernel scope link src 10.0.0.1\n"
        "local 127.0.0.0/8 dev lo proto kernel scope host src 127.0.0.1\n"
        "local 127.0.0.1 dev lo proto kernel scope host src 127.0.0.1\n"
        "broadcast 127.255.255.255 dev lo proto kernel scope link src 127.0.0.1\n");
}

TEST_CASE("a second address of a subnet is secondary: its local route names the primary as the source") {
  Host host;
  CHECK(host.netns.add_address(host.e0, host.address("10.0.0.2", 24)) == 0);
  CHECK(host.netns.add_address(host.e0, host.address("10.0.0.2", 24)) == EEXIST);
  CHECK(host.e0.addresses.back().secondary);
  CHECK(
      host.routes(route_table::local).find("local 10.0.0.2 dev e0 proto kernel scope host src 10.0.0.1\n") !=
      std::string::npos);
  // A primary of another subnet comes before the secondaries.
  CHECK(host.netns.add_address(host.e0, host.address("10.0.1.1", 24)) == 0);
  CHECK(host.e0.addresses.back().address == ip("10.0.0.2"));
}

TEST_CASE("deleting a primary address deletes its secondaries; routes by a gateway stay") {
  Host host;
  CHECK(host.netns.add_address(host.e0, host.address("10.0.0.2", 24)) == 0);
  CHECK(host.netns.add_address(host.e0, host.address("10.0.1.1", 24)) == 0);
  CHECK(host.via("66.0.0.0/8", "10.0.0.9") == 0);
  CHECK(host.netns.delete_address(host.e0, ip("10.0.0.1")) == 0);
  CHECK(host.e0.addresses.size() == 1);
  CHECK(host.routes() ==
        "10.0.1.0/24 dev e0 proto kernel scope link src 10.0.1.1\n66.0.0.0/8 via 10.0.0.9 dev e0\n");
  CHECK(host.routes(route_table::local).find("10.0.0.") == std::string::npos);
}

TEST_CASE(
    "the last address gone takes every route of the interface along, and an address those that prefer it") {
  Host host;
  CHECK(host.netns.add_address(host.e0, host.address("10.9.0.1", 16)) == 0);
  CHECK(host.dev("67.0.0.0/8") == 0);
  Route preferring;
  preferring.prefix = net("68.0.0.0/8");
  preferring.out_interface = host.e0.index;
  preferring.preferred_source = ip("10.9.0.1");
  CHECK(host.netns.routing.add_route(2, preferring) == 0);
  CHECK(host.netns.delete_address(host.e0, ip("10.9.0.1")) == 0);
  CHECK(host.routes(2).empty());
  CHECK(host.routes() ==
        "10.0.0.0/24 dev e0 proto kernel scope link src 10.0.0.1\n67.0.0.0/8 dev e0 scope link\n");
  CHECK(host.netns.delete_address(host.e0, ip("10.0.0.1")) == 0);
  CHECK(host.routes().empty());
  CHECK(host.netns.delete_address(host.e0, ip("10.0.0.1")) == EADDRNOTAVAIL);
}

TEST_CASE(
    "an interface that goes down loses its routes of all tables but the local ones, and gets back the "
    "connected") {
  Host host;
  CHECK(host.via("0.0.0.0/0", "10.0.0.254") == 0);
  Route other;
  other.prefix = net("1.0.0.0/8");
  other.out_interface = host.e0.index;
  CHECK(host.netns.routing.add_route(7, other) == 0);
  host.netns.set_up(host.e0, false);
  CHECK(host.routes().empty());
  CHECK(host.routes(7).empty());
  CHECK(host.routes(route_table::local).starts_with("local 10.0.0.1 dev e0 "));
  CHECK(host.routes(route_table::local).find("broadcast 10.0.0.255") == std::string::npos);
  host.netns.set_up(host.e0, true);
  CHECK(host.routes() == "10.0.0.0/24 dev e0 proto kernel scope link src 10.0.0.1\n");
}

TEST_CASE("a route without carrier is marked linkdown") {
  Host host;
  host.world["p"].set_up(host.world.at("p/e0"), false);
  CHECK(host.routes() == "10.0.0.0/24 dev e0 proto kernel scope link src 10.0.0.1 linkdown\n");
}

TEST_CASE("routes are refused with the errno that ip prints") {
  Host host;
  CHECK(host.via("1.0.0.0/8", "10.0.0.254") == 0);
  CHECK(host.via("1.0.0.0/8", "10.0.0.253") == EEXIST);
  CHECK(host.via("2.0.0.0/8", "99.0.0.1") == ENETUNREACH);
  CHECK(host.via("3.0.0.0/8", "1.0.0.1") == ENETUNREACH);  // a gateway behind a gateway is no neighbour
  Route nowhere;
  nowhere.prefix = net("4.0.0.0/8");
  nowhere.out_interface = 77;
  CHECK(host.netns.routing.add_route(route_table::main, nowhere) == ENODEV);
  nowhere.out_interface = host.e0.index;
  nowhere.preferred_source = ip("8.8.8.8");
  CHECK(host.netns.routing.add_route(route_table::main, nowhere) == EINVAL);
  nowhere.preferred_source = {};
  host.netns.set_up(host.e0, false);
  CHECK(host.netns.routing.add_route(route_table::main, nowhere) == ENETDOWN);
  CHECK(host.netns.routing.delete_route(route_table::main, nowhere) == ESRCH);
}

TEST_CASE("ip rule prints each selector and action as iproute2 does, and orders by preference, then age") {
  Host host;
  const auto add = [&](auto fill, bool with_priority = true) {
    PolicyRule rule;
    rule.protocol = RouteProtocol::boot;
    fill(rule);
    return host.netns.routing.add_rule(rule, with_priority);
  };
  CHECK(add(
            [](PolicyRule& r) {
              r.from = net("10.0.0.0/8");
              r.table = 100;
            },
            false) == 0);
  CHECK(add([](PolicyRule& r) {
          r.to = net("1.2.3.4/32");
          r.table = 254;
          r.priority = 512;
        }) == 0);
  CHECK(add([](PolicyRule& r) {
          r.to = net("1.2.3.3/32");
          r.table = 254;
          r.priority = 512;
        }) == 0);
  CHECK(add([](PolicyRule& r) {
          r.invert = true;
          r.fwmark = 1;
          r.fwmask = 0xffffffff;
          r.table = 100;
          r.priority = 600;
        }) == 0);
  CHECK(add([](PolicyRule& r) {
          r.fwmark = r.fwmask = 0x80;
          r.table = 254;
          r.priority = 601;
        }) == 0);
  CHECK(add([](PolicyRule& r) {
          r.iif = "e0";
          r.table = 2;
          r.priority = 602;
        }) == 0);
  CHECK(add([](PolicyRule& r) {
          r.oif = "e0";
          r.tos = 0x10;
          r.table = 2;
          r.priority = 603;
        }) == 0);
  CHECK(add([](PolicyRule& r) {
          r.table = 254;
          r.suppress_prefix_length = 0;
          r.priority = 604;
        }) == 0);
  CHECK(add([](PolicyRule& r) {
          r.from = net("5.5.5.5/32");
          r.action = PolicyRule::Action::unreachable;
          r.priority = 605;
        }) == 0);
  CHECK(add([](PolicyRule& r) {
          r.iif = "gone";
          r.table = 8;
          r.priority = 700;
        }) == 0);
  CHECK(add([](PolicyRule& r) {
          r.protocol = RouteProtocol::static_;
          r.table = 8;
          r.priority = 701;
        }) == 0);
  CHECK(add([](PolicyRule& r) { r.table = route_table::default_; }, false) == 0);
  CHECK(host.rules() ==
        "0:\tfrom all lookup local\n"
        "511:\tfrom all lookup default\n"
        "512:\tfrom all to 1.2.3.4 lookup main\n"
        "512:\tfrom all to 1.2.3.3 lookup main\n"
        "600:\tnot from all fwmark 0x1 lookup 100\n"
        "601:\tfrom all fwmark 0x80/0x80 lookup main\n"
        "602:\tfrom all iif e0 lookup 2\n"
        "603:\tfrom all tos 0x10 oif e0 lookup 2\n"
        "604:\tfrom all lookup main suppress_prefixlength 0\n"
        "605:\tfrom 5.5.5.5 unreachable\n"
        "700:\tfrom all iif gone [detached] lookup 8\n"
        "701:\tfrom all lookup 8 proto static\n"
        "32765:\tfrom 10.0.0.0/8 lookup 100\n"
        "32766:\tfrom all lookup main\n"
        "32767:\tfrom all lookup default\n");
  CHECK(add([](PolicyRule& r) {
          r.to = net("1.2.3.4/32");
          r.table = 254;
          r.priority = 512;
        }) == EEXIST);
}

TEST_CASE("ip rule del takes the first rule that fits what is given") {
  Host host;
  PolicyRule rule;
  rule.priority = 512;
  rule.table = route_table::main;
  rule.to = net("1.2.3.4/32");
  CHECK(host.netns.routing.add_rule(rule) == 0);
  rule.to = net("1.2.3.5/32");
  CHECK(host.netns.routing.add_rule(rule) == 0);
  PolicyRule wanted;
  wanted.priority = 512;
  CHECK(host.netns.routing.delete_rule(wanted) == 0);
  CHECK(host.rules().find("1.2.3.4") == std::string::npos);
  CHECK(host.rules().find("1.2.3.5") != std::string::npos);
  wanted.priority = 5120;
  CHECK(host.netns.routing.delete_rule(wanted) == ENOENT);
}

}  // namespace
}  // namespace ekspath
