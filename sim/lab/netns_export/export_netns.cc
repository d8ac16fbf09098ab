#include "sim/lab/netns_export/export_netns.hh"

#include "sim/lab/netns_export/netns_text.hh"
#include "sim/lab/netns_export/scripts.hh"

namespace ekspath {
namespace {

std::string role_of(const Host& host) {
  switch (host.kind) {
    case HostKind::pod:
      return fmt::format("pod on {}", host.node);
    case HostKind::node:
      return fmt::format("node {}", host.host_name);
    case HostKind::instance:
      return fmt::format("instance {}", host.host_name);
    case HostKind::internet:
      return "host of the internet";
  }
  return {};
}

std::string programs_of(const Scenario& scenario, const std::string& host) {
  std::vector<std::string> programs;
  const auto add = [&](const auto& entries) {
    for (const auto& entry : entries) {
      if (*entry.name != host) continue;
      for (const Listen& listen : entry.listens) {
        programs.push_back(fmt::format(
            "{} on {}", server_kind_names()[static_cast<std::size_t>(*listen.serves)], *listen.port));
      }
    }
  };
  add(scenario.instances);
  add(scenario.internet_hosts);
  if (scenario.cluster) add(scenario.cluster->pods);
  return fmt::format("{}", fmt::join(programs, ", "));
}

std::string host_rows(const World& world, const Scenario& scenario) {
  std::string rows;
  for (const auto& host : world.hosts()) {
    if (host->netns->name() != host->name) continue;  // a hostNetwork pod is in its node's
    std::string addresses = fmt::format("{}", host->address);
    if (!host->public_address.is_unspecified() && host->public_address != host->address) {
      addresses += fmt::format(", public {}", host->public_address);
    }
    rows += fmt::format("| `{}` | {} | {} | {} |\n", host->name, role_of(*host), addresses,
                        programs_of(scenario, host->name));
  }
  return rows;
}

std::string readme(const World& world, const Scenario& scenario, const FabricText& fabric) {
  const std::string variant = scenario.variant.empty() ? "" : fmt::format(" ({})", scenario.variant);
  std::string text = fmt::format("# {}{} at {}\n", *scenario.metadata.name, variant, world.now());
  text += netns_export::usage;
  text += host_rows(world, scenario);
  text += "\n## Fabric\n\n";
  for (const NetnsText& router : fabric.namespaces) text += fmt::format("- `{}`\n", router.name);
  return text + std::string(netns_export::lacks);
}

/// Every host of the internet has its name; the simulated hosts know them so, too.
std::string hosts_file(const World& world) {
  std::string text = "127.0.0.1 localhost\n";
  for (const auto& host : world.hosts()) {
    if (host->kind == HostKind::internet) text += fmt::format("{} {}\n", host->address, host->name);
  }
  return text;
}

std::string names_file(const World& world, const FabricText& fabric) {
  std::string text;
  for (const auto& netns : world.namespaces()) text += fmt::format("{}\n", netns->name());
  for (const NetnsText& router : fabric.namespaces) text += router.name + "\n";
  return text;
}

void add_namespace(const NetnsText& netns, std::vector<ExportedFile>& files) {
  const std::string folder = fmt::format("namespaces/{}/", netns.name);
  files.push_back({folder + "sysctl", netns.sysctls});
  files.push_back({folder + "ip", netns.ip});
  if (!netns.iptables.empty()) files.push_back({folder + "iptables", netns.iptables});
  if (!netns.ipset.empty()) files.push_back({folder + "ipset", netns.ipset});
}

}  // namespace

std::vector<ExportedFile> export_netns(const World& world, const Scenario& scenario,
                                       Diagnostics& diagnostics) {
  std::vector<ExportedFile> files;
  const FabricText fabric = fabric_text(world);
  for (const auto& netns : world.namespaces()) add_namespace(netns_text(*netns), files);
  for (const NetnsText& router : fabric.namespaces) add_namespace(router, files);
  files.push_back({"names", names_file(world, fabric)});
  files.push_back({"links", veth_links(world, diagnostics) + fabric.links});
  files.push_back({"hosts", hosts_file(world)});
  files.push_back({"resolv.conf", "# Names are those of /etc/hosts: nothing answers DNS here.\n"});
  files.push_back({"configure.sh", std::string(netns_export::configure)});
  files.push_back({"up.sh", std::string(netns_export::up), true});
  files.push_back({"down.sh", std::string(netns_export::down), true});
  files.push_back({"README.md", readme(world, scenario, fabric)});
  if (!diagnostics.ok()) files.clear();
  return files;
}

}  // namespace ekspath
