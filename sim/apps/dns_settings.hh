#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/base/ipv4_address.hh"
#include "sim/base/nanoseconds.hh"
#include "sim/packet/dns_name.hh"

namespace ekspath {

/// /etc/resolv.conf as glibc understands it. glibc 2.34 resolv/res_init.c res_vinit_1(): of `search` and
/// `domain` the last line counts, at most three name servers, values beyond the limits are cut to them.
/// What it does not know it skips, as glibc does. Of the options, rotate, edns0, trust-ad, inet6 and
/// no-tld-query are not modelled.
struct ResolvConf {
  std::vector<Ipv4Address> nameservers;  // none given: 127.0.0.1
  std::vector<DnsName> search;
  unsigned ndots = 1;
  Nanoseconds timeout = Nanoseconds(5'000'000'000);
  unsigned attempts = 2;
  bool single_request = false;         // A, its answer, then AAAA
  bool single_request_reopen = false;  // the same, each from its own socket
  bool use_tcp = false;                // use-vc
};
[[nodiscard]] ResolvConf parse_resolv_conf(std::string_view text);

/// A line of /etc/hosts.
struct HostsLine {
  std::string address;             // as it is written
  std::vector<std::string> names;  // the canonical one first
};
[[nodiscard]] std::vector<HostsLine> parse_hosts_file(std::string_view text);

}  // namespace ekspath
