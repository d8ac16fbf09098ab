#pragma once

#include <array>
#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/shared_text.hh"
#include "sim/engine/engine.hh"
#include "sim/engine/random.hh"
#include "sim/linux/conntrack/conntrack.hh"
#include "sim/linux/fragment.hh"
#include "sim/linux/icmp_limits.hh"
#include "sim/linux/interface.hh"
#include "sim/linux/ip_id.hh"
#include "sim/linux/neighbour.hh"
#include "sim/linux/netfilter/netfilter.hh"
#include "sim/linux/routing/routing.hh"
#include "sim/linux/socket/sockets.hh"
#include "sim/linux/sysctl.hh"
#include "sim/packet/fate.hh"
#include "sim/packet/packet.hh"
#include "sim/packet/place.hh"

namespace ekspath {

class RuleStore;

/// Is told of each interface that comes to be: who captures everything wants the later ones, too.
class InterfaceBirths {
 public:
  virtual void born(Interface& interface) = 0;

 protected:
  ~InterfaceBirths() = default;
};

/// What all namespaces of a logical process share; read-only or its own.
struct Kernel {
  Engine& engine;
  PacketPool& pool;
  PlaceNames& places;
  RuleStore& rules;  // compiled rule sets, held once
  std::uint64_t seed = 0;
  std::int64_t epoch_ns = 0;          // wall clock of time zero, Unix nanoseconds: for texts with a date
  InterfaceBirths* births = nullptr;  // null: nobody asks
};

/// The counters of /proc/net/snmp and netstat that the facts name: those of every packet ...
struct SnmpTraffic {
  std::uint64_t ip_in_receives = 0, ip_in_delivers = 0, ip_out_requests = 0;
};
/// ... and those of routers and of what goes wrong.
struct SnmpEvents {
  std::uint64_t ip_forw_datagrams = 0, ip_in_hdr_errors = 0, ip_in_addr_errors = 0, ip_in_no_routes = 0,
                ip_out_discards = 0, ip_out_no_routes = 0, ip_reasm_fails = 0, ip_reasm_oks = 0,
                ip_frag_creates = 0, ip_frag_fails = 0, icmp_out_redirects = 0, icmp_out_errors = 0,
                icmp_out_rate_limit_host = 0, icmp_out_rate_limit_global = 0, icmp_in_csum_errors = 0,
                udp_no_ports = 0, udp_in_csum_errors = 0, tcp_in_csum_errors = 0, tcp_out_rsts = 0,
                tcp_retrans_segs = 0, ip_reverse_path_filter = 0, ip_martian = 0;
};

/// What most namespaces never need. With the identifications in front, which senders do.
struct alignas(64) Occasional {
  explicit Occasional(Netns& netns) : ip_ids(netns) {}

  IpIdentifiers ip_ids;
  SnmpEvents snmp;
  std::unique_ptr<Fragments> fragments;     // null until a fragment is to be reassembled
  std::unique_ptr<IcmpLimits> icmp_limits;  // null until an ICMP error is sent
  bool icmp_busy = false;                   // an ICMP packet of this host is on its way out: icmp_xmit_lock()
};

/// A network namespace: its interfaces, tables, connections, sockets and settings. Knows no Kubernetes and no
/// AWS. A pod's namespace without rules or traffic stays small: parts come to life when first needed. What
/// packets need of it stands in front, in three cache lines.
class alignas(64) Netns final : public Entity {
  std::uint32_t traces_ = 0;

 public:
  /// `name` as a user knows it: "pod1", "node1", "operator", "dns.google". lo exists and is up, with
  /// 127.0.0.1/8.
  Netns(const Kernel& kernel, SharedText name);
  ~Netns();

  [[nodiscard]] const SharedText& name() const { return name_; }
  [[nodiscard]] PlaceId place() const { return place_; }
  [[nodiscard]] Occasional& occasional() {
    if (!occasional_) [[unlikely]]
      occasional_ = std::make_unique<Occasional>(*this);
    return *occasional_;
  }
  [[nodiscard]] const Kernel& kernel() const { return *kernel_; }
  [[nodiscard]] PacketPool& pool() const { return kernel_->pool; }
  /// A new packet's trace id: (this namespace, its counter).
  [[nodiscard]] std::uint64_t next_trace() { return (std::uint64_t{id().value()} << 32) | ++traces_; }
  /// This namespace's stream for one purpose; draws made for one purpose do not move another's.
  [[nodiscard]] Random random(std::string_view purpose) const { return {kernel_->seed, name_, purpose}; }

  // `ip link`
  Interface& add_interface(const InterfaceName& name, InterfaceKind kind, const MacAddress& mac,
                           std::uint32_t mtu);
  /// Both ends of a veth, each in its namespace, not yet up.
  static void add_veth(Netns& a, const InterfaceName& name_a, const MacAddress& mac_a, Netns& b,
                       const InterfaceName& name_b, const MacAddress& mac_b, std::uint32_t mtu,
                       const LinkSpec& link);
  /// Both ends of a veth; frames on their way are dropped.
  void delete_interface(Interface& interface);
  void set_up(Interface& interface, bool up);
  [[nodiscard]] Interface* find_interface(std::string_view name);
  [[nodiscard]] const Interface* find_interface(std::string_view name) const;
  [[nodiscard]] Interface* interface(std::uint32_t index);
  [[nodiscard]] const Interface* interface(std::uint32_t index) const;
  [[nodiscard]] Interface& loopback() { return *interfaces_.front(); }
  /// In order of index.
  [[nodiscard]] std::vector<Interface*> interfaces() const;
  /// The same, without a copy. A pod has two.
  using Interfaces = boost::container::small_vector<std::unique_ptr<Interface>, 2>;
  [[nodiscard]] const Interfaces& owned_interfaces() const { return interfaces_; }

  // `ip addr`: with the local, broadcast and connected routes that the kernel adds. 0 or an errno.
  [[nodiscard]] int add_address(Interface& interface, const InterfaceAddress& address,
                                bool connected_route = true);
  [[nodiscard]] int delete_address(Interface& interface, Ipv4Address address);

  /// The tables come to life with the first rule.
  Netfilter& ensure_netfilter();
  Conntrack& ensure_conntrack();
  Sockets& ensure_sockets();

  void fire(const Event& event) override;
  void expect(const Event& event, unsigned stage) const override;
  /// Hints for packets: expect.cc
  void fetch() const;
  void expect_received(const Interface& in, const Packet& frame, unsigned stage) const;
  /// Event kinds of this entity, for the parts that arm timers on it.
  enum EventKind : std::uint32_t {
    neighbour_timer,
    fragment_timer,
    conntrack_timer,
    socket_timer,
    arp_proxy_timer
  };

  Observer* observer = nullptr;  // null: nobody looks
  std::unique_ptr<Sockets> sockets;
  std::unique_ptr<Netfilter> netfilter;
  std::unique_ptr<Conntrack> conntrack;
  Routing routing;
  Neighbours neighbours;
  SnmpTraffic snmp;

 private:
  void remove(Interface& interface);

  const Kernel* kernel_;
  std::unique_ptr<Occasional> occasional_;

 public:
  SysctlsOfNetns sysctls;

 private:
  Interfaces interfaces_;
  SharedText name_;
  PlaceId place_;
  std::uint32_t next_index_ = 1;
};
static_assert(sizeof(Netns) == 256);

}  // namespace ekspath
