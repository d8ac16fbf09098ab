#include "sim/lab/commands/kubectl_describe_parts.hh"

/// kubectl pkg/describe/describe.go IngressDescriber
namespace ekspath {
namespace {

/// describeBackendV1(): "web:80 (10.0.2.31:8080,...)"
std::string backend_text(const ClusterReader& reader, const std::string& name_space,
                         const Document& backend) {
  const Document& wanted = document_at(backend, {"service"});
  if (!wanted.is_object()) return "";
  const std::string name = text_at(wanted, {"name"});
  const Document& port = document_at(wanted, {"port"});
  const std::string port_text = text_at(port, {"name"}).empty()
                                    ? fmt::format("{}", number_at(port, {"number"}))
                                    : text_at(port, {"name"});
  const std::string text = name + ":" + port_text;
  for (const Document& service : reader.list(ObjectKind::service, name_space)) {
    if (text_at(service, {"metadata", "name"}) != name) continue;
    std::string port_name;
    for (const Document& one : document_at(service, {"spec", "ports"})) {
      const bool by_number = number_at(port, {"number"}) != 0 && document_at(one, {"port"}) == port["number"];
      const bool by_name =
          !text_at(port, {"name"}).empty() && text_at(one, {"name"}) == text_at(port, {"name"});
      if (by_number || by_name) port_name = text_at(one, {"name"});
    }
    return fmt::format("{} ({})", text, endpoint_slice_text(slices_of(reader, name_space, name), port_name));
  }
  return fmt::format("{} (<error: services \"{}\" not found>)", text, name);
}

void describe_tls(DescriptionWriter& out, const Document& entries) {
  if (entries.empty()) return;
  out.line(0, "TLS:");
  for (const Document& entry : entries) {
    std::vector<std::string> hosts;
    for (const Document& host : document_at(entry, {"hosts"})) hosts.push_back(scalar_text(host));
    const std::string secret = text_at(entry, {"secretName"});
    if (secret.empty()) {
      out.line(1, "SNI routes {}", joined_texts(hosts, ","));
    } else {
      out.line(1, "{} terminates {}", secret, joined_texts(hosts, ","));
    }
  }
}

}  // namespace

void describe_ingress(DescriptionWriter& out, const ClusterReader& reader, const Document& ingress) {
  const std::string name_space = text_at(ingress, {"metadata", "namespace"}),
                    class_name = text_at(ingress, {"spec", "ingressClassName"});
  const Document& fallback = document_at(ingress, {"spec", "defaultBackend"});
  const std::string fallback_text =
      fallback.is_object() ? backend_text(reader, name_space, fallback) : "<default>";
  out.line(0, "Name:\t{}", text_at(ingress, {"metadata", "name"}));
  describe_labels(out, "Labels", document_at(ingress, {"metadata", "labels"}));
  out.line(0, "Namespace:\t{}", name_space);
  out.line(0, "Address:\t{}", load_balancer_text(document_at(ingress, {"status", "loadBalancer"})));
  out.line(0, "Ingress Class:\t{}", class_name.empty() ? "<none>" : class_name);
  out.line(0, "Default backend:\t{}", fallback_text);
  describe_tls(out, document_at(ingress, {"spec", "tls"}));
  out.line(0, "Rules:");
  out.line(1, "Host\tPath\tBackends");
  out.line(1, "----\t----\t--------");
  bool any = false;
  for (const Document& rule : document_at(ingress, {"spec", "rules"})) {
    if (!document_at(rule, {"http"}).is_object()) continue;
    any = true;
    const std::string host = text_at(rule, {"host"});
    out.line(1, "{}\t", host.empty() ? "*" : host);
    for (const Document& path : document_at(rule, {"http", "paths"}))
      out.line(2, "\t{} \t{}", text_at(path, {"path"}),
               backend_text(reader, name_space, document_at(path, {"backend"})));
  }
  if (!any) out.line(1, "*\t*\t{}", fallback_text);
  describe_annotations(out, "Annotations", document_at(ingress, {"metadata", "annotations"}));
}

}  // namespace ekspath
