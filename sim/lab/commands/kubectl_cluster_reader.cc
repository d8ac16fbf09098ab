#include "sim/lab/commands/kubectl_cluster_reader.hh"

#include <algorithm>

#include "sim/eks/api/render.hh"
#include "sim/lab/world.hh"

namespace ekspath {
namespace {

Document metadata_of(const World& world, const std::string& name, const std::string& name_space) {
  Document metadata = {{"creationTimestamp", api_time(world.epoch())},
                       {"name", name},
                       {"uid", fmt::format("{}/{}", name_space, name)}};
  if (!name_space.empty()) metadata["namespace"] = name_space;
  return metadata;
}

Document conditions_of(const World& world, std::initializer_list<std::string_view> types) {
  Document conditions = Document::array();
  for (const std::string_view type : types)
    conditions.push_back(
        {{"lastTransitionTime", api_time(world.epoch())}, {"status", "True"}, {"type", type}});
  return conditions;
}

Document pod_document(const World& world, const Pod& pod) {
  const Node& node = world.cluster->nodes()[pod.node];
  const std::string started = api_time(world.epoch()), address = fmt::format("{}", pod.address);
  Document document = {
      {"apiVersion", "v1"},
      {"kind", "Pod"},
      {"metadata", metadata_of(world, pod.name, pod.pod_namespace)},
      {"spec", {{"containers", {{{"name", pod.name}}}}, {"nodeName", node.kubernetes_name}}},
      {"status",
       {{"conditions", conditions_of(world, {"Initialized", "Ready", "ContainersReady", "PodScheduled"})},
        {"containerStatuses",
         {{{"name", pod.name},
           {"ready", true},
           {"restartCount", 0},
           {"state", {{"running", {{"startedAt", started}}}}}}}},
        {"hostIP", fmt::format("{}", node.address)},
        {"phase", "Running"},
        {"podIP", address},
        {"podIPs", {{{"ip", address}}}},
        {"startTime", started}}}};
  if (pod.host_network) document["spec"]["hostNetwork"] = true;
  return document;
}

/// The kubelet of the EKS AMI; the hash is that of the fact's AMI, whatever the minor version.
/// facts/kube-proxy.md 12
Document node_document(const World& world, const Node& node) {
  const auto& version = world.cluster->versions().kubernetes;
  Document addresses = {{{"address", fmt::format("{}", node.address)}, {"type", "InternalIP"}}};
  const Host* host = world.host(node.name);
  if (host != nullptr && !host->public_address.is_unspecified())
    addresses.push_back({{"address", fmt::format("{}", host->public_address)}, {"type", "ExternalIP"}});
  addresses.push_back({{"address", node.kubernetes_name}, {"type", "Hostname"}});
  return {{"apiVersion", "v1"},
          {"kind", "Node"},
          {"metadata", metadata_of(world, node.kubernetes_name, "")},
          {"status",
           {{"addresses", addresses},
            {"conditions", conditions_of(world, {"Ready"})},
            {"nodeInfo",
             {{"containerRuntimeVersion", "containerd://1.7.23"},
              {"kernelVersion", "6.1.115-126.197.amzn2023.x86_64"},
              {"kubeletVersion", fmt::format("v{}.{}.0-eks-a737599", version.major, version.minor)},
              {"osImage", "Amazon Linux 2023.6.20241121"}}}}}};
}

/// One node at a time is without its agent while a new one rolls out.
Document agent_document(const World& world) {
  const std::size_t nodes = world.cluster->nodes().size();
  const Cluster::Rollout& rollout = world.cluster->rollout();
  const std::size_t ready = rollout.running ? nodes - 1 : nodes;
  Document environment = Document::array();
  for (const auto& [name, value] : world.cluster->environment())
    environment.push_back({{"name", name}, {"value", value}});
  return {{"apiVersion", "apps/v1"},
          {"kind", "DaemonSet"},
          {"metadata", metadata_of(world, "aws-node", "kube-system")},
          {"spec",
           {{"selector", {{"matchLabels", {{"k8s-app", "aws-node"}}}}},
            {"template",
             {{"metadata", {{"labels", {{"k8s-app", "aws-node"}}}}},
              {"spec", {{"containers", {{{"env", environment}, {"name", "aws-node"}}}}}}}}}},
          {"status",
           {{"currentNumberScheduled", nodes},
            {"desiredNumberScheduled", nodes},
            {"numberAvailable", ready},
            {"numberReady", ready},
            {"updatedNumberScheduled", rollout.running ? rollout.updated : nodes}}}};
}

}  // namespace

WorldReader::WorldReader(World& world) : world_(&world), stored_(world.cluster->objects(), world.epoch()) {}

std::vector<Document> WorldReader::list(ObjectKind kind, const std::string& name_space) const {
  std::vector<Document> documents = stored_.list(kind, name_space);
  const auto key = [](const Document& document) {
    return std::pair(text_at(document, {"metadata", "namespace"}), text_at(document, {"metadata", "name"}));
  };
  const auto add = [&](Document document) {
    const auto same = [&](const Document& other) { return key(other) == key(document); };
    const std::string own = text_at(document, {"metadata", "namespace"});
    if ((!name_space.empty() && own != name_space) || std::ranges::any_of(documents, same)) return;
    documents.push_back(std::move(document));
  };
  if (kind == ObjectKind::pod) {
    for (const Pod& pod : world_->cluster->pods()) add(pod_document(*world_, pod));
  } else if (kind == ObjectKind::node) {
    for (const Node& node : world_->cluster->nodes()) add(node_document(*world_, node));
  } else if (kind == ObjectKind::daemon_set) {
    add(agent_document(*world_));
  }
  std::ranges::stable_sort(documents, {}, key);
  return documents;
}

}  // namespace ekspath
