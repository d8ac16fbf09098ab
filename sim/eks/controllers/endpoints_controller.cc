#include "sim/eks/controllers/endpoints_controller.hh"

#include <fmt/format.h>

#include <algorithm>

#include "sim/eks/controllers/pod_template.hh"

namespace ekspath {
namespace {

/// pkg/controller/endpoint maxCapacity; over it the rest is cut, ready ones kept first.
constexpr std::size_t most_endpoints = 1000;
constexpr std::string_view headless_label = "service.kubernetes.io/headless";

bool is_finished(const ApiObject& pod) {
  const Literal phase = pod.as<PodStatus>().phase;
  return phase == "Succeeded" || phase == "Failed";
}

/// pkg/api/v1/endpoints RepackSubsets(): addresses that share a set of ports share a subset.
EndpointsContent repack(const std::map<std::vector<EndpointPort>, EndpointsContent::Subset>& by_ports) {
  EndpointsContent content;
  for (const auto& [ports, subset] : by_ports) {
    EndpointsContent::Subset one = subset;
    one.ports = ports;
    // Addresses sort bytewise by their text. pkg/api/v1/endpoints/util.go
    const auto by_text = [](const EndpointsContent::Address& address) {
      return fmt::format("{}", address.ip);
    };
    std::ranges::sort(one.ready, {}, by_text);
    std::ranges::sort(one.not_ready, {}, by_text);
    content.subsets.push_back(std::move(one));
  }
  return content;
}

}  // namespace

ServiceWatcher::ServiceWatcher(Engine& engine, ApiServer& api, const ControlDelays& delays)
    : Controller(engine), api_(&api), delays_(&delays) {
  api.objects().watch(ObjectKind::service, *this);
  api.objects().watch(ObjectKind::pod, *this);
}

void ServiceWatcher::object_changed(ObjectChange, const ApiObject& object) {
  if (object.kind == ObjectKind::service) return look_at(key_of(object), delays_->controller);
  for (const ApiObject* service : api_->objects().list(ObjectKind::service, object.meta.name_space)) {
    const Labels& selector = service->as<ServiceSpec>().selector;
    if (!selector.empty() && LabelSelector(selector).matches(object.meta.labels))
      look_at(key_of(*service), delays_->endpoints);
  }
}

std::vector<const ApiObject*> ServiceWatcher::pods_of(const ApiObject& service) const {
  std::vector<const ApiObject*> pods = api_->objects().list(
      ObjectKind::pod, service.meta.name_space, LabelSelector(service.as<ServiceSpec>().selector));
  std::erase_if(pods, [](const ApiObject* pod) {
    return pod->as<PodStatus>().pod_ip.is_unspecified() || is_finished(*pod);
  });
  return pods;
}

std::vector<EndpointPort> ServiceWatcher::ports_for(const ServiceSpec& service, const PodSpec& pod) {
  std::vector<EndpointPort> ports;
  for (const ServicePortSpec& port : service.ports) {
    EndpointPort out{port.name, port.protocol, port.app_protocol, 0};
    if (const auto* number = std::get_if<std::int32_t>(&port.target_port)) {
      out.port = static_cast<std::uint16_t>(*number);
    } else {
      const ContainerPortSpec* named = pod.port(std::get<std::string>(port.target_port), port.protocol);
      if (named == nullptr) continue;
      out.port = named->container_port;
    }
    ports.push_back(std::move(out));
  }
  std::ranges::sort(ports);
  return ports;
}

ObjectReference ServiceWatcher::reference_to(const ApiObject& pod) {
  return {ObjectKind::pod, pod.meta.name_space, pod.meta.name, pod.meta.uid.text(), ""};
}

void EndpointsController::sync(const ObjectKey& key) {
  ObjectStore& objects = api().objects();
  const ApiObject* service = objects.find(key.kind, key.name_space, key.name);
  const ApiObject* known = objects.find(ObjectKind::endpoints, key.name_space, key.name);
  if (service == nullptr) {
    if (known != nullptr) (void)objects.remove(ObjectKind::endpoints, key.name_space, key.name);
    return;
  }
  const auto& spec = service->as<ServiceSpec>();
  if (spec.selector.empty()) return;  // somebody else keeps them

  std::map<std::vector<EndpointPort>, EndpointsContent::Subset> by_ports;
  std::size_t count = 0;
  for (const ApiObject* pod : pods_of(*service)) {
    const bool ready = pod->as<PodStatus>().ready();
    // A terminating pod is no endpoint here, whatever publishNotReadyAddresses says of the others.
    if (pod->meta.terminating() && !spec.publish_not_ready_addresses) continue;
    const std::vector<EndpointPort> ports = ports_for(spec, pod->as<PodSpec>());
    if (ports.empty() && !spec.ports.empty()) continue;
    if (++count > most_endpoints) break;
    EndpointsContent::Address address{pod->as<PodStatus>().pod_ip, "", pod->as<PodSpec>().node_name,
                                      reference_to(*pod)};
    if (pod->as<PodSpec>()->subdomain == service->meta.name) address.hostname = pod->as<PodSpec>()->hostname;
    EndpointsContent::Subset& subset = by_ports[ports];
    (ready || spec.publish_not_ready_addresses ? subset.ready : subset.not_ready)
        .push_back(std::move(address));
  }
  EndpointsContent content = repack(by_ports);
  Labels labels = service->meta.labels;
  if (spec.headless) labels[std::string(headless_label)] = "";
  if (known == nullptr) {
    ApiObject made;
    made.kind = ObjectKind::endpoints;
    made.meta.name = key.name;
    made.meta.name_space = key.name_space;
    made.meta.labels = std::move(labels);
    made.spec = std::move(content);
    (void)objects.create(std::move(made));
    return;
  }
  if (known->as<EndpointsContent>() == content && known->meta.labels == labels) return;
  (void)objects.edit(*known, ObjectStore::Part::spec, [&](ApiObject& object) {
    object.spec = std::move(content);
    object.meta.labels = std::move(labels);
  });
}

EndpointSliceContent::Endpoint EndpointSliceController::endpoint_of(const ApiObject& pod,
                                                                    const ApiObject& service) const {
  // staging/src/k8s.io/endpointslice/utils.go podToEndpoint()
  const bool serving = pod.as<PodStatus>().ready();
  const bool terminating = pod.meta.terminating();
  EndpointSliceContent::Endpoint endpoint;
  endpoint.addresses.push_back(pod.as<PodStatus>().pod_ip);
  endpoint.serving = serving;
  endpoint.terminating = terminating;
  endpoint.ready = service.as<ServiceSpec>().publish_not_ready_addresses || (serving && !terminating);
  endpoint.node_name = pod.as<PodSpec>().node_name;
  if (pod.as<PodSpec>()->subdomain == service.meta.name) endpoint.hostname = pod.as<PodSpec>()->hostname;
  if (const ApiObject* node = api().objects().find(ObjectKind::node, "", endpoint.node_name)) {
    const auto zone = node->meta.labels.find("topology.kubernetes.io/zone");
    if (zone != node->meta.labels.end()) endpoint.zone = zone->second;
  }
  endpoint.target = reference_to(pod);
  return endpoint;
}

void EndpointSliceController::sync(const ObjectKey& key) {
  constexpr std::size_t most_in_slice = 100;  // --max-endpoints-per-slice
  ObjectStore& objects = api().objects();
  const ApiObject* service = objects.find(key.kind, key.name_space, key.name);
  const LabelSelector own({{std::string(service_name_label), key.name},
                           {"endpointslice.kubernetes.io/managed-by", "endpointslice-controller.k8s.io"}});
  std::vector<const ApiObject*> slices = objects.list(ObjectKind::endpoint_slice, key.name_space, own);
  if (service == nullptr || service->as<ServiceSpec>().selector.empty() ||
      service->as<ServiceSpec>().type == ServiceType::external_name) {
    for (const ApiObject* slice : slices)
      (void)objects.remove(ObjectKind::endpoint_slice, key.name_space, slice->meta.name);
    return;
  }
  using Endpoint = EndpointSliceContent::Endpoint;
  // By ports, then by the pod's uid: what must be somewhere.
  std::map<std::vector<EndpointPort>, std::map<std::string, Endpoint>> wanted;
  for (const ApiObject* pod : pods_of(*service)) {
    const std::vector<EndpointPort> ports = ports_for(service->as<ServiceSpec>(), pod->as<PodSpec>());
    wanted[ports].emplace(pod->meta.uid.text(), endpoint_of(*pod, *service));
  }
  // A service without pods has one slice without endpoints, so that its readers know it was seen.
  if (wanted.empty()) wanted[{}] = {};

  struct Plan {
    const ApiObject* slice = nullptr;  // null: to be made
    EndpointSliceContent content;
  };
  std::vector<Plan> plans;
  for (const ApiObject* slice : slices) {
    const auto& before = slice->as<EndpointSliceContent>();
    const auto group = wanted.find(before.ports);
    Plan plan{slice, {before.address_type, {}, before.ports}};
    if (group != wanted.end()) {
      for (const Endpoint& endpoint : before.endpoints) {
        const auto kept = endpoint.target ? group->second.find(endpoint.target->uid) : group->second.end();
        if (kept == group->second.end()) continue;
        plan.content.endpoints.push_back(std::move(kept->second));
        group->second.erase(kept);
      }
    }
    plans.push_back(std::move(plan));
  }
  for (auto& [ports, endpoints] : wanted) {
    while (true) {
      // The fullest slice with room first.
      Plan* target = nullptr;
      bool has_slice = false;
      for (Plan& plan : plans) {
        if (plan.content.ports != ports) continue;
        has_slice = true;
        const std::size_t size = plan.content.endpoints.size();
        if (size < most_in_slice && (target == nullptr || size > target->content.endpoints.size()))
          target = &plan;
      }
      if (endpoints.empty() && has_slice) break;
      if (target == nullptr) {
        plans.push_back({nullptr, {"IPv4", {}, ports}});
        target = &plans.back();
      }
      while (!endpoints.empty() && target->content.endpoints.size() < most_in_slice) {
        target->content.endpoints.push_back(std::move(endpoints.begin()->second));
        endpoints.erase(endpoints.begin());
      }
      if (endpoints.empty()) break;
    }
  }
  for (Plan& plan : plans) {
    const bool empty = plan.content.endpoints.empty() && !wanted.contains(plan.content.ports);
    if (plan.slice != nullptr && empty) {
      (void)objects.remove(ObjectKind::endpoint_slice, key.name_space, plan.slice->meta.name);
    } else if (plan.slice != nullptr) {
      if (plan.slice->as<EndpointSliceContent>() == plan.content) continue;
      (void)objects.edit(*plan.slice, ObjectStore::Part::spec,
                         [&](ApiObject& object) { object.spec = std::move(plan.content); });
    } else {
      ApiObject made;
      made.kind = ObjectKind::endpoint_slice;
      made.meta.generate_name = key.name + "-";
      made.meta.name_space = key.name_space;
      made.meta.labels = service->meta.labels;
      if (service->as<ServiceSpec>().headless) made.meta.labels[std::string(headless_label)] = "";
      made.meta.labels[std::string(service_name_label)] = key.name;
      made.meta.labels["endpointslice.kubernetes.io/managed-by"] = "endpointslice-controller.k8s.io";
      made.meta.owners.write().push_back(controller_reference(*service));
      made.spec = std::move(plan.content);
      (void)objects.create(std::move(made));
    }
  }
}

}  // namespace ekspath
