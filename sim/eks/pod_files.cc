#include "sim/eks/pod_files.hh"

#include <fmt/format.h>

#include <algorithm>

#include "sim/apps/dns_settings.hh"

namespace ekspath {
namespace {

constexpr std::string_view cluster_domain = "cluster.local";
constexpr std::size_t most_nameservers = 3;  // validation.MaxDNSNameservers

struct PodDns {
  std::vector<Ipv4Address> nameservers;
  std::vector<std::string> searches;
  std::vector<std::string> options;
};

template <class T>
void append_new(std::vector<T>& to, const T& value) {
  if (std::ranges::find(to, value) == to.end()) to.push_back(value);
}

PodDns of_node(std::string_view text) {
  const ResolvConf conf = parse_resolv_conf(text);
  PodDns dns{conf.nameservers, {}, {}};
  for (const DnsName& domain : conf.search) dns.searches.push_back(domain.relative_text());
  return dns;
}

/// generateSearchesForDNSClusterFirst()
PodDns of_cluster(const PodNaming& naming) {
  PodDns dns{{naming.cluster_dns}, {}, {"ndots:5"}};
  append_new(dns.searches, fmt::format("{}.svc.{}", naming.name_space, cluster_domain));
  append_new(dns.searches, fmt::format("svc.{}", cluster_domain));
  append_new(dns.searches, std::string(cluster_domain));
  for (const std::string& domain : of_node(naming.node_resolv_conf).searches)
    append_new(dns.searches, domain);
  return dns;
}

/// appendDNSConfig(): an option of the pod's takes the place of one of the same name.
void add(PodDns& dns, const DnsConfigSpec& config) {
  for (const Ipv4Address server : config.nameservers) append_new(dns.nameservers, server);
  for (const std::string& domain : config.searches) append_new(dns.searches, domain);
  for (const auto& [name, value] : config.options) {
    std::erase_if(dns.options,
                  [&](const std::string& option) { return option.substr(0, option.find(':')) == name; });
    dns.options.push_back(value.empty() ? name : fmt::format("{}:{}", name, value));
  }
  if (dns.nameservers.size() > most_nameservers) dns.nameservers.resize(most_nameservers);
}

}  // namespace

std::string pod_resolv_conf(const PodShape& spec, const PodNaming& naming) {
  const bool by_cluster = spec.dns_policy == DnsPolicy::cluster_first_with_host_net ||
                          (spec.dns_policy == DnsPolicy::cluster_first && !spec.host_network);
  PodDns dns;
  if (by_cluster) {
    dns = of_cluster(naming);
  } else if (spec.dns_policy != DnsPolicy::none) {
    dns = of_node(naming.node_resolv_conf);
  }
  add(dns, spec.dns_config);
  std::string text;
  if (!dns.searches.empty()) text += fmt::format("search {}\n", fmt::join(dns.searches, " "));
  for (const Ipv4Address server : dns.nameservers) text += fmt::format("nameserver {}\n", server);
  if (!dns.options.empty()) text += fmt::format("options {}\n", fmt::join(dns.options, " "));
  return text;
}

std::string HostsFile::text() const {
  const std::string own = names.empty() ? std::string() : fmt::format("{}\t{}\n", address, names);
  return *common + own + *more;
}

HostsFile pod_hosts_file(const PodShape& spec, const PodNaming& naming, const SharedText& host_name,
                         Ipv4Address address) {
  if (spec.host_network)
    return {
        fmt::format("# Kubernetes-managed hosts file (host network).\n{}", naming.node_hosts), {}, {}, {}};
  static const Shared<std::string> common(
      "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
      "fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n");
  if (spec.subdomain.empty()) return {common, address, host_name, {}};
  const std::string domain = fmt::format("{}.{}.svc.{}", spec.subdomain, naming.name_space, cluster_domain);
  return {common, address, fmt::format("{}.{}\t{}", host_name, domain, host_name), {}};
}

}  // namespace ekspath
