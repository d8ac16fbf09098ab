#include <algorithm>

#include "sim/eks/api/quantity.hh"
#include "sim/lab/commands/kubectl_describe_parts.hh"
#include "sim/lab/commands/kubectl_json.hh"
#include "sim/lab/commands/kubectl_time.hh"

/// kubectl pkg/describe/describe.go describeContainers(), describeVolumes(), DescribePodTemplate()
namespace ekspath {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t from = 0;;) {
    const std::size_t end = text.find('\n', from);
    lines.push_back(text.substr(from, end - from));
    if (end == std::string::npos) return lines;
    from = end + 1;
  }
}

void describe_ports(DescriptionWriter& out, std::string_view title, const char* field,
                    const Document& ports) {
  std::vector<std::string> texts;
  for (const Document& port : ports)
    texts.push_back(fmt::format("{}/{}", number_at(port, {field}), text_at(port, {"protocol"})));
  const std::string text = texts.empty() ? "<none>" : joined_texts(texts, ", ");
  out.line(2, "{}{}:\t{}", title, texts.size() > 1 ? "s" : "", text);
}

void describe_words(DescriptionWriter& out, std::string_view title, const Document& words) {
  if (!words.is_array() || words.empty()) return;
  out.line(2, "{}:", title);
  for (const Document& word : words) {
    for (const std::string& line : lines_of(word.get<std::string>())) out.line(3, "{}", line);
  }
}

/// describeStatus(): what a container does or did last.
void describe_state(DescriptionWriter& out, std::string_view title, const Document& state) {
  if (const Document& running = document_at(state, {"running"}); running.is_object()) {
    out.line(2, "{}:\tRunning", title);
    out.line(3, "Started:\t{}", rfc1123_time(text_at(running, {"startedAt"})));
    return;
  }
  const Document& terminated = document_at(state, {"terminated"});
  if (!terminated.is_object()) {
    out.line(2, "{}:\tWaiting", title);
    if (const std::string reason = text_at(state, {"waiting", "reason"}); !reason.empty())
      out.line(3, "Reason:\t{}", reason);
    return;
  }
  out.line(2, "{}:\tTerminated", title);
  for (const char* field : {"reason", "message"}) {
    if (const std::string text = text_at(terminated, {field}); !text.empty())
      out.line(3, "{}:\t{}", field[0] == 'r' ? "Reason" : "Message", text);
  }
  out.line(3, "Exit Code:\t{}", number_at(terminated, {"exitCode"}));
  if (const std::int64_t signal = number_at(terminated, {"signal"}); signal > 0)
    out.line(3, "Signal:\t{}", signal);
  out.line(3, "Started:\t{}", rfc1123_time(text_at(terminated, {"startedAt"})));
  out.line(3, "Finished:\t{}", rfc1123_time(text_at(terminated, {"finishedAt"})));
}

void describe_resources(DescriptionWriter& out, const Document& resources) {
  for (const auto& [field, title] : {std::pair("limits", "Limits"), std::pair("requests", "Requests")}) {
    const Document& list = document_at(resources, {field});
    if (!list.is_object() || list.empty()) continue;
    out.line(2, "{}:", title);
    for (const auto& [name, amount] : list.items()) out.line(3, "{}:\t{}", name, scalar_text(amount));
  }
}

/// DescribeProbe()
std::string probe_text(const Document& probe) {
  const std::string numbers = fmt::format(
      "delay={}s timeout={}s period={}s #success={} #failure={}", number_at(probe, {"initialDelaySeconds"}),
      number_at(probe, {"timeoutSeconds"}, 1), number_at(probe, {"periodSeconds"}, 10),
      number_at(probe, {"successThreshold"}, 1), number_at(probe, {"failureThreshold"}, 3));
  if (const Document& exec = document_at(probe, {"exec"}); exec.is_object())
    return fmt::format("exec {} {}", go_value(document_at(exec, {"command"})), numbers);
  if (const Document& get = document_at(probe, {"httpGet"}); get.is_object()) {
    std::string scheme = text_at(get, {"scheme"});
    std::ranges::transform(scheme, scheme.begin(), [](char c) { return static_cast<char>(c | 0x20); });
    return fmt::format("http-get {}://{}:{}{} {}", scheme.empty() ? "http" : scheme, text_at(get, {"host"}),
                       scalar_text(document_at(get, {"port"})), text_at(get, {"path"}), numbers);
  }
  if (const Document& socket = document_at(probe, {"tcpSocket"}); socket.is_object())
    return fmt::format("tcp-socket {}:{} {}", text_at(socket, {"host"}),
                       scalar_text(document_at(socket, {"port"})), numbers);
  if (const Document& grpc = document_at(probe, {"grpc"}); grpc.is_object())
    return fmt::format("grpc <pod>:{} {} {}", number_at(grpc, {"port"}), text_at(grpc, {"service"}), numbers);
  return "unknown " + numbers;
}

void describe_probes(DescriptionWriter& out, const Document& container) {
  for (const auto& [field, title] :
       {std::pair("livenessProbe", "Liveness"), std::pair("readinessProbe", "Readiness"),
        std::pair("startupProbe", "Startup")}) {
    if (const Document& probe = document_at(container, {field}); probe.is_object())
      out.line(2, "{}:\t{}", title, probe_text(probe));
  }
}

void describe_environment_sources(DescriptionWriter& out, const Document& sources) {
  if (!sources.is_array() || sources.empty()) return;
  out.line(2, "Environment Variables from:");
  for (const Document& source : sources) {
    const bool map = document_at(source, {"configMapRef"}).is_object();
    const Document& reference = document_at(source, {map ? "configMapRef" : "secretRef"});
    const std::string prefix = text_at(source, {"prefix"});
    out.line(3, "{}\t{}{}\tOptional: {}", text_at(reference, {"name"}), map ? "ConfigMap" : "Secret",
             prefix.empty() ? "" : fmt::format(" with prefix '{}'", prefix),
             true_at(reference, {"optional"}));
  }
}

/// resourcehelper.ExtractContainerResourceValue(): in units of the divisor (one, where none is given),
/// rounded up.
std::string resource_value(const Document& container, const Document& reference) {
  const std::string resource = text_at(reference, {"resource"});
  const std::size_t dot = resource.find('.');
  const std::string list = resource.substr(0, dot),
                    name = dot == std::string::npos ? "" : resource.substr(dot + 1);
  const auto amount = Quantity::parse(scalar_text(document_at(container, {"resources", list, name})));
  const auto divisor = Quantity::parse(scalar_text(document_at(reference, {"divisor"})));
  const std::int64_t unit = divisor && divisor->milli() > 0 ? divisor->milli() : 1000;
  if (!amount) return list == "limits" ? "node allocatable" : "0";
  return fmt::format("{}", (amount->milli() + unit - 1) / unit);
}

void describe_variable(DescriptionWriter& out, const Document& variable, const Document& container,
                       const Document& pod) {
  const std::string name = text_at(variable, {"name"});
  const Document& from = document_at(variable, {"valueFrom"});
  if (!from.is_object()) {
    const std::vector<std::string> lines = lines_of(text_at(variable, {"value"}));
    for (std::size_t i = 0; i < lines.size(); ++i) out.line(3, "{}\t{}", i == 0 ? name + ":" : "", lines[i]);
  } else if (const Document& field = document_at(from, {"fieldRef"}); field.is_object()) {
    // Only what lies in metadata has a value here: EnvValueRetriever() knows no field of the status.
    const std::string path = text_at(field, {"fieldPath"});
    const std::string value =
        path == "metadata.name" || path == "metadata.namespace" || path == "metadata.uid"
            ? text_at(pod, {"metadata", std::string_view(path).substr(9)})
            : std::string();
    out.line(3, "{}:\t{} ({}:{})", name, value, text_at(field, {"apiVersion"}), path);
  } else if (const Document& resource = document_at(from, {"resourceFieldRef"}); resource.is_object()) {
    out.line(3, "{}:\t{} ({})", name, resource_value(container, resource), text_at(resource, {"resource"}));
  } else if (const Document& secret = document_at(from, {"secretKeyRef"}); secret.is_object()) {
    out.line(3, "{}:\t<set to the key '{}' in secret '{}'>\tOptional: {}", name, text_at(secret, {"key"}),
             text_at(secret, {"name"}), true_at(secret, {"optional"}));
  } else if (const Document& map = document_at(from, {"configMapKeyRef"}); map.is_object()) {
    out.line(3, "{}:\t<set to the key '{}' of config map '{}'>\tOptional: {}", name, text_at(map, {"key"}),
             text_at(map, {"name"}), true_at(map, {"optional"}));
  }
}

void describe_mounts(DescriptionWriter& out, const Document& mounts) {
  out.line(2, "Mounts:{}", mounts.empty() ? "\t<none>" : "");
  std::vector<Document> sorted(mounts.begin(), mounts.end());
  std::ranges::stable_sort(sorted, {}, [](const Document& mount) { return text_at(mount, {"mountPath"}); });
  for (const Document& mount : sorted) {
    const std::string sub_path = text_at(mount, {"subPath"});
    out.line(3, "{} from {} ({}{})", text_at(mount, {"mountPath"}), text_at(mount, {"name"}),
             true_at(mount, {"readOnly"}) ? "ro" : "rw",
             sub_path.empty() ? "" : fmt::format(",path=\"{}\"", sub_path));
  }
}

void describe_container(DescriptionWriter& out, const Document& container, const Document& status,
                        const Document& pod, std::string_view name_indent) {
  out.line(1, "{}{}:", name_indent, text_at(container, {"name"}));
  const bool known = status.is_object();
  if (known) out.line(2, "Container ID:\t{}", text_at(status, {"containerID"}));
  out.line(2, "Image:\t{}", text_at(container, {"image"}));
  if (known) out.line(2, "Image ID:\t{}", text_at(status, {"imageID"}));
  const Document& ports = document_at(container, {"ports"});
  describe_ports(out, "Port", "containerPort", ports);
  describe_ports(out, "Host Port", "hostPort", ports);
  describe_words(out, "Command", document_at(container, {"command"}));
  describe_words(out, "Args", document_at(container, {"args"}));
  if (known) {
    describe_state(out, "State", document_at(status, {"state"}));
    if (document_at(status, {"lastState", "terminated"}).is_object())
      describe_state(out, "Last State", document_at(status, {"lastState"}));
    out.line(2, "Ready:\t{}", true_at(status, {"ready"}) ? "True" : "False");
    out.line(2, "Restart Count:\t{}", number_at(status, {"restartCount"}));
  }
  describe_resources(out, document_at(container, {"resources"}));
  describe_probes(out, container);
  describe_environment_sources(out, document_at(container, {"envFrom"}));
  const Document& variables = document_at(container, {"env"});
  out.line(2, "Environment:{}", variables.empty() ? "\t<none>" : "");
  for (const Document& variable : variables) describe_variable(out, variable, container, pod);
  describe_mounts(out, document_at(container, {"volumeMounts"}));
}

void describe_projected(DescriptionWriter& out, const Document& projected) {
  out.line(2, "Type:\tProjected (a volume that contains injected data from multiple sources)");
  // Go prints a *bool: an address where it is set, which nothing here can print.
  const auto optional = [](const Document& source) {
    return document_at(source, {"optional"}).is_null() ? "<nil>" : "0xc000000000";
  };
  for (const Document& source : document_at(projected, {"sources"})) {
    if (const Document& secret = document_at(source, {"secret"}); secret.is_object()) {
      out.line(2, "SecretName:\t{}", text_at(secret, {"name"}));
      out.line(2, "SecretOptionalName:\t{}", optional(secret));
    } else if (document_at(source, {"downwardAPI"}).is_object()) {
      out.line(2, "DownwardAPI:\ttrue");
    } else if (const Document& map = document_at(source, {"configMap"}); map.is_object()) {
      out.line(2, "ConfigMapName:\t{}", text_at(map, {"name"}));
      out.line(2, "ConfigMapOptional:\t{}", optional(map));
    } else if (const Document& token = document_at(source, {"serviceAccountToken"}); token.is_object()) {
      out.line(2, "TokenExpirationSeconds:\t{}", number_at(token, {"expirationSeconds"}, 3600));
    }
  }
}

void describe_volume(DescriptionWriter& out, const Document& volume) {
  if (const Document& path = document_at(volume, {"hostPath"}); path.is_object()) {
    out.line(2, "Type:\tHostPath (bare host directory volume)");
    out.line(2, "Path:\t{}", text_at(path, {"path"}));
    out.line(2, "HostPathType:\t{}",
             document_at(path, {"type"}).is_null() ? "<none>" : text_at(path, {"type"}));
  } else if (const Document& empty = document_at(volume, {"emptyDir"}); empty.is_object()) {
    const std::string limit = scalar_text(document_at(empty, {"sizeLimit"}));
    out.line(2, "Type:\tEmptyDir (a temporary directory that shares a pod's lifetime)");
    out.line(2, "Medium:\t{}", text_at(empty, {"medium"}));
    out.line(2, "SizeLimit:\t{}", limit.empty() || limit == "0" ? "<unset>" : limit);
  } else if (const Document& secret = document_at(volume, {"secret"}); secret.is_object()) {
    out.line(2, "Type:\tSecret (a volume populated by a Secret)");
    out.line(2, "SecretName:\t{}", text_at(secret, {"secretName"}));
    out.line(2, "Optional:\t{}", true_at(secret, {"optional"}));
  } else if (const Document& map = document_at(volume, {"configMap"}); map.is_object()) {
    out.line(2, "Type:\tConfigMap (a volume populated by a ConfigMap)");
    out.line(2, "Name:\t{}", text_at(map, {"name"}));
    out.line(2, "Optional:\t{}", true_at(map, {"optional"}));
  } else if (const Document& claim = document_at(volume, {"persistentVolumeClaim"}); claim.is_object()) {
    out.line(2,
             "Type:\tPersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)");
    out.line(2, "ClaimName:\t{}", text_at(claim, {"claimName"}));
    out.line(2, "ReadOnly:\t{}", true_at(claim, {"readOnly"}));
  } else if (const Document& projected = document_at(volume, {"projected"}); projected.is_object()) {
    describe_projected(out, projected);
  } else {
    out.line(1, "<unknown>");
  }
}

}  // namespace

void describe_containers(DescriptionWriter& out, std::string_view title, const Document& containers,
                         const Document& statuses, const Document& pod, std::string_view indent) {
  out.line(0, "{}{}:{}", indent, title, containers.empty() ? " <none>" : "");
  static const Document unknown;
  for (const Document& container : containers) {
    const Document* status = &unknown;
    for (const Document& one : statuses) {
      if (document_at(one, {"name"}) == document_at(container, {"name"})) status = &one;
    }
    describe_container(out, container, *status, pod, indent.empty() ? "" : " ");
  }
}

void describe_volumes(DescriptionWriter& out, const Document& volumes, std::string_view indent) {
  out.line(0, "{}Volumes:{}", indent, volumes.empty() ? "\t<none>" : "");
  for (const Document& volume : volumes) {
    out.line(1, "{}{}:", indent.empty() ? "" : " ", text_at(volume, {"name"}));
    describe_volume(out, volume);
  }
}

void describe_topology_spread(DescriptionWriter& out, const Document& constraints, std::string_view indent) {
  std::vector<Document> sorted(constraints.begin(), constraints.end());
  std::ranges::stable_sort(sorted, {}, [](const Document& one) { return text_at(one, {"topologyKey"}); });
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const Document& selector = document_at(sorted[i], {"labelSelector"});
    out.line(0, "{}{}\t{}:{} when max skew {} is exceeded{}", indent,
             i == 0 ? "Topology Spread Constraints:" : "", text_at(sorted[i], {"topologyKey"}),
             text_at(sorted[i], {"whenUnsatisfiable"}), number_at(sorted[i], {"maxSkew"}),
             selector.is_object() ? " for selector " + label_selector_text(selector) : "");
  }
}

void describe_pod_template(DescriptionWriter& out, const Document& pod_template) {
  static const Document nothing;
  const Document& spec = document_at(pod_template, {"spec"});
  out.line(0, "Pod Template:");
  describe_labels(out, "  Labels", document_at(pod_template, {"metadata", "labels"}));
  if (const Document& annotations = document_at(pod_template, {"metadata", "annotations"});
      !annotations.empty())
    describe_annotations(out, "  Annotations", annotations);
  if (const std::string account = text_at(spec, {"serviceAccountName"}); !account.empty())
    out.line(1, "Service Account:\t{}", account);
  if (const Document& first = document_at(spec, {"initContainers"}); !first.empty())
    describe_containers(out, "Init Containers", first, nothing, nothing, "  ");
  describe_containers(out, "Containers", document_at(spec, {"containers"}), nothing, nothing, "  ");
  describe_volumes(out, document_at(spec, {"volumes"}), "  ");
  describe_topology_spread(out, document_at(spec, {"topologySpreadConstraints"}), "  ");
  if (const std::string priority = text_at(spec, {"priorityClassName"}); !priority.empty())
    out.line(1, "Priority Class Name:\t{}", priority);
  describe_labels(out, "  Node-Selectors", document_at(spec, {"nodeSelector"}));
  describe_tolerations(out, "  Tolerations", document_at(spec, {"tolerations"}));
}

}  // namespace ekspath
