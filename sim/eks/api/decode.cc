#include "sim/eks/api/decode.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "sim/eks/api/decode_parts.hh"

namespace ekspath {
namespace {

ObjectMeta decode_meta(const Document& document, ObjectKind kind, FieldErrors& errors) {
  ObjectMeta meta;
  const Document* part = member(document, "metadata");
  if (part == nullptr) {
    errors.required("metadata.name", "name or generateName is required");
    return meta;
  }
  meta.name = text_at(*part, "name");
  meta.generate_name = text_at(*part, "generateName");
  meta.name_space = text_at(*part, "namespace");
  meta.labels = labels_at(*part, "labels");
  meta.annotations = labels_at(*part, "annotations");
  meta.finalizers = texts_at(*part, "finalizers");
  check_label_values(meta.labels, "metadata.labels", errors);
  if (meta.name.empty()) {
    if (meta.generate_name.empty()) errors.required("metadata.name", "name or generateName is required");
  } else if (kind == ObjectKind::service && (!is_dns_label(meta.name) || meta.name.text().front() <= '9')) {
    errors.invalid_text("metadata.name", meta.name,
                        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start "
                        "with an alphabetic character, and end with an alphanumeric character (e.g. "
                        "'my-name',  or 'abc-123', regex used for validation is "
                        "'[a-z]([-a-z0-9]*[a-z0-9])?')");
  } else if (!is_dns_subdomain(meta.name)) {
    errors.invalid_text("metadata.name", meta.name,
                        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
                        "'-' or '.', and must start and end with an alphanumeric character (e.g. "
                        "'example.com', regex used for validation is "
                        "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')");
  }
  return meta;
}

/// The typed parts of a kind, with defaults written into the document.
void decode_parts_of(ApiObject& object, Document& document, FieldErrors& errors) {
  const auto spec = [&]() -> Document& {
    set_default(document, "spec", Document::object());
    return document["spec"];
  };
  switch (object.kind) {
    case ObjectKind::pod:
      object.spec = decode_pod_spec(spec(), "spec", errors);
      object.status = PodStatus();
      break;
    case ObjectKind::deployment:
      object.spec = decode_deployment(spec(), errors);
      object.status = DeploymentStatus();
      break;
    case ObjectKind::replica_set:
      object.spec = decode_replica_set(spec(), errors);
      object.status = ReplicaSetStatus();
      break;
    case ObjectKind::daemon_set:
      object.spec = decode_daemon_set(spec(), errors);
      object.status = DaemonSetStatus();
      break;
    case ObjectKind::service:
      object.spec = decode_service(spec(), errors);
      object.status = ServiceStatus();
      break;
    case ObjectKind::endpoints:
      object.spec = decode_endpoints(document, errors);
      break;
    case ObjectKind::endpoint_slice:
      object.spec = decode_endpoint_slice(document, errors);
      break;
    case ObjectKind::config_map: {
      ConfigMapContent content;
      for (const auto& [key, value] : labels_at(document, "data")) content.data.emplace(key, value);
      object.spec = std::move(content);
      break;
    }
    case ObjectKind::eni_config: {
      EniConfigContent content{text_at(spec(), "subnet"), texts_at(spec(), "securityGroups")};
      object.spec = std::move(content);
      break;
    }
    case ObjectKind::name_space:
      object.meta.labels["kubernetes.io/metadata.name"] = object.meta.name;
      object.status = NamespaceStatus();
      break;
    case ObjectKind::event:
    case ObjectKind::node:
      errors.add("kind", "Forbidden: the simulated cluster writes its nodes and events itself");
      break;
    default:
      break;  // stored as it is
  }
}

/// What is rendered from typed parts is not kept a second time.
bool keeps_body(ObjectKind kind) {
  return kind != ObjectKind::endpoints && kind != ObjectKind::endpoint_slice &&
         kind != ObjectKind::name_space;
}

}  // namespace

std::optional<ObjectKind> kind_of(const Document& document, std::string& error) {
  const Document* kind = member(document, "kind");
  const Document* version = member(document, "apiVersion");
  // kubectl's own words. cli-runtime pkg/resource, apimachinery pkg/runtime
  if (kind == nullptr || !kind->is_string()) {
    error = "Object 'Kind' is missing";
    return std::nullopt;
  }
  if (version == nullptr || !version->is_string()) {
    error = "Object 'apiVersion' is missing";
    return std::nullopt;
  }
  const auto found = find_kind(version->get<std::string>(), kind->get<std::string>());
  if (!found) {
    error = fmt::format("no matches for kind \"{}\" in version \"{}\"", kind->get<std::string>(),
                        version->get<std::string>());
  }
  return found;
}

DecodedObject decode_object(Document document) {
  DecodedObject out;
  std::string error;
  const auto kind = kind_of(document, error);
  ASSERT(kind.has_value());
  out.kind = *kind;
  if (const Document* meta = member(document, "metadata")) {
    if (const Document* name = member(*meta, "name"); name != nullptr && name->is_string())
      out.name = name->get<std::string>();
  }
  out.errors = check_fields(out.kind, document);
  if (!out.errors.empty()) return out;

  FieldErrors errors;
  ApiObject object;
  object.kind = out.kind;
  object.meta = decode_meta(document, out.kind, errors);
  decode_parts_of(object, document, errors);
  out.errors = errors.take();
  if (!out.errors.empty()) return out;
  for (const char* key : {"apiVersion", "kind", "metadata", "status"}) document.erase(key);
  if (keeps_body(object.kind)) object.body = std::move(document);
  out.object = std::move(object);
  return out;
}

ApiError DecodedObject::error() const {
  ASSERT(!errors.empty());
  const KindInfo& known = info(kind);
  std::vector<std::string> strict;
  std::vector<std::string> causes;
  for (const FieldError& one : errors) {
    if (one.kind == FieldError::Class::wrong_type) {
      return {ApiError::Reason::bad_request,
              fmt::format("{} in version \"{}\" cannot be handled as a {}: {}", known.name, known.version,
                          known.name, one.text),
              "",
              {}};
    }
    (one.kind == FieldError::Class::unknown_field ? strict : causes).push_back(one.text);
  }
  // apiserver pkg/endpoints/handlers: strict decoding comes before validation.
  if (!strict.empty()) {
    return {ApiError::Reason::bad_request,
            fmt::format("{} in version \"{}\" cannot be handled as a {}: strict decoding error: {}",
                        known.name, known.version, known.name, fmt::join(strict, ", ")),
            "",
            {}};
  }
  return ApiError::invalid(kind, name, causes);
}

}  // namespace ekspath
