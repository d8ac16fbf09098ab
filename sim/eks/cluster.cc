#include "sim/eks/cluster.hh"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/assert.hh"
#include "sim/eks/al2023.hh"
#include "sim/eks/coredns/kube_dns.hh"
#include "sim/eks/fresh_cluster.hh"
#include "sim/eks/pod_files.hh"

namespace ekspath {

Cluster::Cluster(Engine& engine, std::uint64_t seed, std::string name, Versions versions,
                 CniEnvironment environment)
    : Cluster(engine, seed, std::move(name), versions, std::move(environment), Settings()) {}

Cluster::Cluster(Engine& engine, std::uint64_t seed, std::string name, Versions versions,
                 CniEnvironment environment, Settings settings)
    : engine_(&engine),
      seed_(seed),
      name_(std::move(name)),
      versions_(versions),
      environment_(std::move(environment)),
      settings_(std::move(settings)),
      delays_(settings_.delays),
      objects_(engine, seed),
      proxies_(engine, objects_),
      api_(objects_, settings_.service_cidr, seed),
      deployments_(engine, api_, delays_),
      replica_sets_(engine, api_, delays_),
      daemon_sets_(engine, api_, delays_),
      scheduler_(engine, objects_, delays_, seed),
      endpoints_(engine, api_, delays_),
      endpoint_slices_(engine, api_, delays_),
      garbage_(engine, api_, delays_) {
  objects_.watch(ObjectKind::pod, *this);
  create_namespaces(api_);
}

void Cluster::join(Node node, const std::vector<Prefix>& vpc_cidrs, const LinkSpec& veth) {
  start_kubelet_network(*node.netns);
  node.proxy = std::make_unique<KubeProxy>(*node.netns, versions_.kubernetes,
                                           ProxyNode{node.kubernetes_name, node.address}, proxies_.table());
  proxies_.add(*node.proxy);
  node.cni = std::make_unique<VpcCni>(*node.netns, versions_.cni, vpc_cidrs, veth);
  node.files = std::make_unique<NodeFiles>();
  node.ipamd = std::make_unique<Ipamd>(
      *engine_, IpamdSite{*node.fabric, *node.netns, *node.cni, *node.files, versions_.cni, node.instance_id,
                          node.kubernetes_name, *node.type, node.enis, name_, node.max_pods, node.eni_config,
                          node.is_furnished, ec2_delays_});
  node.plugin = std::make_unique<CniPlugin>(*node.ipamd, *node.cni, *node.files);
  node.ipamd->start(environment_);
  kubelets_.push_back(std::make_unique<Kubelet>(*engine_, api_, static_cast<KubeletHost&>(*this), delays_,
                                                node.kubernetes_name, node.address));
  node_index_.emplace(node.kubernetes_name, static_cast<std::uint32_t>(nodes_.size()));
  node_by_name_.emplace(node.name, static_cast<std::uint32_t>(nodes_.size()));
  ASSERT(api_.create(node_object(node, *this)));
  nodes_.push_back(std::move(node));
}

std::string Cluster::place(Pod pod) {
  const Node& node = nodes_[pod.node];
  if (objects_.find(ObjectKind::name_space, "", pod.pod_namespace) == nullptr) {
    ApiObject name_space;
    name_space.kind = ObjectKind::name_space;
    name_space.meta.name = pod.pod_namespace;
    name_space.meta.labels["kubernetes.io/metadata.name"] = pod.pod_namespace;
    name_space.status = NamespaceStatus();
    ASSERT(api_.create(std::move(name_space)));
  }
  DecodedObject decoded = decode_object(
      {{"apiVersion", "v1"},
       {"kind", "Pod"},
       {"metadata", {{"name", pod.name}, {"namespace", pod.pod_namespace}, {"labels", {{"app", pod.name}}}}},
       {"spec",
        {{"containers",
          {{{"name", pod.name}, {"image", "nicolaka/netshoot"}, {"command", {"tail", "-f", "/dev/null"}}}}},
         {"hostNetwork", pod.host_network},
         {"nodeName", node.kubernetes_name},
         {"terminationGracePeriodSeconds", 0}}}});
  ASSERT(decoded.object.has_value());
  decoded.object->meta.name = pod.name;
  placing_ = true;
  const ApiOutcome made = api_.create(std::move(*decoded.object));
  placing_ = false;
  ASSERT(made);
  pod.pod_namespace = made.object->meta.name_space;
  if (!pod.host_network) {
    const PodSandbox sandbox = sandbox_of(pod);
    if (pod.address.is_unspecified()) {
      const CniPlugin::Added added = node.plugin->add(sandbox, *pod.netns);
      if (!added.ok()) return added.error;
      pod.address = added.address;
      pod.device = added.device;
    } else {
      node.plugin->add_pinned(sandbox, *pod.netns, pod.address, pod.device);
    }
  }
  kubelets_[pod.node]->adopt(*made.object, *pod.netns);
  (void)objects_.edit(*made.object, ObjectStore::Part::status,
                      [&](ApiObject& one) { one.as<PodStatus>().pod_ip = pod.address; });
  pods_.push_back(std::move(pod));
  return {};
}

void Cluster::settle() {
  // The same controllers and kubelets as in the run, only without their delays; what they have to wait for is
  // not waited for.
  const ControlDelays real = delays_;
  const Nanoseconds none;
  delays_ = {none, none, none, none, none, none, none, none, none, none, none, real.retry, real.reschedule};
  settling_ = true;
  create_system_objects(*this);
  Controller* const controllers[] = {&deployments_, &replica_sets_,    &daemon_sets_,
                                     &endpoints_,   &endpoint_slices_, &garbage_};
  for (Controller* controller : controllers) controller->hold(true);
  for (bool busy = true; busy;) {
    busy = false;
    for (Controller* controller : controllers) busy = controller->flush() || busy;
    engine_->run_until(engine_->now());
  }
  for (Controller* controller : controllers) controller->hold(false);
  delays_ = real;
  settling_ = false;
  // Most worlds gain few more.
  pods_.shrink_to_fit();
  nodes_.shrink_to_fit();
  for (Node& node : nodes_) {
    node.ipamd->settle();
    node.files->join(*nodes_.front().files);
  }
  proxies_.settle();
  // A cluster that has been there for a while shows no events: they are kept for an hour.
  for (const ApiObject* event : objects_.list(ObjectKind::event))
    (void)objects_.remove(ObjectKind::event, event->meta.name_space, event->meta.name);
  for (const auto& kubelet : kubelets_) {
    kubelet->forget_events();
    kubelet->join(*kubelets_.front());
  }
  scheduler_.forget_events();
}

bool Cluster::set_environment(const CniEnvironment& changes, const std::vector<std::string>& removals) {
  const ApiObject* daemons = objects_.find(ObjectKind::daemon_set, "kube-system", "aws-node");
  if (daemons == nullptr) return false;
  CniEnvironment wanted = environment_;
  for (const auto& [name, value] : changes) wanted[name] = value;
  for (const std::string& name : removals) wanted.erase(name);
  if (wanted == environment_) return false;
  environment_ = std::move(wanted);

  Document document = daemons->body.read();
  Document& variables = document["spec"]["template"]["spec"]["containers"][0]["env"];
  const auto find = [&](const std::string& name) {
    return std::ranges::find_if(variables,
                                [&](const Document& one) { return one.value("name", "") == name; });
  };
  for (const std::string& name : removals) {
    if (const auto known = find(name); known != variables.end()) variables.erase(known);
  }
  for (const auto& [name, value] : changes) {
    if (const auto known = find(name); known != variables.end()) {
      (*known)["value"] = value;
    } else {
      variables.push_back({{"name", name}, {"value", value}});
    }
  }
  document["apiVersion"] = "apps/v1";
  document["kind"] = "DaemonSet";
  document["metadata"] = {{"name", "aws-node"}, {"namespace", "kube-system"}};
  DecodedObject decoded = decode_object(std::move(document));
  ASSERT(decoded.object.has_value());
  decoded.object->meta = daemons->meta;
  return static_cast<bool>(api_.replace(std::move(*decoded.object)));
}

Cluster::Rollout Cluster::rollout() const {
  const ApiObject* daemons = objects_.find(ObjectKind::daemon_set, "kube-system", "aws-node");
  if (daemons == nullptr) return {};
  const auto& status = daemons->as<DaemonSetStatus>();
  const bool seen = status.observed_generation == daemons->meta.generation;
  return {static_cast<std::uint32_t>(seen ? status.updated : 0),
          !seen || status.updated < status.desired || status.available < status.desired};
}

KubeletHost::Sandbox Cluster::make_sandbox(const ApiObject& object, std::uint32_t attempt) {
  const auto& spec = object.as<PodSpec>();
  const auto index = node_index_.find(spec.node_name);
  ASSERT(index != node_index_.end());
  const Node& node = nodes_[index->second];
  ASSERT(settings_.hosts != nullptr);
  Pod pod;
  pod.name = object.meta.name;
  pod.pod_namespace = object.meta.name_space;
  pod.node = index->second;
  pod.host_network = spec->host_network;
  const PodNaming naming{object.meta.name_space, *node.resolv_conf, *node.hosts_file,
                         kube_dns_address(settings_.service_cidr)};
  PodHosts::Place place{pod.pod_namespace,
                        pod.name,
                        node.name,
                        spec->host_network ? node.kubernetes_name : pod.name,
                        pod_resolv_conf(*spec.shape, naming),
                        spec->host_network ? node.netns : nullptr};
  if (!spec->host_network && !spec->hostname.empty()) place.host_name = spec->hostname;
  pod.netns = &settings_.hosts->open(place);
  if (spec->host_network) {
    pod.address = node.address;
  } else {
    if (attempt == 0) set_al2023_sysctls(*pod.netns);
    pod.uid = object.meta.uid;
    pod.attempt = attempt;
    const PodSandbox sandbox = sandbox_of(pod);
    const CniPlugin::Added added = wire(node, sandbox, *pod.netns);
    if (!added.ok())
      return {nullptr, {}, sandbox_failure_text(fmt::format("{}", sandbox.container_id), added.error)};
    pod.address = added.address;
    pod.device = added.device;
  }
  settings_.hosts->give_address(pod.pod_namespace, pod.name, pod.address,
                                pod_hosts_file(*spec.shape, naming, place.host_name, pod.address));
  Sandbox sandbox{pod.netns, pod.address, ""};
  pods_.push_back(std::move(pod));
  return sandbox;
}

PodSandbox Cluster::sandbox_of(const Pod& pod) const {
  return PodSandbox::draw(seed_, pod.pod_namespace, pod.name, pod.uid, pod.attempt);
}

CniPlugin::Added Cluster::wire(const Node& node, const PodSandbox& sandbox, Netns& netns) {
  if (!settling_ || !node.is_furnished) return node.plugin->add(sandbox, netns);
  // The ENIs of a node that the scenario furnished stay as they are: the cluster's own pods take addresses of
  // the primary one, and no pool grows for them.
  const EniId primary = node.enis.front().first;
  const auto address = node.fabric->assign_address(primary);
  if (!address) return {{}, 0, "add cmd: failed to assign an IP address to container"};
  node.plugin->add_pinned(sandbox, netns, address.value(), 0);
  return {address.value(), 0, ""};
}

void Cluster::remove_sandbox(std::string_view pod_namespace, std::string_view pod_name) {
  const auto found = std::ranges::find_if(
      pods_, [&](const Pod& pod) { return pod.name == pod_name && pod.pod_namespace == pod_namespace; });
  if (found == pods_.end()) return;
  if (!found->host_network) nodes_[found->node].plugin->del(sandbox_of(*found));
  if (settings_.hosts != nullptr) settings_.hosts->close(pod_namespace, pod_name);
  pods_.erase(found);
}

ProgramEnvironment Cluster::environment(const ApiObject& pod) {
  ASSERT(settings_.hosts != nullptr);
  return settings_.hosts->environment(pod.meta.name_space, pod.meta.name);
}

std::unique_ptr<Program> Cluster::agent_started(const ApiObject& pod, const ContainerSpec& container,
                                                Netns& netns) {
  if (container.name == "coredns") return start_dns ? start_dns(pod, netns, environment(pod)) : nullptr;
  if (container.name != "aws-node") return nullptr;
  const Node& node = nodes_[node_index_.find(pod.as<PodSpec>().node_name)->second];
  if (node.ipamd->is_listening()) return nullptr;  // it has run since the node joined
  CniEnvironment variables;
  for (const EnvironmentVariable& one : container->environment) variables[one.name] = one.value;
  node.ipamd->start(variables);
  return nullptr;
}

void Cluster::agent_stopped(const ApiObject& pod, const ContainerSpec& container) {
  if (container.name != "aws-node") return;
  nodes_[node_index_.find(pod.as<PodSpec>().node_name)->second].ipamd->stop();
}

void Cluster::note(const std::string& text) {
  if (noted_.insert(text).second && on_note) on_note(text);
}

void Cluster::object_changed(ObjectChange change, const ApiObject& object) {
  if (placing_) return;
  const auto index = node_index_.find(object.as<PodSpec>().node_name);
  if (index != node_index_.end()) kubelets_[index->second]->pod_changed(change, object);
}

const Pod* Cluster::pod(std::string_view pod_namespace, std::string_view name) const {
  const auto found = std::ranges::find_if(
      pods_, [&](const Pod& pod) { return pod.name == name && pod.pod_namespace == pod_namespace; });
  return found == pods_.end() ? nullptr : &*found;
}

const Node* Cluster::node(std::string_view name) const {
  for (const auto* index : {&node_by_name_, &node_index_}) {
    if (const auto found = index->find(name); found != index->end()) return &nodes_[found->second];
  }
  return nullptr;
}

const Program* Cluster::program(std::string_view pod_namespace, std::string_view pod,
                                const std::string& container) const {
  const ApiObject* object = objects_.find(ObjectKind::pod, pod_namespace, pod);
  if (object == nullptr) return nullptr;
  const auto index = node_index_.find(object->as<PodSpec>().node_name);
  if (index == node_index_.end()) return nullptr;
  return kubelets_[index->second]->program(std::string(pod_namespace), std::string(pod), container);
}

}  // namespace ekspath
