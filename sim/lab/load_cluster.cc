#include <algorithm>

#include "sim/eks/cni_settings.hh"
#include "sim/eks/ipamd_settings.hh"
#include "sim/lab/load_sections.hh"

namespace ekspath {
namespace {

/// The variables of facts/vpc-cni.md section 7 that the simulated CNI does not read, with the value that they
/// have anyway: to set them to that is no lie, to set them to something else would be one.
struct UnmodelledVariable {
  std::string_view name;
  std::string_view value;
};
constexpr UnmodelledVariable unmodelled_variables[] = {
    {"AWS_VPC_K8S_CNI_CONFIGURE_RPFILTER", "false"},
    {"AWS_VPC_K8S_CNI_LOGLEVEL", "DEBUG"},
    {"AWS_VPC_K8S_PLUGIN_LOG_LEVEL", "DEBUG"},
    {"DISABLE_LEAKED_ENI_CLEANUP", "false"},
    {"DISABLE_POD_V6", "false"},
    {"DISABLE_TCP_EARLY_DEMUX", "false"},
    {"ENABLE_BANDWIDTH_PLUGIN", "false"},
    {"ENABLE_IMDS_ONLY_MODE", "false"},
    {"ENABLE_IPv4", "true"},
    {"ENABLE_IPv6", "false"},
    {"ENABLE_MULTI_NIC", "false"},
    {"ENABLE_POD_ENI", "false"},
    {"ENABLE_V4_EGRESS", "true"},
    {"ENABLE_V6_EGRESS", "false"},
    {"ENI_CONFIG_ANNOTATION_DEF", "k8s.amazonaws.com/eniConfig"},
    {"NETWORK_POLICY_ENFORCING_MODE", "standard"},
    {"POD_SECURITY_GROUP_ENFORCING_MODE", "strict"},
};

bool check_variable(const Setting& variable, Reading& reading) {
  const auto& modelled = cni_environment_names();
  if (std::ranges::find(modelled, *variable.name) != modelled.end()) {
    const std::string refused = refused_cni_value(*variable.name, *variable.value);
    if (refused.empty()) return true;
    reading.diagnostics.report({variable.value.where,
                                fmt::format("'{}' for {}", *variable.value, *variable.name),
                                "a value with which aws-node starts", refused});
    return false;
  }
  const auto known = std::ranges::find(unmodelled_variables, *variable.name, &UnmodelledVariable::name);
  if (known != std::end(unmodelled_variables)) {
    if (known->value == *variable.value) return true;
    reading.diagnostics.report(
        {variable.name.where, fmt::format("{} is not modelled", *variable.name),
         known->value.empty() ? "it to be left out" : fmt::format("its default \"{}\"", known->value),
         fmt::format("modelled are {}", fmt::join(modelled, ", "))});
    return false;
  }
  std::vector<std::string> names = modelled;
  for (const auto& one : unmodelled_variables) names.emplace_back(one.name);
  reading.diagnostics.report(
      {variable.name.where, fmt::format("unknown variable '{}' of the VPC CNI", *variable.name),
       fmt::format("one of {}", fmt::join(modelled, ", ")), did_you_mean(near_miss(*variable.name, names))});
  return false;
}

Form<std::string> cni_version_form() {
  Shape shape;
  shape.what = "a CNI version";
  shape.expected = "a release of the VPC CNI from 1.7 to 1.22, such as \"1.19\"";
  shape.pattern = "^v?1\\.[0-9]+(\\.[0-9]+)?(-eksbuild\\.[0-9]+)?$";
  return parsed<std::string>(
      shape,
      [](const std::string& value) -> std::optional<std::string> {
        // "v1.19.2-eksbuild.1" names the add-on of that release.
        const std::string release = value.substr(0, value.find("-eksbuild."));
        const auto version = CniVersion::parse(release);
        // facts/vpc-cni.md 0: before 1.7 the rules differ again; from 1.23 the connmark moves into nftables.
        if (!version || version->major != 1 || version->minor < 7 || version->minor > 22) return std::nullopt;
        return release;
      },
      [](const std::string& value) -> std::string {
        const auto version = CniVersion::parse(value);
        if (!version) return {};
        return version->minor > 22 ? "its native nftables table (v1.23 and later) is not modelled"
                                   : "the rules before v1.7 are not modelled";
      });
}

Form<EniConfigEntry> eni_config_form() {
  return record<EniConfigEntry>(
      "an ENIConfig",
      {field("name", &EniConfigEntry::name, name_form("a name"),
             "the object's name: the node's zone with ENI_CONFIG_LABEL_DEF topology.kubernetes.io/zone, else "
             "`default`",
             Presence::required),
       field("subnet", &EniConfigEntry::subnet, name_form("a subnet"), "where the pods' ENIs are",
             Presence::required),
       field("securityGroups", &EniConfigEntry::security_groups,
             list_of(located(name_form("a security group"))), "theirs; default: the primary ENI's")});
}

Form<Ec2Delays> ec2_delays_form() {
  return record<Ec2Delays>(
      "the delays of EC2",
      {field("assignAddresses", &Ec2Delays::assign, duration_form(),
             "a call that assigns or unassigns addresses or prefixes; default: 500ms"),
       field("createEni", &Ec2Delays::create_eni, duration_form(), "default: 1s"),
       field("attachEni", &Ec2Delays::attach_eni, duration_form(),
             "until the instance has the device; default: 2s"),
       field("metadata", &Ec2Delays::metadata, duration_form(),
             "from then until the instance metadata lists it; default: 1s"),
       field("detachEni", &Ec2Delays::detach_eni, duration_form(), "until the device is gone; default: 1s"),
       field("deleteEni", &Ec2Delays::delete_eni, duration_form(), "default: 500ms")});
}

/// Values with which aws-node would not start. cmd/aws-vpc-cni/main.go validateEnvVars()
bool check_targets(const CniEntry& cni, Reading& reading) {
  CniEnvironment environment;
  for (const Setting& setting : cni.env) environment[*setting.name] = *setting.value;
  bool good = true;
  for (const Setting& setting : cni.env) {
    if (*setting.name == "IP_COOLDOWN_PERIOD") {
      const auto seconds = number_of(environment, *setting.name);
      if (seconds && *seconds >= 0) continue;
      reading.diagnostics.report({setting.value.where,
                                  fmt::format("IP_COOLDOWN_PERIOD \"{}\"", *setting.value),
                                  "a number of seconds", ""});
      good = false;
    }
    if (*setting.name == "ENABLE_PREFIX_DELEGATION") {
      const std::string refusal = IpamdSettings::read(environment).refusal();
      if (refusal.empty()) continue;
      reading.diagnostics.report(
          {setting.name.where, "prefix delegation without a target: aws-node does not start",
           "WARM_PREFIX_TARGET, WARM_IP_TARGET or MINIMUM_IP_TARGET above 0", refusal});
      good = false;
    }
  }
  return good;
}

Form<CniEntry> cni_form() {
  return converted<CniEntry, CniEntry>(
      record<CniEntry>(
          "the CNI's settings",
          {field("version", &CniEntry::version, cni_version_form(), "its release; default: 1.19"),
           field("env", &CniEntry::env, settings_form("environment variables"),
                 "aws-node's environment, by the real names; values are strings"),
           field("eniConfigs", &CniEntry::eni_configs, list_of(eni_config_form()),
                 "the ENIConfig objects of custom networking"),
           field("delays", &CniEntry::delays, ec2_delays_form(), "how long EC2 takes for what ipamd asks")}),
      [](const CniEntry& raw, CniEntry& cni, Reading& reading) {
        cni = raw;
        bool good = true;
        for (const auto& variable : raw.env) good = check_variable(variable, reading) && good;
        return check_targets(cni, reading) && good;
      });
}

struct KubeProxyFile {
  std::string mode = "iptables";
};

Form<KubeProxyFile> kube_proxy_form() {
  Shape shape;
  shape.what = "a mode of kube-proxy";
  shape.words = {"iptables"};
  shape.expected = "iptables";
  return record<KubeProxyFile>("kube-proxy's settings",
                               {field("mode", &KubeProxyFile::mode,
                                      parsed<std::string>(
                                          shape,
                                          [](const std::string& value) {
                                            return value == "iptables" ? std::optional(value) : std::nullopt;
                                          },
                                          [](const std::string& value) -> std::string {
                                            if (value == "ipvs" || value == "nftables")
                                              return fmt::format("mode {} is not modelled", value);
                                            return {};
                                          }),
                                      "iptables; others are not modelled")});
}

Form<EniEntry> eni_form() {
  return record<EniEntry>(
      "an ENI",
      {field("device", &EniEntry::device, integer_form<std::uint8_t>("a device number", 1, 14),
             "1 and above; 0 is the primary one, which privateIp of the node pins", Presence::required),
       field("privateIp", &EniEntry::private_ip, address_form(), "its primary address; default: generated")});
}

Form<NodePin> node_pin_form() {
  return record<NodePin>(
      "a node",
      {field("privateIp", &NodePin::private_ip, address_form(), "its primary address; default: generated"),
       field("publicIp", &NodePin::public_ip, address_form(),
             "its public address; default: generated in a public subnet, none elsewhere"),
       field("enis", &NodePin::enis, list_of(eni_form()), "secondary ENIs that are there from the start")});
}

struct NodeGroupFile {
  Location where;
  LocatedName name;
  std::optional<LocatedName> type;
  std::optional<Located<std::uint32_t>> count;
  std::vector<LocatedName> subnets;
  std::optional<std::uint32_t> max_pods;
  std::vector<Setting> sysctls;
  std::vector<NodePin> nodes;
};

Form<NodeGroupEntry> node_group_form() {
  const auto file = record<NodeGroupFile>(
      "a node group",
      {field("name", &NodeGroupFile::name, name_form("a name"), "the group's name", Presence::required),
       field("type", &NodeGroupFile::type,
             text_form("an instance type", "an instance type, such as t3.medium"),
             "instance type; default: m5.large, as eksctl's"),
       field("count", &NodeGroupFile::count, integer_form<std::uint32_t>("a number of nodes", 1, 5000),
             "how many; default: as many as `nodes` pins, else 2, as eksctl's"),
       field("subnets", &NodeGroupFile::subnets, list_of(located(name_form("a subnet"))),
             "nodes are spread over them in this order; default: the VPC's public subnets, or all when none "
             "is public"),
       field("maxPodsPerNode", &NodeGroupFile::max_pods,
             integer_form<std::uint32_t>("a number of pods", 1, 1000),
             "kubelet's max-pods; default: ENIs * (addresses - 1) + 2 of the type, as nodeadm counts"),
       field("sysctls", &NodeGroupFile::sysctls, settings_form("sysctls"), "kernel settings of its nodes"),
       field("nodes", &NodeGroupFile::nodes, list_of(node_pin_form()), "pins, in the order of the nodes")});
  return converted<NodeGroupFile, NodeGroupEntry>(file, [](const NodeGroupFile& raw, NodeGroupEntry& group,
                                                           Reading& reading) {
    // eksctl-io/eksctl pkg/apis/eksctl.io/v1alpha5/defaults.go, types.go: m5.large, desired capacity 2
    constexpr std::uint32_t usual_count = 2;
    group.name = raw.name;
    group.type = raw.type.value_or(LocatedName{"m5.large", raw.where});
    const auto pinned = static_cast<std::uint32_t>(raw.nodes.size());
    group.count = raw.count.value_or(Located<std::uint32_t>{pinned > 0 ? pinned : usual_count, raw.where});
    group.subnets = raw.subnets;
    group.max_pods = raw.max_pods;
    group.sysctls = raw.sysctls;
    group.nodes = raw.nodes;
    if (pinned <= *group.count) return true;
    reading.diagnostics.report({raw.nodes[*group.count].where,
                                fmt::format("a pin for a node beyond the group's count of {}", *group.count),
                                fmt::format("at most {} pins", *group.count),
                                {}});
    return false;
  });
}

struct PodFile {
  Location where;
  LocatedName name;
  std::string name_space = "default";
  LocatedName node;
  std::optional<Located<Ipv4Address>> ip;
  std::optional<Located<std::uint8_t>> device;
  bool host_network = false;
  std::optional<Located<std::string>> runs;
  std::vector<Setting> sysctls;
  std::vector<Listen> listens;
};

Form<std::string> pod_program_form() {
  Shape shape;
  shape.what = "what a pod runs";
  shape.expected = "coredns";
  shape.words = {"coredns"};
  return parsed<std::string>(
      shape,
      [](const std::string& value) { return value == "coredns" ? std::optional(value) : std::nullopt; },
      [words = shape.words](const std::string& value) { return did_you_mean(near_miss(value, words)); });
}

Form<PodEntry> pod_form() {
  const auto file = record<PodFile>(
      "a pod",
      {field("name", &PodFile::name, name_form("a name"), "the pod's name, unique in the file",
             Presence::required),
       field("namespace", &PodFile::name_space, name_form("a namespace"),
             "its Kubernetes namespace; default: default"),
       field("node", &PodFile::node, name_form("a node"), "node1, node2, ...", Presence::required),
       field("ip", &PodFile::ip, address_form(), "its address; default: generated"),
       field("device", &PodFile::device, integer_form<std::uint8_t>("a device number", 0, 14),
             "the node's ENI that carries the address: 0 (default) is the primary, 1 the first secondary"),
       field("hostNetwork", &PodFile::host_network, boolean_form(),
             "true: the pod lives in the node's own namespace"),
       field("runs", &PodFile::runs, pod_program_form(),
             "coredns: the pod is one of the cluster's name servers"),
       field("sysctls", &PodFile::sysctls, settings_form("sysctls"),
             "kernel settings of the pod's namespace"),
       field("listens", &PodFile::listens, list_of(listen_form()), "programs that answer on a port")});
  return converted<PodFile, PodEntry>(file, [](const PodFile& raw, PodEntry& pod, Reading& reading) {
    pod.name = raw.name;
    pod.name_space = raw.name_space;
    pod.node = raw.node;
    pod.ip = raw.ip;
    pod.device = raw.device.value_or(Located<std::uint8_t>{0, raw.where});
    pod.host_network = raw.host_network;
    pod.sysctls = raw.sysctls;
    pod.listens = raw.listens;
    pod.runs_coredns = raw.runs.has_value();
    if (!raw.host_network) return true;
    const auto refuse = [&](const Location& where, std::string_view key) {
      reading.diagnostics.report({where,
                                  fmt::format("'{}' of a pod with hostNetwork: true", key),
                                  "neither ip, device, runs nor sysctls: such a pod has its node's",
                                  {}});
      return false;
    };
    if (raw.ip) return refuse(raw.ip->where, "ip");
    if (raw.device) return refuse(raw.device->where, "device");
    if (raw.runs) return refuse(raw.runs->where, "runs");
    if (!raw.sysctls.empty()) return refuse(raw.sysctls.front().name.where, "sysctls");
    return true;
  });
}

Form<std::string> cluster_version_form() {
  Shape shape;
  shape.what = "a Kubernetes version";
  shape.expected = "\"1.31\", \"1.32\" or \"1.33\": kube-proxy's rules of other versions are not modelled";
  shape.words = {"1.31", "1.32", "1.33"};
  return parsed<std::string>(shape, [words = shape.words](const std::string& value) {
    return std::ranges::find(words, value) != words.end() ? std::optional(value) : std::nullopt;
  });
}

/// cluster.delays: what the defaults of ControlDelays are changed to.
Form<ControlDelays> delays_form() {
  const auto step = [](const char* name, Nanoseconds ControlDelays::*member, const char* about) {
    return field(name, member, duration_form(), about);
  };
  return record<ControlDelays>(
      "the cluster's delays",
      {step("controller", &ControlDelays::controller,
            "from a write to the controller that acts; default: 20ms"),
       step("schedule", &ControlDelays::schedule, "the scheduler's time for one pod; default: 5ms"),
       step("endpoints", &ControlDelays::endpoints, "from a pod's change to its endpoints; default: 100ms"),
       step("kubelet", &ControlDelays::kubelet, "from a binding to the kubelet's first look; default: 50ms"),
       step("sandbox", &ControlDelays::sandbox, "pause container and CNI ADD; default: 400ms"),
       step("pull", &ControlDelays::pull, "an image that the node lacks; default: 2s"),
       step("resolve", &ControlDelays::resolve,
            "an image that the node has, with policy Always; default: 500ms"),
       step("start", &ControlDelays::start, "one container, created and started; default: 200ms"),
       step("ready", &ControlDelays::ready, "until the kubelet sees that it runs; default: 1s"),
       step("stop", &ControlDelays::stop, "a program that heeds SIGTERM; default: 200ms"),
       step("teardown", &ControlDelays::teardown, "CNI DEL and the pod's removal; default: 300ms"),
       step("retry", &ControlDelays::retry, "after a sandbox that failed; default: 11s"),
       step("reschedule", &ControlDelays::reschedule,
            "an unschedulable pod that nothing helped; default: 5m")});
}

struct ClusterFile {
  Location where;
  ControlDelays delays;
  LocatedName name;
  std::optional<Located<std::string>> version;
  std::optional<LocatedName> vpc;
  std::optional<Located<Prefix>> service_cidr;
  std::optional<CniEntry> cni;
  KubeProxyFile kube_proxy;
  std::vector<LocatedName> node_security_groups;
  std::vector<NodeGroupEntry> node_groups;
  std::vector<PodEntry> pods;
};

}  // namespace

const Form<ClusterEntry>& cluster_form() {
  static const Form<ClusterEntry> form = converted<ClusterFile, ClusterEntry>(
      record<ClusterFile>(
          "the cluster",
          {field("name", &ClusterFile::name, name_form("a name"), "the cluster's name", Presence::required),
           field("version", &ClusterFile::version, cluster_version_form(),
                 "of Kubernetes; default: \"1.31\""),
           field("vpc", &ClusterFile::vpc, name_form("a VPC"), "the VPC of its nodes", Presence::required),
           field("serviceCidr", &ClusterFile::service_cidr, cidr_form(),
                 "addresses of services; default: 172.20.0.0/16 when the VPC is a 10.x one, else "
                 "10.100.0.0/16"),
           field("cni", &ClusterFile::cni, cni_form(), "the Amazon VPC CNI"),
           field("kubeProxy", &ClusterFile::kube_proxy, kube_proxy_form(), "kube-proxy"),
           field("nodeSecurityGroups", &ClusterFile::node_security_groups,
                 list_of(located(name_form("a security group"))),
                 "of the nodes' ENIs; `default` is the cluster security group as EKS makes it; default: "
                 "[default]"),
           field("nodeGroups", &ClusterFile::node_groups, list_of(node_group_form()), "its nodes",
                 Presence::required),
           field("delays", &ClusterFile::delays, delays_form(),
                 "how long controllers and kubelets take for each step"),
           field("pods", &ClusterFile::pods, list_of(pod_form()), "pods placed by hand")}),
      [](const ClusterFile& raw, ClusterEntry& cluster, Reading&) {
        cluster.name = raw.name;
        cluster.delays = raw.delays;
        cluster.version = raw.version.value_or(Located<std::string>{"1.31", raw.where});
        if (raw.vpc) cluster.vpc = *raw.vpc;
        // Where the file is silent the prefix stays 0.0.0.0/0 until the VPC is known: load_check.
        cluster.service_cidr = raw.service_cidr.value_or(Located<Prefix>{});
        if (raw.cni) cluster.cni = *raw.cni;
        if (cluster.cni.version->empty()) cluster.cni.version = {"1.19", raw.where};
        cluster.node_security_groups = raw.node_security_groups;
        cluster.node_groups = raw.node_groups;
        cluster.pods = raw.pods;
        return true;
      });
  return form;
}

}  // namespace ekspath
