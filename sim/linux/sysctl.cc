#include "sim/linux/sysctl.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <limits>
#include <memory>
#include <type_traits>
#include <variant>

#include "sim/linux/netns.hh"

namespace ekspath {
namespace {

using NamespaceMember = std::variant<bool Sysctls::*, std::uint8_t Sysctls::*, std::uint32_t Sysctls::*>;
using InterfaceMember = std::variant<bool InterfaceSysctls::*, std::uint8_t InterfaceSysctls::*>;

template <class Member>
struct Named {
  std::string_view name;
  Member member;
};

constexpr std::array<Named<NamespaceMember>, 41> namespace_names{{
    {"net.ipv4.fwmark_reflect", &Sysctls::fwmark_reflect},
    {"net.ipv4.icmp_echo_ignore_all", &Sysctls::icmp_echo_ignore_all},
    {"net.ipv4.icmp_errors_use_inbound_ifaddr", &Sysctls::icmp_errors_use_inbound_ifaddr},
    {"net.ipv4.icmp_msgs_burst", &Sysctls::icmp_msgs_burst},
    {"net.ipv4.icmp_msgs_per_sec", &Sysctls::icmp_msgs_per_sec},
    {"net.ipv4.icmp_ratelimit", &Sysctls::icmp_ratelimit},
    {"net.ipv4.icmp_ratemask", &Sysctls::icmp_ratemask},
    {"net.ipv4.ip_default_ttl", &Sysctls::ip_default_ttl},
    {"net.ipv4.ip_forward", &Sysctls::ip_forward},
    {"net.ipv4.ip_no_pmtu_disc", &Sysctls::ip_no_pmtu_disc},
    {"net.ipv4.ipfrag_time", &Sysctls::ipfrag_time},
    {"net.ipv4.tcp_early_demux", &Sysctls::tcp_early_demux},
    {"net.ipv4.tcp_fin_timeout", &Sysctls::tcp_fin_timeout},
    {"net.ipv4.tcp_retries2", &Sysctls::tcp_retries2},
    {"net.ipv4.tcp_sack", &Sysctls::tcp_sack},
    {"net.ipv4.tcp_syn_retries", &Sysctls::tcp_syn_retries},
    {"net.ipv4.tcp_synack_retries", &Sysctls::tcp_synack_retries},
    {"net.ipv4.tcp_timestamps", &Sysctls::tcp_timestamps},
    {"net.ipv4.tcp_window_scaling", &Sysctls::tcp_window_scaling},
    {"net.netfilter.nf_conntrack_buckets", &Sysctls::nf_conntrack_buckets},
    {"net.netfilter.nf_conntrack_checksum", &Sysctls::nf_conntrack_checksum},
    {"net.netfilter.nf_conntrack_generic_timeout", &Sysctls::ct_generic_timeout},
    {"net.netfilter.nf_conntrack_gre_timeout", &Sysctls::ct_gre_timeout},
    {"net.netfilter.nf_conntrack_gre_timeout_stream", &Sysctls::ct_gre_timeout_stream},
    {"net.netfilter.nf_conntrack_icmp_timeout", &Sysctls::ct_icmp_timeout},
    {"net.netfilter.nf_conntrack_max", &Sysctls::nf_conntrack_max},
    {"net.netfilter.nf_conntrack_tcp_be_liberal", &Sysctls::nf_conntrack_tcp_be_liberal},
    {"net.netfilter.nf_conntrack_tcp_loose", &Sysctls::nf_conntrack_tcp_loose},
    {"net.netfilter.nf_conntrack_tcp_timeout_close", &Sysctls::ct_tcp_timeout_close},
    {"net.netfilter.nf_conntrack_tcp_timeout_close_wait", &Sysctls::ct_tcp_timeout_close_wait},
    {"net.netfilter.nf_conntrack_tcp_timeout_established", &Sysctls::ct_tcp_timeout_established},
    {"net.netfilter.nf_conntrack_tcp_timeout_fin_wait", &Sysctls::ct_tcp_timeout_fin_wait},
    {"net.netfilter.nf_conntrack_tcp_timeout_last_ack", &Sysctls::ct_tcp_timeout_last_ack},
    {"net.netfilter.nf_conntrack_tcp_timeout_max_retrans", &Sysctls::ct_tcp_timeout_max_retrans},
    {"net.netfilter.nf_conntrack_tcp_timeout_syn_recv", &Sysctls::ct_tcp_timeout_syn_recv},
    {"net.netfilter.nf_conntrack_tcp_timeout_syn_sent", &Sysctls::ct_tcp_timeout_syn_sent},
    {"net.netfilter.nf_conntrack_tcp_timeout_time_wait", &Sysctls::ct_tcp_timeout_time_wait},
    {"net.netfilter.nf_conntrack_tcp_timeout_unacknowledged", &Sysctls::ct_tcp_timeout_unacknowledged},
    {"net.netfilter.nf_conntrack_udp_timeout", &Sysctls::ct_udp_timeout},
    {"net.netfilter.nf_conntrack_udp_timeout_stream", &Sysctls::ct_udp_timeout_stream},
    {"net.nf_conntrack_max", &Sysctls::nf_conntrack_max},
}};

constexpr std::array<Named<InterfaceMember>, 10> interface_names{{
    {"accept_local", &InterfaceSysctls::accept_local},
    {"accept_redirects", &InterfaceSysctls::accept_redirects},
    {"arp_announce", &InterfaceSysctls::arp_announce},
    {"arp_ignore", &InterfaceSysctls::arp_ignore},
    {"forwarding", &InterfaceSysctls::forwarding},
    {"proxy_arp", &InterfaceSysctls::proxy_arp},
    {"route_localnet", &InterfaceSysctls::route_localnet},
    {"rp_filter", &InterfaceSysctls::rp_filter},
    {"send_redirects", &InterfaceSysctls::send_redirects},
    {"src_valid_mark", &InterfaceSysctls::src_valid_mark},
}};

constexpr std::string_view port_range_name = "net.ipv4.ip_local_port_range";
constexpr std::string_view conf_prefix = "net.ipv4.conf.";

/// sysctl(8): when the first separator is a slash, slashes separate and dots belong to names
/// ("net/ipv4/conf/eth0.100/...").
std::string dotted(std::string_view name) {
  std::string normal(name);
  const std::size_t first = normal.find_first_of("./");
  if (first == std::string::npos || normal[first] == '.') return normal;
  for (char& c : normal) c = c == '/' ? '.' : c == '.' ? '/' : c;
  return normal;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\n";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::optional<std::uint32_t> number(std::string_view text) {
  text = trimmed(text);
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

template <class Owner, class Member>
int write_member(Owner& owner, const Member& member, std::string_view text) {
  const std::optional<std::uint32_t> value = number(text);
  if (!value) return EINVAL;
  return std::visit(
      [&](auto pointer) {
        using Value = std::remove_reference_t<decltype(owner.*pointer)>;
        if constexpr (std::is_same_v<Value, bool>) {
          owner.*pointer = *value != 0;
        } else {
          if (*value > std::numeric_limits<Value>::max()) return EINVAL;
          owner.*pointer = static_cast<Value>(*value);
        }
        return 0;
      },
      member);
}

template <class Owner, class Member>
std::string read_member(const Owner& owner, const Member& member) {
  return std::visit([&](auto pointer) { return std::to_string(static_cast<std::uint32_t>(owner.*pointer)); },
                    member);
}

/// Linux 6.1 net/ipv4/devinet.c inet_forward_change(): the switch for all is each interface's, and the
/// default's.
void forward_on_all(Netns& netns, bool on) {
  Sysctls& values = netns.sysctls.write();
  values.ip_forward = values.all.forwarding = values.defaults.forwarding = on;
  for (const auto& interface : netns.owned_interfaces()) interface->conf.forwarding = on;
}

int write_port_range(Sysctls& sysctls, std::string_view text) {
  text = trimmed(text);
  const std::size_t blank = text.find_first_of(" \t");
  if (blank == std::string_view::npos) return EINVAL;
  const auto low = number(text.substr(0, blank));
  const auto high = number(text.substr(blank));
  if (!low || !high || *low == 0 || *high > 65535 || *low > *high) return EINVAL;
  sysctls.local_port_low = static_cast<std::uint16_t>(*low);
  sysctls.local_port_high = static_cast<std::uint16_t>(*high);
  return 0;
}

/// "NAME.KEY" behind net.ipv4.conf.: whose values, and which.
struct ConfName {
  const InterfaceSysctls* owner = nullptr;
  const Named<InterfaceMember>* key = nullptr;
};
ConfName find_conf(const Netns& netns, std::string_view rest) {
  ConfName found;
  const std::size_t dot = rest.rfind('.');
  if (dot == std::string_view::npos) return found;
  std::string device(rest.substr(0, dot));
  std::replace(device.begin(), device.end(), '/', '.');
  for (const auto& each : interface_names) {
    if (each.name == rest.substr(dot + 1)) found.key = &each;
  }
  if (device == "all") {
    found.owner = &netns.sysctls->all;
  } else if (device == "default") {
    found.owner = &netns.sysctls->defaults;
  } else if (const Interface* interface = netns.find_interface(device)) {
    found.owner = &interface->conf;
  }
  return found;
}

}  // namespace

const Sysctls& SysctlsOfNetns::kernel_defaults() {
  static const Sysctls values;
  return values;
}

Sysctls& SysctlsOfNetns::write() {
  if (!own_) {
    own_ = std::make_unique<Sysctls>(*values_);
    values_ = own_.get();
  }
  return *own_;
}

void SysctlsOfNetns::become(const Sysctls& lasting) {
  values_ = &lasting;
  own_.reset();
}

int write_sysctl(Netns& netns, std::string_view name, std::string_view value) {
  const std::string wanted = dotted(name);
  Sysctls& values = netns.sysctls.write();
  if (wanted == port_range_name) return write_port_range(values, value);
  if (wanted.starts_with(conf_prefix)) {
    const ConfName found = find_conf(netns, std::string_view(wanted).substr(conf_prefix.size()));
    if (found.owner == nullptr || found.key == nullptr) return ENOENT;
    const int error = write_member(const_cast<InterfaceSysctls&>(*found.owner), found.key->member, value);
    if (error == 0 && found.owner == &values.all && found.key->name == "forwarding") {
      forward_on_all(netns, values.all.forwarding);
    }
    return error;
  }
  for (const auto& each : namespace_names) {
    if (each.name != wanted) continue;
    const int error = write_member(values, each.member, value);
    if (error == 0 && wanted == "net.ipv4.ip_forward") forward_on_all(netns, values.ip_forward);
    return error;
  }
  return ENOENT;
}

std::optional<std::string> read_sysctl(const Netns& netns, std::string_view name) {
  const std::string wanted = dotted(name);
  if (wanted == port_range_name) {
    return std::to_string(netns.sysctls->local_port_low) + "\t" +
           std::to_string(netns.sysctls->local_port_high);
  }
  if (wanted.starts_with(conf_prefix)) {
    const ConfName found = find_conf(netns, std::string_view(wanted).substr(conf_prefix.size()));
    if (found.owner == nullptr || found.key == nullptr) return std::nullopt;
    return read_member(*found.owner, found.key->member);
  }
  for (const auto& each : namespace_names) {
    if (each.name == wanted) return read_member(*netns.sysctls, each.member);
  }
  return std::nullopt;
}

std::vector<std::string> sysctl_names(const Netns& netns) {
  std::vector<std::string> names{std::string(port_range_name)};
  for (const auto& each : namespace_names) names.emplace_back(each.name);
  std::vector<std::string> devices{"all", "default"};
  for (const auto& interface : netns.owned_interfaces()) {
    // As sysctl prints them: a dot of the interface's own is a slash.
    std::string device = interface->name;
    std::replace(device.begin(), device.end(), '.', '/');
    devices.push_back(std::move(device));
  }
  for (const std::string& device : devices) {
    for (const auto& each : interface_names) {
      names.push_back(std::string(conf_prefix) + device + "." + std::string(each.name));
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace ekspath
