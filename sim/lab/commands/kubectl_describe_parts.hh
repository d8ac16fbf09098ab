#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/lab/commands/kubectl_describe.hh"
#include "sim/lab/commands/kubectl_document.hh"

/// What the descriptions of several kinds have in common. kubectl pkg/describe/describe.go
namespace ekspath {

/// Lines with tabs between cells, indented by two spaces a level.
class DescriptionWriter {
 public:
  template <class... Arguments>
  void line(std::size_t level, fmt::format_string<Arguments...> form, Arguments&&... arguments) {
    text_.append(level * 2, ' ');
    fmt::format_to(std::back_inserter(text_), form, std::forward<Arguments>(arguments)...);
    text_ += '\n';
  }
  void raw(std::string_view text) { text_ += text; }
  /// With its columns aligned.
  [[nodiscard]] std::string text() const;

 private:
  std::string text_;
};

using DescribeForm = void (*)(DescriptionWriter& out, const ClusterReader& reader, const Document& object);

void describe_pod(DescriptionWriter& out, const ClusterReader& reader, const Document& object);
void describe_node(DescriptionWriter& out, const ClusterReader& reader, const Document& object);
void describe_service(DescriptionWriter& out, const ClusterReader& reader, const Document& object);
void describe_endpoints(DescriptionWriter& out, const ClusterReader& reader, const Document& object);
void describe_endpoint_slice(DescriptionWriter& out, const ClusterReader& reader, const Document& object);
void describe_ingress(DescriptionWriter& out, const ClusterReader& reader, const Document& object);
void describe_deployment(DescriptionWriter& out, const ClusterReader& reader, const Document& object);
void describe_replica_set(DescriptionWriter& out, const ClusterReader& reader, const Document& object);
void describe_daemon_set(DescriptionWriter& out, const ClusterReader& reader, const Document& object);

/// "Labels:" and such: a key=value a line.
void describe_labels(DescriptionWriter& out, std::string_view title, const Document& labels);
/// Long values stand indented beneath their key, kubectl's own note of what was applied is left out.
void describe_annotations(DescriptionWriter& out, std::string_view title, const Document& annotations);
void describe_tolerations(DescriptionWriter& out, std::string_view title, const Document& tolerations);
void describe_events(DescriptionWriter& out, const ClusterReader& reader, std::vector<Document> events);

/// Containers, volumes and what else a pod and a pod template share; `indent` is a template's "  ".
/// `pod` gives the values of fieldRef variables; null for a template.
void describe_containers(DescriptionWriter& out, std::string_view title, const Document& containers,
                         const Document& statuses, const Document& pod, std::string_view indent);
void describe_volumes(DescriptionWriter& out, const Document& volumes, std::string_view indent);
void describe_topology_spread(DescriptionWriter& out, const Document& constraints, std::string_view indent);
void describe_pod_template(DescriptionWriter& out, const Document& pod_template);

/// Addresses of EndpointSlices for the port of that name, three at most.
[[nodiscard]] std::string endpoint_slice_text(const std::vector<Document>& slices,
                                              std::string_view port_name);
[[nodiscard]] std::vector<Document> slices_of(const ClusterReader& reader, const std::string& name_space,
                                              const std::string& service);
/// Addresses of a load balancer status, in order.
[[nodiscard]] std::string load_balancer_text(const Document& load_balancer);

}  // namespace ekspath
