#include "sim/eks/api/api_server.hh"

#include <fmt/format.h>

#include <algorithm>

#include "sim/eks/api/decode_parts.hh"

namespace ekspath {
namespace {

constexpr std::uint16_t first_node_port = 30000;
constexpr std::uint16_t last_node_port = 32767;
constexpr std::string_view last_applied = "kubectl.kubernetes.io/last-applied-configuration";

/// Addresses below this offset are for those who ask for one. KEP-3070: min(max(16, size / 16), 256)
std::uint64_t static_band(std::uint64_t size) {
  return std::min<std::uint64_t>(std::max<std::uint64_t>(16, size / 16), 256);
}

/// The same for node ports: min(max(16, size / 32), 128). KEP-3668
constexpr std::uint16_t static_ports = 86;

std::int64_t priority_of(const std::string& priority_class) {
  if (priority_class == "system-node-critical") return 2'000'001'000;
  if (priority_class == "system-cluster-critical") return 2'000'000'000;
  return 0;
}

/// Guaranteed, Burstable, BestEffort. pkg/apis/core/helper/qos GetPodQOS()
Literal qos_class(const PodSpec& spec) {
  bool any = false;
  bool guaranteed = true;
  for (const auto* containers : {&*spec.init_containers, &spec.containers}) {
    for (const ContainerSpec& container : *containers) {
      for (const char* resource : {"cpu", "memory"}) {
        const auto request = container->requests.find(resource);
        const auto limit = container->limits.find(resource);
        any = any || request != container->requests.end() || limit != container->limits.end();
        if (request == container->requests.end() || limit == container->limits.end() ||
            request->second.milli() != limit->second.milli())
          guaranteed = false;
      }
    }
  }
  return !any ? Literal("BestEffort") : guaranteed ? Literal("Guaranteed") : Literal("Burstable");
}

/// The volume of the service account's token, and its mount in every container.
/// plugin/pkg/admission/serviceaccount
void mount_token(Document& spec, const std::string& suffix) {
  const std::string volume = "kube-api-access-" + suffix;
  spec["volumes"].push_back(
      {{"name", volume},
       {"projected",
        {{"defaultMode", 420},
         {"sources",
          {{{"serviceAccountToken", {{"expirationSeconds", 3607}, {"path", "token"}}}},
           {{"configMap",
             {{"items", {{{"key", "ca.crt"}, {"path", "ca.crt"}}}}, {"name", "kube-root-ca.crt"}}}},
           {{"downwardAPI",
             {{"items",
               {{{"fieldRef", {{"apiVersion", "v1"}, {"fieldPath", "metadata.namespace"}}},
                 {"path", "namespace"}}}}}}}}}}}});
  for (const char* key : {"containers", "initContainers"}) {
    Document* containers = member(spec, key);
    if (containers == nullptr) continue;
    for (Document& container : *containers) {
      container["volumeMounts"].push_back({{"mountPath", "/var/run/secrets/kubernetes.io/serviceaccount"},
                                           {"name", volume},
                                           {"readOnly", true}});
    }
  }
}

/// A node that is away for less than five minutes keeps its pods.
/// plugin/pkg/admission/defaulttolerationseconds
void tolerate_short_absence(PodShape& pod, Document& spec) {
  for (const char* key : {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}) {
    const bool has = std::ranges::any_of(pod.tolerations, [&](const TolerationSpec& one) {
      return (one.key == key || one.key.empty()) && (one.effect == "NoExecute" || one.effect.empty());
    });
    if (has) continue;
    pod.tolerations.push_back({key, true, "", "NoExecute", 300});
    spec["tolerations"].push_back(
        {{"effect", "NoExecute"}, {"key", key}, {"operator", "Exists"}, {"tolerationSeconds", 300}});
  }
}

void admit_pod(ApiObject& object, ObjectStore& objects) {
  PodShape& pod = object.as<PodSpec>().shape.write();
  Document& spec = object.body.open()["spec"];
  if (pod.service_account.empty()) pod.service_account = "default";
  set_default(spec, "serviceAccountName", pod.service_account);
  set_default(spec, "serviceAccount", pod.service_account);
  set_default(spec, "enableServiceLinks", true);
  set_default(spec, "preemptionPolicy", "PreemptLowerPriority");
  pod.priority = priority_of(pod.priority_class);
  set_default(spec, "priority", pod.priority);
  tolerate_short_absence(pod, spec);
  if (!spec.value("automountServiceAccountToken", true)) {
    // the user wants none
  } else {
    mount_token(spec, objects.name_suffix("kube-api-access-"));
  }
  auto& status = object.as<PodStatus>();
  status.qos_class = qos_class(object.as<PodSpec>());
  if (status.phase.empty()) status.phase = "Pending";
}

/// What a PATCH of kubectl makes of the live document: keys that the last apply had and this one lacks go,
/// keys that this one has are set, the rest stays. Lists are replaced.
/// apimachinery pkg/util/jsonmergepatch CreateThreeWayJSONMergePatch()
void merge_applied(Document& live, const Document& last, const Document& wanted) {
  if (!live.is_object() || !wanted.is_object()) {
    live = wanted;
    return;
  }
  if (last.is_object()) {
    for (const auto& [key, value] : last.items()) {
      if (!wanted.contains(key)) live.erase(key);
    }
  }
  for (const auto& [key, value] : wanted.items()) {
    if (value.is_object() && live.contains(key) && live[key].is_object()) {
      merge_applied(live[key], last.is_object() ? last.value(key, Document()) : Document(), value);
    } else {
      live[key] = value;
    }
  }
}

/// The user's labels or annotations over those that others set.
void merge_labels(Labels& live, const Labels& last, const Labels& wanted) {
  for (const auto& [key, value] : last) {
    if (!wanted.contains(key)) live.erase(key);
  }
  for (const auto& [key, value] : wanted) live[key] = value;
}

/// pkg/apis/core/validation ValidatePodUpdate(). What else it refuses is taken (docs/limitations.md).
std::optional<ApiError> refuse_other_containers(const ApiObject& wanted, const ApiObject& live) {
  const auto& now = wanted.as<PodSpec>();
  const auto& before = live.as<PodSpec>();
  std::vector<std::string> causes;
  if (now.containers.size() != before.containers.size())
    causes.emplace_back("spec.containers: Forbidden: pod updates may not add or remove containers");
  if (now.init_containers->size() != before.init_containers->size())
    causes.emplace_back("spec.initContainers: Forbidden: pod updates may not add or remove containers");
  if (causes.empty()) return std::nullopt;
  return ApiError::invalid(ObjectKind::pod, live.meta.name, causes);
}

void write_service_defaults(Document& spec, const ServiceSpec& service) {
  if (service.type == ServiceType::external_name) return;
  const std::string ip = service.headless ? "None" : fmt::format("{}", service.cluster_ip);
  spec["clusterIP"] = ip;
  spec["clusterIPs"] = {ip};
  set_default(spec, "ipFamilies", {"IPv4"});
  set_default(spec, "ipFamilyPolicy", "SingleStack");
  for (std::size_t i = 0; i < service.ports.size(); ++i) {
    if (service.ports[i].node_port != 0) spec["ports"][i]["nodePort"] = service.ports[i].node_port;
  }
  if (service.health_check_node_port != 0) spec["healthCheckNodePort"] = service.health_check_node_port;
}

bool wants_node_ports(const ServiceSpec& service) {
  return service.type == ServiceType::node_port ||
         (service.type == ServiceType::load_balancer && service.allocate_load_balancer_node_ports);
}

bool wants_health_check_port(const ServiceSpec& service) {
  return service.type == ServiceType::load_balancer && service.external_policy_local;
}

}  // namespace

ApiServer::ApiServer(ObjectStore& objects, Prefix service_cidr, std::uint64_t seed)
    : objects_(&objects),
      service_cidr_(service_cidr),
      address_draws_(seed, "api server", "cluster ip"),
      port_draws_(seed, "api server", "node port") {}

ApiOutcome ApiServer::create(ApiObject object) {
  if (object.kind == ObjectKind::pod) admit_pod(object, *objects_);
  if (object.kind == ObjectKind::service) {
    const std::string name_space = object.meta.name_space.empty() ? "default" : object.meta.name_space;
    if (objects_->find(ObjectKind::service, name_space, object.meta.name) != nullptr)
      return {nullptr, ApiError::already_exists(ObjectKind::service, object.meta.name)};
    if (auto error = allocate(object, nullptr)) return {nullptr, std::move(error)};
  }
  const ObjectKind kind = object.kind;
  const std::string name = object.meta.name;
  ApiOutcome made = objects_->create(std::move(object));
  if (made && kind == ObjectKind::name_space) {
    // The service account controller and the root CA publisher see to every namespace.
    ApiObject account;
    account.kind = ObjectKind::service_account;
    account.meta.name = "default";
    account.meta.name_space = name;
    (void)objects_->create(std::move(account));
    ApiObject certificate;
    certificate.kind = ObjectKind::config_map;
    certificate.meta.name = "kube-root-ca.crt";
    certificate.meta.name_space = name;
    certificate.meta.annotations.write()["kubernetes.io/description"] =
        "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints "
        "such "
        "as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across "
        "distributions of Kubernetes clusters.";
    const std::string text = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n";
    certificate.body.open()["data"]["ca.crt"] = text;
    certificate.spec = ConfigMapContent{{{"ca.crt", text}}};
    (void)objects_->create(std::move(certificate));
  }
  return made;
}

ApiOutcome ApiServer::replace(ApiObject wanted) {
  const ApiOutcome live = objects_->get(wanted.kind, wanted.meta.name_space, wanted.meta.name);
  if (!live) return live;
  if (wanted.kind == ObjectKind::service) {
    if (auto error = allocate(wanted, live.object)) return {nullptr, std::move(error)};
  }
  if (wanted.kind == ObjectKind::pod) {
    if (auto error = refuse_other_containers(wanted, *live.object)) return {nullptr, std::move(error)};
  }
  const bool same_spec = wanted.body == live.object->body;
  return objects_->edit(*live.object, same_spec ? ObjectStore::Part::metadata : ObjectStore::Part::spec,
                        [&](ApiObject& object) {
                          object.body = std::move(wanted.body);
                          object.spec = std::move(wanted.spec);
                          object.meta.labels = std::move(wanted.meta.labels);
                          object.meta.annotations = std::move(wanted.meta.annotations);
                        });
}

ApiServer::Applied ApiServer::apply(Document document, std::string_view name_space) {
  DecodedObject decoded = decode_object(document);
  if (!decoded.object) return {{nullptr, decoded.error()}, Applied::Effect::created};
  ApiObject& wanted = *decoded.object;
  if (info(wanted.kind).namespaced && wanted.meta.name_space.empty()) wanted.meta.name_space = name_space;
  if (Document* annotations = member(document["metadata"], "annotations"))
    annotations->erase(std::string(last_applied));
  if (info(wanted.kind).namespaced) document["metadata"]["namespace"] = wanted.meta.name_space;
  // kubectl pkg/util/apply.go: Go's encoder ends in a newline.
  const std::string configuration = document.dump() + "\n";

  const ApiObject* live = objects_->find(wanted.kind, wanted.meta.name_space, wanted.meta.name);
  if (live == nullptr) {
    wanted.meta.annotations.write()[last_applied] = configuration;
    return {create(std::move(wanted)), Applied::Effect::created};
  }
  const auto known = live->meta.annotations->find(last_applied);
  const Document last = known == live->meta.annotations->end()
                            ? Document::object()
                            : Document::parse(known->second.text(), nullptr, false);
  if (known != live->meta.annotations->end() && known->second == configuration)
    return {{live, std::nullopt}, Applied::Effect::unchanged};

  Document merged = live->body.read();
  Document wanted_body = document;
  Document last_body = last;
  for (const char* key : {"apiVersion", "kind", "metadata", "status"}) {
    wanted_body.erase(key);
    if (last_body.is_object()) last_body.erase(key);
  }
  merge_applied(merged, last_body, wanted_body);
  merged["apiVersion"] = info(wanted.kind).api_version();
  merged["kind"] = info(wanted.kind).name;
  merged["metadata"] = {{"name", wanted.meta.name}, {"namespace", wanted.meta.name_space}};
  DecodedObject again = decode_object(std::move(merged));
  if (!again.object) return {{nullptr, again.error()}, Applied::Effect::configured};
  if (wanted.body.empty()) again.object->spec = std::move(wanted.spec);  // kinds that are typed alone

  const Document last_meta =
      last.is_object() ? last.value("metadata", Document::object()) : Document::object();
  again.object->meta = live->meta;
  merge_labels(again.object->meta.labels, labels_at(last_meta, "labels"), wanted.meta.labels);
  Labels& annotations = again.object->meta.annotations.write();
  merge_labels(annotations, labels_at(last_meta, "annotations"), *wanted.meta.annotations);
  annotations[last_applied] = configuration;
  return {replace(std::move(*again.object)), Applied::Effect::configured};
}

ApiOutcome ApiServer::scale(ObjectKind kind, std::string_view name_space, std::string_view name,
                            std::int64_t replicas) {
  const ApiOutcome live = objects_->get(kind, name_space, name);
  if (!live) return live;
  if (replicas < 0) {
    return {nullptr,
            ApiError::invalid(kind, name,
                              {fmt::format("spec.replicas: Invalid value: {}: must be greater than or "
                                           "equal to 0",
                                           replicas)})};
  }
  const auto wanted = static_cast<std::int32_t>(replicas);
  const Document body = live.object->body.read();
  if (member(body["spec"], "replicas") != nullptr && number_at(body["spec"], "replicas") == replicas)
    return live;
  return objects_->edit(*live.object, ObjectStore::Part::spec, [&](ApiObject& object) {
    object.body.open()["spec"]["replicas"] = wanted;
    if (kind == ObjectKind::deployment) object.as<DeploymentSpec>().replicas = wanted;
    if (kind == ObjectKind::replica_set) object.as<ReplicaSetSpec>().replicas = wanted;
  });
}

std::optional<ApiError> ApiServer::remove(ObjectKind kind, std::string_view name_space, std::string_view name,
                                          const DeleteOptions& options) {
  const ApiOutcome live = objects_->get(kind, name_space, name);
  if (!live) return live.error;
  const ApiObject& object = *live.object;
  if (kind == ObjectKind::pod) {
    const auto& spec = object.as<PodSpec>();
    // pkg/registry/core/pod/strategy.go CheckGracefulDelete()
    std::int64_t grace = options.grace_seconds.value_or(spec->termination_grace_seconds);
    const Literal phase = object.as<PodStatus>().phase;
    if (spec.node_name.empty() || phase == "Succeeded" || phase == "Failed") grace = 0;
    if (grace < 0) grace = 1;
    if (grace == 0) return objects_->remove(kind, name_space, name);
    const Nanoseconds due = objects_->now() + Nanoseconds(grace * 1'000'000'000);
    if (object.meta.terminating() && (*object.meta.deletion)->time <= due) return std::nullopt;
    (void)objects_->edit(object, ObjectStore::Part::metadata, [&](ApiObject& pod) {
      pod.meta.deletion = ObjectMeta::Deletion{due, grace};
    });
    return std::nullopt;
  }
  if (kind == ObjectKind::name_space) {
    if (object.meta.terminating()) return std::nullopt;
    if (name == "default" || name == "kube-system" || name == "kube-public") {
      return ApiError{ApiError::Reason::forbidden,
                      fmt::format("namespaces \"{}\" is forbidden: this namespace may not be deleted", name),
                      "",
                      {}};
    }
    (void)objects_->edit(object, ObjectStore::Part::metadata, [&](ApiObject& space) {
      space.meta.deletion = ObjectMeta::Deletion{objects_->now()};
      space.as<NamespaceStatus>().phase = "Terminating";
    });
    return std::nullopt;
  }
  if (options.propagation == DeleteOptions::Propagation::foreground &&
      !objects_->owned_by(object.meta.uid).empty()) {
    (void)objects_->edit(object, ObjectStore::Part::metadata, [&](ApiObject& owner) {
      owner.meta.deletion = ObjectMeta::Deletion{objects_->now()};
      if (std::ranges::find(*owner.meta.finalizers, "foregroundDeletion") == owner.meta.finalizers->end())
        owner.meta.finalizers.write().emplace_back("foregroundDeletion");
    });
    return std::nullopt;
  }
  if (options.propagation == DeleteOptions::Propagation::orphan) {
    for (const ApiObject* dependent : objects_->owned_by(object.meta.uid)) {
      (void)objects_->edit(*dependent, ObjectStore::Part::metadata, [&](ApiObject& orphan) {
        std::erase_if(orphan.meta.owners.write(),
                      [&](const auto& owner) { return owner.uid == object.meta.uid; });
      });
    }
  }
  if (kind == ObjectKind::service) release(object);
  return objects_->remove(kind, name_space, name);
}

std::optional<ApiError> ApiServer::allocate(ApiObject& service, const ApiObject* before) {
  auto& spec = service.as<ServiceSpec>();
  const ServiceSpec* old = before == nullptr ? nullptr : &before->as<ServiceSpec>();
  std::vector<std::string> causes;

  // pkg/registry/core/service/storage/alloc.go: an update keeps what it had.
  const bool wants_ip = spec.type != ServiceType::external_name && !spec.headless;
  if (wants_ip && spec.cluster_ip.is_unspecified() && old != nullptr) spec.cluster_ip = old->cluster_ip;
  const bool keeps_ip = old != nullptr && wants_ip && old->cluster_ip == spec.cluster_ip;
  if (old != nullptr && wants_ip && !keeps_ip && !old->cluster_ip.is_unspecified())
    causes.push_back(fmt::format(
        "spec.clusterIPs[0]: Invalid value: []string{{\"{}\"}}: may not change once set", spec.cluster_ip));
  if (wants_ip && !keeps_ip && causes.empty() && !spec.cluster_ip.is_unspecified()) {
    const std::string stem = fmt::format(
        "spec.clusterIPs: Invalid value: []string{{\"{0}\"}}: failed to allocate IP {0}: ", spec.cluster_ip);
    if (!service_cidr_.contains(spec.cluster_ip)) {
      causes.push_back(stem +
                       fmt::format("the provided IP ({}) is not in the valid range. The range of valid "
                                   "IPs is {}",
                                   spec.cluster_ip, service_cidr_));
    } else if (cluster_ips_.contains(spec.cluster_ip)) {
      causes.push_back(stem + "provided IP is already allocated");
    }
  }

  if (wants_node_ports(spec) && old != nullptr) {
    for (ServicePortSpec& port : spec.ports) {
      const auto same = std::ranges::find_if(old->ports, [&](const ServicePortSpec& one) {
        return one.port == port.port && one.protocol == port.protocol;
      });
      if (port.node_port == 0 && same != old->ports.end()) port.node_port = same->node_port;
    }
  }
  std::set<std::uint16_t> had;
  if (old != nullptr) {
    for (const ServicePortSpec& port : old->ports) had.insert(port.node_port);
  }
  for (std::size_t i = 0; i < spec.ports.size(); ++i) {
    const std::uint16_t port = spec.ports[i].node_port;
    if (port == 0 || had.contains(port)) continue;
    const std::string stem = fmt::format("spec.ports[{}].nodePort: Invalid value: {}: ", i, port);
    if (port < first_node_port || port > last_node_port) {
      causes.push_back(stem +
                       fmt::format("provided port is not in the valid range. The range of valid ports is "
                                   "{}-{}",
                                   first_node_port, last_node_port));
    } else if (node_ports_.contains(port)) {
      causes.push_back(stem + "provided port is already allocated");
    }
  }
  if (!causes.empty()) return ApiError::invalid(ObjectKind::service, service.meta.name, causes);

  if (old != nullptr) release(*before);
  if (wants_ip) {
    if (spec.cluster_ip.is_unspecified()) spec.cluster_ip = draw_cluster_ip();
    cluster_ips_.insert(spec.cluster_ip);
  }
  // Those that are asked for first: a draw must not take them.
  for (const ServicePortSpec& port : spec.ports) {
    if (port.node_port != 0) node_ports_.insert(port.node_port);
  }
  for (ServicePortSpec& port : spec.ports) {
    if (wants_node_ports(spec) && port.node_port == 0) {
      port.node_port = draw_node_port();
      node_ports_.insert(port.node_port);
    }
  }
  if (wants_health_check_port(spec)) {
    if (spec.health_check_node_port == 0 && old != nullptr)
      spec.health_check_node_port = old->health_check_node_port;
    if (spec.health_check_node_port == 0) spec.health_check_node_port = draw_node_port();
    node_ports_.insert(spec.health_check_node_port);
  }
  write_service_defaults(service.body.open()["spec"], spec);
  return std::nullopt;
}

void ApiServer::release(const ApiObject& service) {
  const auto& spec = service.as<ServiceSpec>();
  cluster_ips_.erase(spec.cluster_ip);
  for (const ServicePortSpec& port : spec.ports) node_ports_.erase(port.node_port);
  node_ports_.erase(spec.health_check_node_port);
}

/// pkg/registry/core/service/ipallocator: a random one above the static band, then the band itself.
Ipv4Address ApiServer::draw_cluster_ip() {
  const std::uint64_t size = (std::uint64_t{1} << (32 - service_cidr_.length())) - 2;
  const std::uint64_t band = static_band(size);
  ASSERT(cluster_ips_.size() < size);
  const std::uint64_t start = address_draws_.uniform(size - band);
  for (std::uint64_t i = 0; i < size; ++i) {
    const std::uint64_t offset = i < size - band ? band + (start + i) % (size - band) : i - (size - band);
    const Ipv4Address address(service_cidr_.network().bits() + 1 + static_cast<std::uint32_t>(offset));
    if (!cluster_ips_.contains(address)) return address;
  }
  return {};
}

std::uint16_t ApiServer::draw_node_port() {
  constexpr std::uint16_t size = last_node_port - first_node_port + 1;
  ASSERT(node_ports_.size() < size);
  const std::uint64_t start = port_draws_.uniform(size - static_ports);
  for (std::uint64_t i = 0; i < size; ++i) {
    const std::uint64_t offset = i < size - static_ports ? static_ports + (start + i) % (size - static_ports)
                                                         : i - (size - static_ports);
    const auto port = static_cast<std::uint16_t>(first_node_port + offset);
    if (!node_ports_.contains(port)) return port;
  }
  return 0;
}

}  // namespace ekspath
