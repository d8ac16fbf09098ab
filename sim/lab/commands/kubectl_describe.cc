#include "sim/lab/commands/kubectl_describe.hh"

#include <algorithm>
#include <cctype>

#include "sim/lab/commands/kubectl_describe_parts.hh"
#include "sim/lab/commands/kubectl_json.hh"
#include "sim/lab/commands/kubectl_tabs.hh"
#include "sim/lab/commands/kubectl_time.hh"

namespace ekspath {
namespace {

/// Annotations longer than this stand beneath their name.
constexpr std::size_t longest_annotation = 140;

void describe_head(DescriptionWriter& out, const Document& object) {
  out.line(0, "Name:\t{}", text_at(object, {"metadata", "name"}));
  if (document_at(object, {"metadata", "namespace"}).is_string())
    out.line(0, "Namespace:\t{}", text_at(object, {"metadata", "namespace"}));
  describe_labels(out, "Labels", document_at(object, {"metadata", "labels"}));
  describe_annotations(out, "Annotations", document_at(object, {"metadata", "annotations"}));
}

/// Data come in the order of their names: kubectl's order is that of a Go map, by chance.
void describe_config_map(DescriptionWriter& out, const ClusterReader&, const Document& map) {
  describe_head(out, map);
  out.raw("\nData\n====\n");
  for (const auto& [name, value] : document_at(map, {"data"}).items())
    out.raw(fmt::format("{}:\n----\n{}\n\n", name, value.get<std::string>()));
  out.raw("\nBinaryData\n====\n");
  for (const auto& [name, value] : document_at(map, {"binaryData"}).items())
    out.raw(fmt::format("{}: {} bytes\n", name, value.get<std::string>().size() / 4 * 3));
  out.raw("\n");
}

void describe_namespace(DescriptionWriter& out, const ClusterReader&, const Document& object) {
  describe_head(out, object);
  out.line(0, "Status:\t{}", text_at(object, {"status", "phase"}));
  out.raw("\nNo resource quota.\n\nNo LimitRange resource.\n");
}

std::size_t decoded_size(const std::string& base64) {
  const auto padding = static_cast<std::size_t>(std::ranges::count(base64, '='));
  return base64.size() / 4 * 3 - padding;
}

void describe_secret(DescriptionWriter& out, const ClusterReader&, const Document& secret) {
  describe_head(out, secret);
  out.raw(fmt::format("\nType:\t{}\n\nData\n====\n", text_at(secret, {"type"})));
  for (const auto& [name, value] : document_at(secret, {"data"}).items())
    out.line(0, "{}:\t{} bytes", name, decoded_size(value.get<std::string>()));
}

void describe_service_account(DescriptionWriter& out, const ClusterReader&, const Document& account) {
  describe_head(out, account);
  for (const auto& [title, field] : {std::pair("Image pull secrets", "imagePullSecrets"),
                                     std::pair("Mountable secrets", "secrets"), std::pair("Tokens", "")}) {
    const Document& names = document_at(account, {field});
    if (names.empty()) out.line(0, "{}:\t<none>", title);
    bool first = true;
    for (const Document& name : names) {
      out.line(0, "{}\t{}", first ? fmt::format("{}:", title) : "", text_at(name, {"name"}));
      first = false;
    }
  }
}

/// smartLabelFor(): "creationTimestamp" as "Creation Timestamp", "uid" as "UID".
std::string title_of(const std::string& field) {
  const auto is_word = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '-'; };
  if (!std::ranges::all_of(field, is_word)) return field;
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < field.size(); ++i) {
    const bool upper = std::isupper(static_cast<unsigned char>(field[i])) != 0;
    const bool after_lower = i > 0 && std::islower(static_cast<unsigned char>(field[i - 1])) != 0;
    const bool before_lower =
        i + 1 < field.size() && std::islower(static_cast<unsigned char>(field[i + 1])) != 0;
    if (i == 0 || (upper && (after_lower || before_lower))) parts.emplace_back();
    parts.back() += field[i];
  }
  for (std::string& part : parts) {
    std::string upper = part;
    std::ranges::transform(upper, upper.begin(),
                           [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    const bool acronym =
        upper == "API" || upper == "URL" || upper == "UID" || upper == "OSB" || upper == "GUID";
    part = acronym ? upper : upper.substr(0, 1) + part.substr(1);
  }
  return joined_texts(parts, " ");
}

/// printUnstructuredContent()
void describe_fields(DescriptionWriter& out, std::size_t level, const Document& object,
                     const std::string& path) {
  for (const auto& [name, value] : object.items()) {
    const std::string at = path + "." + name;
    if (at == ".metadata.name" || at == ".metadata.namespace" || at == ".metadata.labels" ||
        at == ".metadata.annotations")
      continue;
    if (!value.is_structured()) {
      out.line(level, "{}:\t{}", title_of(name), go_value(value));
      continue;
    }
    out.line(level, "{}:", title_of(name));
    if (value.is_object()) {
      describe_fields(out, level + 1, value, at);
      continue;
    }
    for (const Document& item : value) {
      if (item.is_object()) {
        describe_fields(out, level + 1, item, at);
      } else {
        out.line(level + 1, "{}", go_value(item));
      }
    }
  }
}

void describe_generic(DescriptionWriter& out, const ClusterReader&, const Document& object) {
  out.line(0, "Name:\t{}", text_at(object, {"metadata", "name"}));
  out.line(0, "Namespace:\t{}", text_at(object, {"metadata", "namespace"}));
  describe_labels(out, "Labels", document_at(object, {"metadata", "labels"}));
  describe_annotations(out, "Annotations", document_at(object, {"metadata", "annotations"}));
  describe_fields(out, 0, object, "");
}

struct DescribedKind {
  DescribeForm form;
  bool events = true;
};

DescribedKind form_of(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::pod:
      return {describe_pod};
    case ObjectKind::node:
      return {describe_node};
    case ObjectKind::service:
      return {describe_service};
    case ObjectKind::endpoints:
      return {describe_endpoints};
    case ObjectKind::endpoint_slice:
      return {describe_endpoint_slice};
    case ObjectKind::ingress:
      return {describe_ingress};
    case ObjectKind::deployment:
      return {describe_deployment};
    case ObjectKind::replica_set:
      return {describe_replica_set};
    case ObjectKind::daemon_set:
      return {describe_daemon_set};
    case ObjectKind::config_map:
      return {describe_config_map};
    case ObjectKind::name_space:
      return {describe_namespace, false};
    case ObjectKind::secret:
      return {describe_secret, false};
    case ObjectKind::service_account:
      return {describe_service_account};
    default:
      return {describe_generic};
  }
}

/// searchEvents(): those about this very object; of a node also those that kubelet wrote by its name.
std::vector<Document> events_about(const ClusterReader& reader, ObjectKind kind, const Document& object) {
  std::vector<Document> events;
  const std::string name = text_at(object, {"metadata", "name"}), uid = text_at(object, {"metadata", "uid"});
  for (Document& event : reader.list(ObjectKind::event, text_at(object, {"metadata", "namespace"}))) {
    const Document& about = document_at(event, {"involvedObject"});
    const std::string about_uid = text_at(about, {"uid"});
    if (text_at(about, {"name"}) != name || text_at(about, {"kind"}) != info(kind).name) continue;
    if (about_uid == uid || (kind == ObjectKind::node && about_uid == name))
      events.push_back(std::move(event));
  }
  return events;
}

}  // namespace

std::string DescriptionWriter::text() const { return align_tabs(text_, describe_tabs); }

std::string describe_object(const ClusterReader& reader, ObjectKind kind, const Document& object,
                            bool show_events) {
  const DescribedKind described = form_of(kind);
  DescriptionWriter out;
  described.form(out, reader, object);
  if (described.events && show_events) describe_events(out, reader, events_about(reader, kind, object));
  return out.text();
}

void describe_labels(DescriptionWriter& out, std::string_view title, const Document& labels) {
  if (labels.empty()) out.line(0, "{}:\t<none>", title);
  bool first = true;
  for (const auto& [key, value] : labels.items()) {
    out.line(0, "{}\t{}={}", first ? fmt::format("{}:", title) : "", key, value.get<std::string>());
    first = false;
  }
}

void describe_annotations(DescriptionWriter& out, std::string_view title, const Document& annotations) {
  std::string start = fmt::format("{}:", title);
  bool any = false;
  for (const auto& [key, given] : annotations.items()) {
    if (key == "kubectl.kubernetes.io/last-applied-configuration") continue;
    std::string value = given.get<std::string>();
    if (value.ends_with("\n")) value.pop_back();
    const bool apart =
        value.size() + key.size() + 2 > longest_annotation || value.find('\n') != std::string::npos;
    out.line(0, "{}\t{}:{}", any ? "" : start, key, apart ? "" : " " + value);
    any = true;
    for (std::size_t from = 0; apart;) {
      const std::size_t end = value.find('\n', from);
      const std::string line = value.substr(from, end - from);
      out.line(0, "\t  {}",
               line.size() > longest_annotation - 2 ? line.substr(0, longest_annotation - 2) + "..." : line);
      if (end == std::string::npos) break;
      from = end + 1;
    }
  }
  if (!any) out.line(0, "{}\t<none>", start);
}

void describe_tolerations(DescriptionWriter& out, std::string_view title, const Document& tolerations) {
  if (tolerations.empty()) out.line(0, "{}:\t<none>", title);
  std::vector<Document> sorted(tolerations.begin(), tolerations.end());
  std::ranges::stable_sort(sorted, {}, [](const Document& one) { return text_at(one, {"key"}); });
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    std::string text = text_at(sorted[i], {"key"});
    const std::string value = text_at(sorted[i], {"value"}), effect = text_at(sorted[i], {"effect"});
    if (!value.empty()) text += "=" + value;
    if (!effect.empty()) text += ":" + effect;
    if (text_at(sorted[i], {"operator"}) == "Exists" && value.empty())
      text += text.empty() ? "op=Exists" : " op=Exists";
    if (const Document& seconds = document_at(sorted[i], {"tolerationSeconds"}); seconds.is_number())
      text += fmt::format(" for {}s", seconds.get<std::int64_t>());
    out.line(0, "{}\t{}", i == 0 ? fmt::format("{}:", title) : "", text);
  }
}

void describe_events(DescriptionWriter& out, const ClusterReader& reader, std::vector<Document> events) {
  if (events.empty()) {
    out.line(0, "Events:\t<none>");
    return;
  }
  std::ranges::stable_sort(events, {},
                           [](const Document& event) { return text_at(event, {"lastTimestamp"}); });
  out.line(0, "Events:");
  out.line(1, "Type\tReason\tAge\tFrom\tMessage");
  out.line(1, "----\t------\t----\t----\t-------");
  for (const Document& event : events) {
    const std::string first = age_since(text_at(event, {"firstTimestamp"}), reader.now_ns());
    const std::int64_t count = number_at(event, {"count"});
    const std::string age =
        count > 1 ? fmt::format("{} (x{} over {})",
                                age_since(text_at(event, {"lastTimestamp"}), reader.now_ns()), count, first)
                  : first;
    const std::string source = text_at(event, {"source", "component"});
    std::string message = text_at(event, {"message"});
    while (!message.empty() && (message.back() == '\n' || message.back() == ' ')) message.pop_back();
    out.line(1, "{}\t{}\t{}\t{}\t{}", text_at(event, {"type"}), text_at(event, {"reason"}), age,
             source.empty() ? text_at(event, {"reportingComponent"}) : source, message);
  }
}

}  // namespace ekspath
