#include "sim/eks/cluster.hh"

#include <algorithm>

#include "sim/base/assert.hh"
#include "sim/eks/kubelet.hh"

namespace ekspath {
namespace {

using namespace literals;

// Plausible times of a rollout on one node: SIGTERM to gone, init container and image start, readiness probe.
constexpr Nanoseconds stop_time = 1_s;
constexpr Nanoseconds start_time = 2_s;
constexpr Nanoseconds ready_time = 5_s;

}  // namespace

Cluster::Cluster(Engine& engine, std::uint64_t seed, std::string name, Prefix service_cidr, Versions versions,
                 CniEnvironment environment)
    : Entity(engine),
      objects_(engine, seed),
      proxies_(engine, objects_),
      api_(objects_, service_cidr, seed),
      name_(std::move(name)),
      versions_(versions),
      environment_(std::move(environment)) {
  for (const char* name_space : {"default", "kube-node-lease", "kube-public", "kube-system"}) {
    ApiObject object;
    object.kind = ObjectKind::name_space;
    object.meta.name = name_space;
    object.meta.labels["kubernetes.io/metadata.name"] = name_space;
    object.status = NamespaceStatus();
    ASSERT(objects_.create(std::move(object)));
  }
}

void Cluster::join(Node node, const std::vector<Prefix>& vpc_cidrs, const LinkSpec& veth) {
  start_kubelet_network(*node.netns);
  node.proxy = std::make_unique<KubeProxy>(*node.netns, versions_.kubernetes,
                                           ProxyNode{node.kubernetes_name, node.address}, proxies_.table());
  proxies_.add(*node.proxy);
  node.cni = std::make_unique<VpcCni>(*node.netns, versions_.cni, vpc_cidrs, veth);
  node.files = std::make_unique<NodeFiles>();
  node.ipamd = std::make_unique<Ipamd>(
      engine(), IpamdSite{*node.fabric, *node.netns, *node.cni, *node.files, versions_.cni, node.instance_id,
                          node.kubernetes_name, *node.type, node.enis, name_, node.max_pods, node.eni_config,
                          node.is_furnished, delays_});
  node.plugin = std::make_unique<CniPlugin>(*node.ipamd, *node.cni, *node.files);
  node.ipamd->start(environment_);
  nodes_.push_back(std::move(node));
}

std::string Cluster::place(Pod pod) {
  const Node& node = nodes_[pod.node];
  if (!pod.host_network) {
    pod.sandbox = PodSandbox::draw(node.netns->kernel().seed, pod.pod_namespace, pod.name, {}, 0);
    if (pod.address.is_unspecified()) {
      const CniPlugin::Added added = node.plugin->add(pod.sandbox, *pod.netns);
      if (!added.ok()) return added.error;
      pod.address = added.address;
      pod.device = added.device;
    } else {
      node.plugin->add_pinned(pod.sandbox, *pod.netns, pod.address, pod.device);
    }
  }
  pods_.push_back(std::move(pod));
  return {};
}

void Cluster::settle() {
  for (Node& node : nodes_) node.ipamd->settle();
  proxies_.settle();
}

bool Cluster::set_environment(const CniEnvironment& changes, const std::vector<std::string>& removals) {
  CniEnvironment wanted = environment_;
  for (const auto& [name, value] : changes) wanted[name] = value;
  for (const std::string& name : removals) wanted.erase(name);
  if (wanted == environment_) return false;
  environment_ = std::move(wanted);
  // A template that changes again in mid-rollout starts the rollout anew.
  ++generation_;
  rollout_ = {0, !nodes_.empty()};
  if (rollout_.running) after(stop_time, old_agent_stopped);
  return true;
}

void Cluster::fire(const Event& event) {
  if (event.argument != generation_) return;
  Node& node = nodes_[rollout_.updated];
  switch (static_cast<EventKind>(event.kind)) {
    case old_agent_stopped:
      node.ipamd->stop();
      after(start_time, new_agent_started);
      break;
    case new_agent_started:
      node.ipamd->start(environment_);
      after(ready_time, new_agent_ready);
      break;
    case new_agent_ready:
      rollout_.running = ++rollout_.updated < nodes_.size();
      if (rollout_.running) after(stop_time, old_agent_stopped);
      break;
  }
}

void Cluster::after(Nanoseconds delay, EventKind kind) {
  engine().schedule(next_key(now() + delay), id(), kind, generation_);
}

const Pod* Cluster::pod(std::string_view pod_namespace, std::string_view name) const {
  const auto found = std::ranges::find_if(
      pods_, [&](const Pod& pod) { return pod.name == name && pod.pod_namespace == pod_namespace; });
  return found == pods_.end() ? nullptr : &*found;
}

const Node* Cluster::node(std::string_view name) const {
  const auto found = std::ranges::find_if(
      nodes_, [&](const Node& node) { return node.name == name || node.kubernetes_name == name; });
  return found == nodes_.end() ? nullptr : &*found;
}

}  // namespace ekspath
