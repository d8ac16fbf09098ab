#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "sim/eks/api/decode_parts.hh"

namespace ekspath {
namespace {

struct TemplateParts {
  LabelSelector selector;
  PodTemplate pod_template;
};

/// Selector and template, which must fit. pkg/apis/apps/validation ValidatePodTemplateSpecForReplicaSet()
TemplateParts decode_template(Document& spec, FieldErrors& errors) {
  TemplateParts out;
  const Document* selector = member(spec, "selector");
  if (selector == nullptr) {
    errors.required("spec.selector");
  } else {
    out.selector = decode_selector(*selector, "spec.selector", errors);
    if (out.selector.empty())
      errors.add("spec.selector", "Invalid value: {}: empty selector is invalid for deployment");
  }
  Document* pod_template = member(spec, "template");
  if (pod_template == nullptr) {
    errors.required("spec.template.spec.containers");
    return out;
  }
  if (Document* meta = member(*pod_template, "metadata")) {
    out.pod_template.labels = labels_at(*meta, "labels");
    out.pod_template.annotations = labels_at(*meta, "annotations");
    (*meta)["creationTimestamp"] = nullptr;
  } else {
    (*pod_template)["metadata"]["creationTimestamp"] = nullptr;
  }
  check_label_values(out.pod_template.labels, "spec.template.labels", errors);
  if (selector != nullptr && !out.selector.matches(out.pod_template.labels)) {
    errors.add("spec.template.metadata.labels",
               fmt::format("Invalid value: {}: `selector` does not match template `labels`",
                           Document(out.pod_template.labels).dump()));
  }
  set_default(*pod_template, "spec", Document::object());
  out.pod_template.spec = decode_pod_spec((*pod_template)["spec"], "spec.template.spec", errors);
  if (out.pod_template.spec->restart_policy != "Always")
    errors.unsupported("spec.template.spec.restartPolicy", out.pod_template.spec->restart_policy, {"Always"});
  return out;
}

std::int32_t replicas_of(Document& spec, FieldErrors& errors) {
  set_default(spec, "replicas", 1);
  const std::int64_t replicas = number_at(spec, "replicas");
  if (replicas < 0) errors.invalid_number("spec.replicas", replicas, "must be greater than or equal to 0");
  return static_cast<std::int32_t>(replicas);
}

bool is_good_amount(const NumberOrText& amount) {
  if (const auto* number = std::get_if<std::int32_t>(&amount)) return *number >= 0;
  const std::string& text = std::get<std::string>(amount);
  int percent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
  return error == std::errc() && percent >= 0 && std::string_view(end, 1) == "%" &&
         end + 1 == text.data() + text.size();
}

NumberOrText amount_at(const Document& part, std::string_view key, const std::string& path,
                       FieldErrors& errors) {
  const NumberOrText amount = number_or_text(*member(part, key));
  if (!is_good_amount(amount)) {
    if (const auto* number = std::get_if<std::int32_t>(&amount)) {
      errors.invalid_number(path, *number, "must be greater than or equal to 0");
    } else {
      errors.invalid_text(path, std::get<std::string>(amount),
                          "a valid percent string must be a numeric string followed by an ending '%' (e.g. "
                          "'1%',  or '93%', regex used for validation is '[0-9]+%')");
    }
  }
  return amount;
}

bool is_zero(const NumberOrText& amount) {
  if (const auto* number = std::get_if<std::int32_t>(&amount)) return *number == 0;
  return std::get<std::string>(amount) == "0%";
}

}  // namespace

DeploymentSpec decode_deployment(Document& spec, FieldErrors& errors) {
  // pkg/apis/apps/v1/defaults.go SetDefaults_Deployment()
  set_default(spec, "progressDeadlineSeconds", 600);
  set_default(spec, "revisionHistoryLimit", 10);
  set_default(spec, "strategy", Document::object());
  Document& strategy = spec["strategy"];
  set_default(strategy, "type", "RollingUpdate");
  DeploymentSpec out;
  out.replicas = replicas_of(spec, errors);
  const std::string type = text_at(strategy, "type");
  if (type == "RollingUpdate") {
    set_default(strategy, "rollingUpdate", Document::object());
    Document& rolling = strategy["rollingUpdate"];
    set_default(rolling, "maxSurge", "25%");
    set_default(rolling, "maxUnavailable", "25%");
    out.max_surge = amount_at(rolling, "maxSurge", "spec.strategy.rollingUpdate.maxSurge", errors);
    out.max_unavailable =
        amount_at(rolling, "maxUnavailable", "spec.strategy.rollingUpdate.maxUnavailable", errors);
    if (is_zero(out.max_surge) && is_zero(out.max_unavailable))
      errors.add("spec.strategy.rollingUpdate.maxUnavailable",
                 "Invalid value: intstr.IntOrString{Type:0, IntVal:0, StrVal:\"\"}: may not be 0 when "
                 "`maxSurge` is 0");
  } else if (type == "Recreate") {
    out.recreate = true;
    if (member(strategy, "rollingUpdate") != nullptr)
      errors.add("spec.strategy.rollingUpdate",
                 "Forbidden: may not be specified when strategy `type` is 'Recreate'");
  } else {
    errors.unsupported("spec.strategy.type", type, {"Recreate", "RollingUpdate"});
  }
  out.min_ready_seconds = static_cast<std::int32_t>(number_at(spec, "minReadySeconds"));
  out.revision_history_limit = static_cast<std::int32_t>(number_at(spec, "revisionHistoryLimit"));
  out.progress_deadline_seconds = static_cast<std::int32_t>(number_at(spec, "progressDeadlineSeconds"));
  out.paused = flag_at(spec, "paused");
  TemplateParts parts = decode_template(spec, errors);
  out.selector = std::move(parts.selector);
  out.pod_template = std::move(parts.pod_template);
  return out;
}

ReplicaSetSpec decode_replica_set(Document& spec, FieldErrors& errors) {
  ReplicaSetSpec out;
  out.replicas = replicas_of(spec, errors);
  out.min_ready_seconds = static_cast<std::int32_t>(number_at(spec, "minReadySeconds"));
  TemplateParts parts = decode_template(spec, errors);
  out.selector = std::move(parts.selector);
  out.pod_template = std::move(parts.pod_template);
  return out;
}

DaemonSetSpec decode_daemon_set(Document& spec, FieldErrors& errors) {
  set_default(spec, "revisionHistoryLimit", 10);
  set_default(spec, "updateStrategy", Document::object());
  Document& strategy = spec["updateStrategy"];
  set_default(strategy, "type", "RollingUpdate");
  DaemonSetSpec out;
  const std::string type = text_at(strategy, "type");
  if (type == "RollingUpdate") {
    set_default(strategy, "rollingUpdate", Document::object());
    Document& rolling = strategy["rollingUpdate"];
    set_default(rolling, "maxSurge", 0);
    set_default(rolling, "maxUnavailable", 1);
    out.max_surge = amount_at(rolling, "maxSurge", "spec.updateStrategy.rollingUpdate.maxSurge", errors);
    out.max_unavailable =
        amount_at(rolling, "maxUnavailable", "spec.updateStrategy.rollingUpdate.maxUnavailable", errors);
  } else if (type == "OnDelete") {
    out.on_delete = true;
  } else {
    errors.unsupported("spec.updateStrategy.type", type, {"OnDelete", "RollingUpdate"});
  }
  out.min_ready_seconds = static_cast<std::int32_t>(number_at(spec, "minReadySeconds"));
  TemplateParts parts = decode_template(spec, errors);
  out.selector = std::move(parts.selector);
  out.pod_template = std::move(parts.pod_template);
  return out;
}

}  // namespace ekspath
