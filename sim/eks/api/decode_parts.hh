#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/ipv4_address.hh"
#include "sim/eks/api/api_object.hh"
#include "sim/eks/api/field_schema.hh"

/// The decoders of single parts. check_fields() has found every type right before these run: they read, write
/// defaults, and validate values (pkg/apis/*/validation).
namespace ekspath {

/// Collects what validation says, each with its path.
class FieldErrors {
 public:
  /// `spec.ports: Required value`, `spec.replicas: Invalid value: -1: must be ...`
  void add(const std::string& path, std::string_view sentence);
  void required(const std::string& path, std::string_view why = "");
  void invalid_text(const std::string& path, std::string_view value, std::string_view why);
  void invalid_number(const std::string& path, std::int64_t value, std::string_view why);
  void unsupported(const std::string& path, std::string_view value,
                   const std::vector<std::string_view>& supported);
  [[nodiscard]] std::vector<FieldError> take() { return std::move(errors_); }
  [[nodiscard]] bool empty() const { return errors_.empty(); }

 private:
  std::vector<FieldError> errors_;
};

[[nodiscard]] std::string text_at(const Document& part, std::string_view key,
                                  std::string_view otherwise = "");
[[nodiscard]] std::int64_t number_at(const Document& part, std::string_view key, std::int64_t otherwise = 0);
[[nodiscard]] bool flag_at(const Document& part, std::string_view key, bool otherwise = false);
[[nodiscard]] std::vector<std::string> texts_at(const Document& part, std::string_view key);
[[nodiscard]] Labels labels_at(const Document& part, std::string_view key);
[[nodiscard]] NumberOrText number_or_text(const Document& value);
/// The member, or null when it is absent or null.
[[nodiscard]] const Document* member(const Document& part, std::string_view key);
[[nodiscard]] Document* member(Document& part, std::string_view key);
/// Writes the default where the member is absent or null.
void set_default(Document& part, std::string_view key, Document value);

/// RFC 1123: lower case, digits, '-'; with dots, a subdomain of up to 253. apimachinery pkg/util/validation
[[nodiscard]] bool is_dns_label(std::string_view text);
[[nodiscard]] bool is_dns_subdomain(std::string_view text);

void check_label_values(const Labels& labels, const std::string& path, FieldErrors& errors);

[[nodiscard]] LabelSelector decode_selector(const Document& part, const std::string& path,
                                            FieldErrors& errors);
[[nodiscard]] PodSpec decode_pod_spec(Document& spec, const std::string& path, FieldErrors& errors);
[[nodiscard]] DeploymentSpec decode_deployment(Document& spec, FieldErrors& errors);
[[nodiscard]] ReplicaSetSpec decode_replica_set(Document& spec, FieldErrors& errors);
[[nodiscard]] DaemonSetSpec decode_daemon_set(Document& spec, FieldErrors& errors);
[[nodiscard]] ServiceSpec decode_service(Document& spec, FieldErrors& errors);
[[nodiscard]] EndpointsContent decode_endpoints(const Document& document, FieldErrors& errors);
[[nodiscard]] EndpointSliceContent decode_endpoint_slice(const Document& document, FieldErrors& errors);

}  // namespace ekspath
