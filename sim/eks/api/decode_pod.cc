#include <fmt/format.h>

#include <algorithm>

#include "sim/eks/api/decode_parts.hh"

namespace ekspath {
namespace {

ContainerPortSpec decode_port(Document& port, const std::string& path, FieldErrors& errors) {
  set_default(port, "protocol", "TCP");
  ContainerPortSpec out;
  out.name = text_at(port, "name");
  out.protocol = text_at(port, "protocol");
  const std::int64_t number = number_at(port, "containerPort");
  if (number == 0) {
    errors.required(path + ".containerPort");
  } else if (number < 1 || number > 65535) {
    errors.invalid_number(path + ".containerPort", number, "must be between 1 and 65535, inclusive");
  }
  out.container_port = static_cast<std::uint16_t>(number);
  out.host_port = static_cast<std::uint16_t>(number_at(port, "hostPort"));
  return out;
}

std::optional<ProbeSpec> decode_probe(Document* probe) {
  if (probe == nullptr) return std::nullopt;
  set_default(*probe, "timeoutSeconds", 1);
  set_default(*probe, "periodSeconds", 10);
  set_default(*probe, "successThreshold", 1);
  set_default(*probe, "failureThreshold", 3);
  ProbeSpec out;
  if (Document* http = member(*probe, "httpGet")) {
    set_default(*http, "path", "/");
    set_default(*http, "scheme", "HTTP");
    out.handler = ProbeSpec::Handler::http_get;
    out.path = text_at(*http, "path");
    if (const Document* port = member(*http, "port")) out.port = number_or_text(*port);
  } else if (const Document* tcp = member(*probe, "tcpSocket")) {
    if (const Document* port = member(*tcp, "port")) out.port = number_or_text(*port);
  } else if (const Document* grpc = member(*probe, "grpc")) {
    out.handler = ProbeSpec::Handler::grpc;
    out.port = static_cast<std::int32_t>(number_at(*grpc, "port"));
  } else if (const Document* exec = member(*probe, "exec")) {
    out.handler = ProbeSpec::Handler::exec;
    out.command = texts_at(*exec, "command");
  }
  out.initial_delay_seconds = number_at(*probe, "initialDelaySeconds");
  out.period_seconds = number_at(*probe, "periodSeconds");
  out.timeout_seconds = number_at(*probe, "timeoutSeconds");
  out.success_threshold = number_at(*probe, "successThreshold");
  out.failure_threshold = number_at(*probe, "failureThreshold");
  return out;
}

ResourceList decode_resources(const Document* list, const std::string& path, FieldErrors& errors) {
  ResourceList out;
  if (list == nullptr) return out;
  for (const auto& [name, amount] : list->items()) {
    const std::string text = amount.is_string() ? amount.get<std::string>() : amount.dump();
    if (const auto quantity = Quantity::parse(text)) {
      out.emplace(name, *quantity);
    } else {
      errors.invalid_text(path + "." + name, text,
                          "quantities must match the regular expression "
                          "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
    }
  }
  return out;
}

/// ":latest", or no tag at all. pkg/util/parsers ParseImageName()
bool is_latest(std::string_view image) {
  if (image.find('@') != std::string_view::npos) return false;
  const std::size_t colon = image.rfind(':');
  const std::size_t slash = image.rfind('/');
  const bool has_tag = colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash);
  return !has_tag || image.substr(colon + 1) == "latest";
}

ContainerSpec decode_container(Document& container, const std::string& path, FieldErrors& errors) {
  std::string name = text_at(container, "name");
  ContainerShape out;
  out.image = text_at(container, "image");
  if (name.empty()) {
    errors.required(path + ".name");
  } else if (!is_dns_label(name)) {
    errors.invalid_text(path + ".name", name,
                        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or "
                        "'-', and must start and end with an alphanumeric character (e.g. 'my-name',  or "
                        "'123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')");
  }
  if (out.image.empty()) errors.required(path + ".image");
  // pkg/apis/core/v1/defaults.go SetDefaults_Container()
  set_default(container, "imagePullPolicy", is_latest(out.image) ? "Always" : "IfNotPresent");
  set_default(container, "resources", Document::object());
  set_default(container, "terminationMessagePath", "/dev/termination-log");
  set_default(container, "terminationMessagePolicy", "File");
  out.image_pull_policy = text_at(container, "imagePullPolicy");
  if (out.image_pull_policy != "Always" && out.image_pull_policy != "IfNotPresent" &&
      out.image_pull_policy != "Never")
    errors.unsupported(path + ".imagePullPolicy", out.image_pull_policy, {"Always", "IfNotPresent", "Never"});
  out.command = texts_at(container, "command");
  out.arguments = texts_at(container, "args");
  if (Document* ports = member(container, "ports")) {
    for (std::size_t i = 0; i < ports->size(); ++i)
      out.ports.push_back(decode_port((*ports)[i], fmt::format("{}.ports[{}]", path, i), errors));
  }
  if (const Document* variables = member(container, "env")) {
    for (const Document& one : *variables)
      out.environment.push_back({text_at(one, "name"), text_at(one, "value")});
  }
  const Document& resources = container["resources"];
  out.requests = decode_resources(member(resources, "requests"), path + ".resources.requests", errors);
  out.limits = decode_resources(member(resources, "limits"), path + ".resources.limits", errors);
  // SetDefaults_Pod(): a limit without a request is the request.
  for (const auto& [resource, amount] : out.limits) {
    if (!out.requests.emplace(resource, amount).second) continue;
    container["resources"]["requests"][resource] = amount.text();
  }
  out.readiness = decode_probe(member(container, "readinessProbe"));
  return {std::move(name), std::move(out)};
}

std::vector<ContainerSpec> decode_containers(Document& spec, std::string_view key, const std::string& path,
                                             FieldErrors& errors) {
  std::vector<ContainerSpec> out;
  Document* containers = member(spec, key);
  if (containers == nullptr) return out;
  for (std::size_t i = 0; i < containers->size(); ++i) {
    const std::string at = fmt::format("{}.{}[{}]", path, key, i);
    out.push_back(decode_container((*containers)[i], at, errors));
    const SharedText name = out.back().name;
    if (std::ranges::count(out, name, &ContainerSpec::name) > 1 && !name.empty())
      errors.add(at + ".name", fmt::format("Duplicate value: \"{}\"", name));
  }
  return out;
}

std::vector<TolerationSpec> decode_tolerations(const Document& spec) {
  std::vector<TolerationSpec> out;
  const Document* tolerations = member(spec, "tolerations");
  if (tolerations == nullptr) return out;
  for (const Document& one : *tolerations) {
    TolerationSpec toleration{text_at(one, "key"), text_at(one, "operator") == "Exists",
                              text_at(one, "value"), text_at(one, "effect"), std::nullopt};
    if (member(one, "tolerationSeconds") != nullptr) toleration.seconds = number_at(one, "tolerationSeconds");
    out.push_back(std::move(toleration));
  }
  return out;
}

DnsConfigSpec decode_dns_config(const Document* config, const std::string& path, FieldErrors& errors) {
  DnsConfigSpec out;
  if (config == nullptr) return out;
  for (const std::string& text : texts_at(*config, "nameservers")) {
    if (const auto address = Ipv4Address::parse(text)) {
      out.nameservers.push_back(*address);
    } else {
      errors.invalid_text(path + ".nameservers", text, "must be a valid IP address");
    }
  }
  out.searches = texts_at(*config, "searches");
  if (const Document* options = member(*config, "options")) {
    for (const Document& one : *options)
      out.options.emplace_back(text_at(one, "name"), text_at(one, "value"));
  }
  return out;
}

DnsPolicy decode_dns_policy(const std::string& text, const std::string& path, FieldErrors& errors) {
  if (text == "ClusterFirst") return DnsPolicy::cluster_first;
  if (text == "ClusterFirstWithHostNet") return DnsPolicy::cluster_first_with_host_net;
  if (text == "Default") return DnsPolicy::default_;
  if (text == "None") return DnsPolicy::none;
  errors.unsupported(path, text, {"ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"});
  return DnsPolicy::cluster_first;
}

/// How the DaemonSet controller ties a pod to its node. pkg/controller/daemon/util
/// ReplaceDaemonSetPodNodeNameNodeAffinity()
std::string decode_pinned_node(const Document& spec) {
  const Document::json_pointer terms(
      "/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms");
  if (!spec.contains(terms) || spec[terms].empty()) return {};
  const Document* fields = member(spec[terms][0], "matchFields");
  if (fields == nullptr || fields->empty() || text_at((*fields)[0], "key") != "metadata.name") return {};
  const std::vector<std::string> names = texts_at((*fields)[0], "values");
  return names.empty() ? std::string() : names.front();
}

}  // namespace

PodSpec decode_pod_spec(Document& spec, const std::string& path, FieldErrors& errors) {
  // pkg/apis/core/v1/defaults.go SetDefaults_PodSpec()
  set_default(spec, "dnsPolicy", "ClusterFirst");
  set_default(spec, "restartPolicy", "Always");
  set_default(spec, "schedulerName", "default-scheduler");
  set_default(spec, "securityContext", Document::object());
  set_default(spec, "terminationGracePeriodSeconds", 30);
  if (const Document* account = member(spec, "serviceAccountName")) {
    set_default(spec, "serviceAccount", *account);
  }

  PodShape out;
  out.scheduler_name = text_at(spec, "schedulerName");
  out.service_account = text_at(spec, "serviceAccountName");
  out.hostname = text_at(spec, "hostname");
  out.subdomain = text_at(spec, "subdomain");
  out.priority_class = text_at(spec, "priorityClassName");
  out.priority = number_at(spec, "priority");
  out.host_network = flag_at(spec, "hostNetwork");
  out.termination_grace_seconds = number_at(spec, "terminationGracePeriodSeconds");
  out.restart_policy = text_at(spec, "restartPolicy");
  if (out.restart_policy != "Always" && out.restart_policy != "OnFailure" && out.restart_policy != "Never")
    errors.unsupported(path + ".restartPolicy", out.restart_policy, {"Always", "OnFailure", "Never"});
  out.dns_policy = decode_dns_policy(text_at(spec, "dnsPolicy"), path + ".dnsPolicy", errors);
  out.dns_config = decode_dns_config(member(spec, "dnsConfig"), path + ".dnsConfig", errors);
  if (out.dns_policy == DnsPolicy::none && out.dns_config.nameservers.empty())
    errors.required(path + ".dnsConfig.nameservers",
                    "must provide at least one DNS nameserver when `dnsPolicy` is None");
  out.node_selector = labels_at(spec, "nodeSelector");
  out.tolerations = decode_tolerations(spec);

  PodSpec pod;
  pod.node_name = text_at(spec, "nodeName");
  pod.pinned_node = decode_pinned_node(spec);
  pod.init_containers = decode_containers(spec, "initContainers", path, errors);
  pod.containers = decode_containers(spec, "containers", path, errors);
  if (pod.containers.empty()) errors.required(path + ".containers");
  pod.shape = std::move(out);
  return pod;
}

}  // namespace ekspath
