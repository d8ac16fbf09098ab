#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ekspath {

class Netns;

/// net.ipv4.conf.NAME.*: of `all`, `default` and each interface.
struct InterfaceSysctls {
  std::uint8_t rp_filter = 0;
  std::uint8_t arp_ignore = 0;
  std::uint8_t arp_announce = 0;
  bool forwarding = false;
  bool accept_local = false;
  bool accept_redirects = true;
  bool send_redirects = true;
  bool route_localnet = false;
  bool src_valid_mark = false;
  bool proxy_arp = false;
};

/// The values of a namespace that the data path reads; names and defaults as Linux 6.1 has them
/// (Documentation/networking/ ip-sysctl.rst, nf_conntrack-sysctl.rst). Reading and writing by name is for
/// commands only.
struct Sysctls {
  InterfaceSysctls all;
  InterfaceSysctls defaults;
  bool ip_forward = false;
  std::uint8_t ip_default_ttl = 64;
  bool icmp_echo_ignore_all = false;
  bool icmp_errors_use_inbound_ifaddr = false;
  bool fwmark_reflect = false;
  bool ip_no_pmtu_disc = false;
  std::uint32_t icmp_ratelimit = 1000;  // ms
  std::uint32_t icmp_ratemask = 6168;
  std::uint32_t icmp_msgs_per_sec = 1000;
  std::uint32_t icmp_msgs_burst = 50;
  std::uint16_t local_port_low = 32768;
  std::uint16_t local_port_high = 60999;
  std::uint32_t tcp_syn_retries = 6;
  std::uint32_t tcp_synack_retries = 5;
  std::uint32_t tcp_retries2 = 15;
  std::uint32_t tcp_fin_timeout = 60;  // s
  bool tcp_timestamps = true;
  bool tcp_sack = true;
  bool tcp_window_scaling = true;
  bool tcp_early_demux = true;     // kept and shown; changes no packet
  std::uint32_t ipfrag_time = 30;  // s
  // netfilter; timeouts in seconds
  std::uint32_t nf_conntrack_max = 262144;
  std::uint32_t nf_conntrack_buckets = 262144;
  bool nf_conntrack_checksum = true;
  bool nf_conntrack_tcp_be_liberal = false;
  bool nf_conntrack_tcp_loose = true;
  std::uint32_t ct_generic_timeout = 600;
  std::uint32_t ct_icmp_timeout = 30;
  std::uint32_t ct_udp_timeout = 30;
  std::uint32_t ct_udp_timeout_stream = 120;
  std::uint32_t ct_gre_timeout = 30;
  std::uint32_t ct_gre_timeout_stream = 180;
  std::uint32_t ct_tcp_timeout_syn_sent = 120;
  std::uint32_t ct_tcp_timeout_syn_recv = 60;
  std::uint32_t ct_tcp_timeout_established = 432000;
  std::uint32_t ct_tcp_timeout_fin_wait = 120;
  std::uint32_t ct_tcp_timeout_close_wait = 60;
  std::uint32_t ct_tcp_timeout_last_ack = 30;
  std::uint32_t ct_tcp_timeout_time_wait = 120;
  std::uint32_t ct_tcp_timeout_close = 10;
  std::uint32_t ct_tcp_timeout_unacknowledged = 300;
  std::uint32_t ct_tcp_timeout_max_retrans = 300;
};

/// The values of one namespace. They are its own from the first that is written on: until then they are the
/// kernel's defaults, or those of a distribution, which are in memory once.
class SysctlsOfNetns {
 public:
  [[nodiscard]] const Sysctls* operator->() const { return values_; }
  [[nodiscard]] const Sysctls& operator*() const { return *values_; }
  [[nodiscard]] Sysctls& write();
  /// All of them are those of `lasting`, which outlives the namespace.
  void become(const Sysctls& lasting);

 private:
  [[nodiscard]] static const Sysctls& kernel_defaults();

  const Sysctls* values_ = &kernel_defaults();
  std::unique_ptr<Sysctls> own_;
};

/// 0, or an errno: ENOENT for an unknown name, EINVAL for a value it does not take. Names as sysctl(8) has
/// them, with dots or slashes: "net.ipv4.conf.ens5.rp_filter". net.ipv4.ip_forward and conf.all.forwarding
/// set every interface, as Linux does.
[[nodiscard]] int write_sysctl(Netns& netns, std::string_view name, std::string_view value);
[[nodiscard]] std::optional<std::string> read_sysctl(const Netns& netns, std::string_view name);
/// Every known name, sorted, for `sysctl -a` and near misses.
[[nodiscard]] std::vector<std::string> sysctl_names(const Netns& netns);

}  // namespace ekspath
