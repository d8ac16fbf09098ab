#include "sim/eks/api/render.hh"

#include <fmt/format.h>

#include <chrono>

#include "sim/eks/container_ids.hh"
#include "sim/eks/image_catalog.hh"

namespace ekspath {
namespace {

/// What every part needs: the epoch its times count from, and whose part it is.
class Renderer {
 public:
  Renderer(Nanoseconds epoch, Uid uid) : epoch_(epoch), uid_(uid) {}

  [[nodiscard]] std::string time(Nanoseconds instant) const { return api_time(epoch_ + instant); }

  [[nodiscard]] Document metadata(const ObjectMeta& meta) const {
    Document out = Document::object();
    if (!meta.annotations->empty()) out["annotations"] = *meta.annotations;
    out["creationTimestamp"] = time(meta.created);
    if (const auto& deletion = *meta.deletion) {
      out["deletionGracePeriodSeconds"] = deletion->grace_seconds;
      out["deletionTimestamp"] = time(deletion->time);
    }
    if (!meta.finalizers->empty()) out["finalizers"] = *meta.finalizers;
    if (!meta.generate_name.empty()) out["generateName"] = meta.generate_name;
    if (meta.generation != 0) out["generation"] = meta.generation;
    if (!meta.labels.empty()) out["labels"] = meta.labels;
    out["name"] = meta.name;
    if (!meta.name_space.empty()) out["namespace"] = meta.name_space;
    for (const OwnerReference& owner : *meta.owners) out["ownerReferences"].push_back(owner_reference(owner));
    out["resourceVersion"] = fmt::format("{}", meta.resource_version);
    out["uid"] = meta.uid.text();
    return out;
  }

  [[nodiscard]] Document conditions(const std::vector<ObjectCondition>& conditions, const char* beat) const {
    Document out = Document::array();
    for (const ObjectCondition& condition : conditions) {
      Document one = {{"lastTransitionTime", time(condition.changed)},
                      {"status", condition.status.text()},
                      {"type", condition.type.text()}};
      // Pods show a probe time that nobody ever sets; the others the time of their last heartbeat or update.
      if (std::string_view(beat) == "lastProbeTime") {
        one[beat] = nullptr;
      } else {
        one[beat] = time(condition.changed);
      }
      if (!condition.reason.empty()) one["reason"] = condition.reason.text();
      if (!condition.message->empty()) one["message"] = *condition.message;
      out.push_back(std::move(one));
    }
    return out;
  }

  [[nodiscard]] Document terminated(const ContainerEnding& ending, std::string_view container_name) const {
    return {{"containerID", container_id(uid_.text(), container_name, ending.restart_count)},
            {"exitCode", ending.exit_code},
            {"finishedAt", time(ending.finished_at)},
            {"reason", ending.reason.text()},
            {"startedAt", time(ending.started_at)}};
  }

  [[nodiscard]] Document container_status(const ContainerStatus& status, std::string_view name) const {
    Document state = Document::object();
    switch (status.state) {
      case ContainerStatus::State::waiting:
        state["waiting"]["reason"] = status.reason.text();
        if (!status.message->empty()) state["waiting"]["message"] = *status.message;
        break;
      case ContainerStatus::State::running:
        state["running"]["startedAt"] = time(status.started_at);
        break;
      case ContainerStatus::State::terminated:
        state["terminated"] = terminated(status.ending(), name);
        break;
    }
    Document last = Document::object();
    if (*status.last_ending) last["terminated"] = terminated(**status.last_ending, name);
    // containerd knows the whole name of an image that it has.
    const std::string image = status.has_id ? full_image_name(status.shape->image) : status.shape->image;
    Document out = {{"image", image},
                    {"imageID", status.has_id ? image_id(image) : ""},
                    {"lastState", std::move(last)},
                    {"name", name},
                    {"ready", status.ready},
                    {"restartCount", status.restart_count},
                    {"started", status.started},
                    {"state", std::move(state)}};
    if (status.has_id) out["containerID"] = container_id(uid_.text(), name, status.restart_count);
    return out;
  }

  [[nodiscard]] Document container_statuses(const std::vector<ContainerStatus>& statuses,
                                            const std::vector<ContainerSpec>& specs) const {
    Document out = Document::array();
    for (std::size_t i = 0; i < statuses.size(); ++i)
      out.push_back(container_status(statuses[i], specs.at(i).name));
    return out;
  }

  [[nodiscard]] Document pod_status(const PodStatus& status, const PodSpec& spec) const {
    Document out = {{"phase", status.phase.text()}, {"qosClass", status.qos_class.text()}};
    if (!status.conditions->empty()) out["conditions"] = conditions(*status.conditions, "lastProbeTime");
    if (!status.containers->empty())
      out["containerStatuses"] = container_statuses(*status.containers, spec.containers);
    if (!status.init_containers->empty())
      out["initContainerStatuses"] = container_statuses(*status.init_containers, *spec.init_containers);
    if (!status.host_ip.is_unspecified()) {
      const std::string ip = fmt::format("{}", status.host_ip);
      out["hostIP"] = ip;
      out["hostIPs"] = {{{"ip", ip}}};
    }
    if (!status.pod_ip.is_unspecified()) {
      const std::string ip = fmt::format("{}", status.pod_ip);
      out["podIP"] = ip;
      out["podIPs"] = {{{"ip", ip}}};
    }
    if (status.start_time != Nanoseconds::never()) out["startTime"] = time(status.start_time);
    return out;
  }

  [[nodiscard]] Document deployment_status(const DeploymentStatus& status) const {
    Document out = Document::object();
    add_counts(out, {{"availableReplicas", status.available_replicas},
                     {"readyReplicas", status.ready_replicas},
                     {"replicas", status.replicas},
                     {"unavailableReplicas", status.unavailable_replicas},
                     {"updatedReplicas", status.updated_replicas}});
    if (!status.conditions.empty()) out["conditions"] = conditions(status.conditions, "lastUpdateTime");
    out["observedGeneration"] = status.observed_generation;
    return out;
  }

  [[nodiscard]] static Document replica_set_status(const ReplicaSetStatus& status) {
    Document out = {{"observedGeneration", status.observed_generation}, {"replicas", status.replicas}};
    add_counts(out, {{"availableReplicas", status.available_replicas},
                     {"fullyLabeledReplicas", status.fully_labeled_replicas},
                     {"readyReplicas", status.ready_replicas}});
    return out;
  }

  [[nodiscard]] static Document daemon_set_status(const DaemonSetStatus& status) {
    Document out = {{"currentNumberScheduled", status.current},
                    {"desiredNumberScheduled", status.desired},
                    {"numberMisscheduled", status.misscheduled},
                    {"numberReady", status.ready},
                    {"observedGeneration", status.observed_generation}};
    add_counts(out, {{"numberAvailable", status.available},
                     {"numberUnavailable", status.unavailable},
                     {"updatedNumberScheduled", status.updated}});
    return out;
  }

  [[nodiscard]] static Document service_status(const ServiceStatus& status) {
    Document balancer = Document::object();
    for (const ServiceStatus::Ingress& ingress : status.load_balancer) {
      Document one = Document::object();
      if (ingress.address) one["ip"] = fmt::format("{}", *ingress.address);
      if (!ingress.hostname.empty()) one["hostname"] = ingress.hostname;
      balancer["ingress"].push_back(std::move(one));
    }
    return {{"loadBalancer", std::move(balancer)}};
  }

  [[nodiscard]] static Document resources(const ResourceList& list) {
    Document out = Document::object();
    for (const auto& [name, amount] : list) out[name] = amount.text();
    return out;
  }

  [[nodiscard]] Document node_status(const NodeStatus& status) const {
    Document out = {{"allocatable", resources(*status.allocatable)},
                    {"capacity", resources(*status.capacity)},
                    {"conditions", conditions(*status.conditions, "lastHeartbeatTime")},
                    {"daemonEndpoints", {{"kubeletEndpoint", {{"Port", 10250}}}}},
                    {"nodeInfo",
                     {{"architecture", status.info->architecture},
                      {"containerRuntimeVersion", status.info->container_runtime},
                      {"kernelVersion", status.info->kernel},
                      {"kubeProxyVersion", status.info->kubelet},
                      {"kubeletVersion", status.info->kubelet},
                      {"operatingSystem", "linux"},
                      {"osImage", status.info->os_image}}}};
    for (const NodeStatus::Address& one : status.addresses)
      out["addresses"].push_back({{"address", one.address}, {"type", one.type.text()}});
    return out;
  }

  [[nodiscard]] static Document node_spec(const NodeSpec& spec) {
    Document out = {{"providerID", spec.provider_id}};
    if (spec.unschedulable) out["unschedulable"] = true;
    for (const TaintSpec& taint : spec.taints) {
      Document one = {{"effect", taint.effect}, {"key", taint.key}};
      if (!taint.value.empty()) one["value"] = taint.value;
      out["taints"].push_back(std::move(one));
    }
    return out;
  }

  void event(const EventContent& event, Document& out) const {
    out["count"] = event.count;
    out["eventTime"] = nullptr;
    out["firstTimestamp"] = time(event.first);
    out["involvedObject"] = reference(event.about);
    out["involvedObject"]["apiVersion"] = info(event.about.kind).api_version();
    out["lastTimestamp"] = time(event.last);
    out["message"] = event.message;
    out["reason"] = event.reason;
    out["reportingComponent"] = event.component;
    out["reportingInstance"] = event.host;
    out["source"]["component"] = event.component;
    if (!event.host.empty()) out["source"]["host"] = event.host;
    out["type"] = event.type;
  }

  static void endpoints(const EndpointsContent& content, Document& out) {
    for (const EndpointsContent::Subset& subset : content.subsets) {
      Document one = Document::object();
      for (const auto& address : subset.ready) one["addresses"].push_back(endpoint_address(address));
      for (const auto& address : subset.not_ready)
        one["notReadyAddresses"].push_back(endpoint_address(address));
      for (const EndpointPort& port : subset.ports) one["ports"].push_back(endpoint_port(port));
      out["subsets"].push_back(std::move(one));
    }
  }

  static void endpoint_slice(const EndpointSliceContent& content, Document& out) {
    out["addressType"] = content.address_type;
    out["endpoints"] = Document::array();
    for (const EndpointSliceContent::Endpoint& endpoint : content.endpoints) {
      Document one = {{"conditions",
                       {{"ready", endpoint.ready},
                        {"serving", endpoint.serving},
                        {"terminating", endpoint.terminating}}}};
      for (const Ipv4Address address : endpoint.addresses)
        one["addresses"].push_back(fmt::format("{}", address));
      if (!endpoint.hostname.empty()) one["hostname"] = endpoint.hostname;
      if (!endpoint.node_name.empty()) one["nodeName"] = endpoint.node_name;
      if (!endpoint.zone.empty()) one["zone"] = endpoint.zone;
      if (endpoint.target) one["targetRef"] = reference(*endpoint.target);
      out["endpoints"].push_back(std::move(one));
    }
    out["ports"] = Document::array();
    for (const EndpointPort& port : content.ports) {
      Document one = endpoint_port(port);
      one["name"] = port.name;  // shown even when it is empty
      out["ports"].push_back(std::move(one));
    }
  }

 private:
  static Document owner_reference(const OwnerReference& owner) {
    Document out = {{"apiVersion", owner.api_version},
                    {"kind", owner.kind},
                    {"name", owner.name},
                    {"uid", owner.uid.text()}};
    if (owner.block_owner_deletion) out["blockOwnerDeletion"] = true;
    if (owner.controller) out["controller"] = true;
    return out;
  }

  static Document reference(const ObjectReference& target) {
    Document out = {{"kind", info(target.kind).name}, {"name", target.name}};
    if (!target.name_space.empty()) out["namespace"] = target.name_space;
    if (!target.uid.empty()) out["uid"] = target.uid;
    if (!target.field_path.empty()) out["fieldPath"] = target.field_path;
    return out;
  }

  static Document endpoint_address(const EndpointsContent::Address& address) {
    Document out = {{"ip", fmt::format("{}", address.ip)}};
    if (!address.hostname.empty()) out["hostname"] = address.hostname;
    if (!address.node_name.empty()) out["nodeName"] = address.node_name;
    if (address.target) out["targetRef"] = reference(*address.target);
    return out;
  }

  static Document endpoint_port(const EndpointPort& port) {
    Document out = {{"port", port.port}, {"protocol", port.protocol}};
    if (!port.name.empty()) out["name"] = port.name;
    if (!port.app_protocol.empty()) out["appProtocol"] = port.app_protocol;
    return out;
  }

  /// Counts of zero are left out: `omitempty` of their Go fields.
  static void add_counts(Document& out, std::initializer_list<std::pair<const char*, std::int32_t>> counts) {
    for (const auto& [name, count] : counts) {
      if (count != 0) out[name] = count;
    }
  }

  Nanoseconds epoch_;
  Uid uid_;
};

void add_status(const ApiObject& object, const Renderer& renderer, Document& out) {
  if (const auto* status = object.find<PodStatus>()) {
    out["status"] = renderer.pod_status(*status, object.as<PodSpec>());
  } else if (const auto* deployment = object.find<DeploymentStatus>()) {
    out["status"] = renderer.deployment_status(*deployment);
  } else if (const auto* replicas = object.find<ReplicaSetStatus>()) {
    out["status"] = Renderer::replica_set_status(*replicas);
  } else if (const auto* daemons = object.find<DaemonSetStatus>()) {
    out["status"] = Renderer::daemon_set_status(*daemons);
  } else if (const auto* service = object.find<ServiceStatus>()) {
    out["status"] = Renderer::service_status(*service);
  } else if (const auto* node = object.find<NodeStatus>()) {
    out["status"] = renderer.node_status(*node);
  } else if (const auto* name_space = object.find<NamespaceStatus>()) {
    out["status"]["phase"] = name_space->phase;
  }
}

}  // namespace

Document to_document(const ApiObject& object, Nanoseconds epoch) {
  const Renderer renderer(epoch, object.meta.uid);
  const KindInfo& kind = info(object.kind);
  Document out = object.body.read();
  out["apiVersion"] = kind.api_version();
  out["kind"] = kind.name;
  out["metadata"] = renderer.metadata(object.meta);
  if (const auto* endpoints = object.find<EndpointsContent>()) {
    Renderer::endpoints(*endpoints, out);
  } else if (const auto* slice = object.find<EndpointSliceContent>()) {
    Renderer::endpoint_slice(*slice, out);
  } else if (const auto* event = object.find<EventContent>()) {
    renderer.event(*event, out);
  } else if (const auto* node = object.find<NodeSpec>()) {
    out["spec"] = Renderer::node_spec(*node);
  } else if (object.kind == ObjectKind::name_space) {
    out["spec"]["finalizers"] = {"kubernetes"};
  }
  add_status(object, renderer, out);
  return out;
}

std::string api_time(Nanoseconds since_1970) {
  using namespace std::chrono;
  const auto instant = sys_seconds(floor<seconds>(nanoseconds(since_1970.count())));
  const auto day = floor<days>(instant);
  const year_month_day date(day);
  const hh_mm_ss clock(instant - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

}  // namespace ekspath
