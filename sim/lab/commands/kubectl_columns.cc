#include "sim/lab/commands/kubectl_columns.hh"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "sim/lab/commands/kubectl_columns_pod.hh"
#include "sim/lab/commands/kubectl_time.hh"

namespace ekspath {
namespace {

using Cells = std::vector<std::string>;

/// So many endpoints, ports or hosts stand in a cell.
constexpr std::size_t listed = 3;

std::string name_of(const Document& object) { return text_at(object, {"metadata", "name"}); }
std::string age_of(const Document& object, std::int64_t now_ns) {
  return age_since(text_at(object, {"metadata", "creationTimestamp"}), now_ns);
}
std::string count_text(const Document& object, std::initializer_list<std::string_view> path) {
  return fmt::format("{}", number_at(object, path));
}
std::string or_none(const std::string& text) { return text.empty() ? "<none>" : text; }

/// "a,b,c + 2 more..."
std::string first_few(const Cells& texts) {
  if (texts.size() <= listed) return joined_texts(texts, ",");
  return fmt::format("{} + {} more...", joined_texts({texts.begin(), texts.begin() + listed}, ","),
                     texts.size() - listed);
}

/// layoutContainerCells()
void add_containers(Cells& cells, const Document& pod_template) {
  Cells names, images;
  for (const Document& container : document_at(pod_template, {"spec", "containers"})) {
    names.push_back(text_at(container, {"name"}));
    images.push_back(text_at(container, {"image"}));
  }
  cells.push_back(joined_texts(names, ","));
  cells.push_back(joined_texts(images, ","));
}

void add_workload(Cells& cells, const Document& object) {
  add_containers(cells, document_at(object, {"spec", "template"}));
  cells.push_back(label_selector_text(document_at(object, {"spec", "selector"})));
}

Cells deployment_cells(const Document& object, std::int64_t now_ns) {
  Cells cells{name_of(object),
              fmt::format("{}/{}", number_at(object, {"status", "readyReplicas"}),
                          number_at(object, {"spec", "replicas"}, 1)),
              count_text(object, {"status", "updatedReplicas"}),
              count_text(object, {"status", "availableReplicas"}), age_of(object, now_ns)};
  add_workload(cells, object);
  return cells;
}

Cells replica_set_cells(const Document& object, std::int64_t now_ns) {
  Cells cells{name_of(object), fmt::format("{}", number_at(object, {"spec", "replicas"}, 1)),
              count_text(object, {"status", "replicas"}), count_text(object, {"status", "readyReplicas"}),
              age_of(object, now_ns)};
  add_workload(cells, object);
  return cells;
}

Cells daemon_set_cells(const Document& object, std::int64_t now_ns) {
  Cells cells{name_of(object),
              count_text(object, {"status", "desiredNumberScheduled"}),
              count_text(object, {"status", "currentNumberScheduled"}),
              count_text(object, {"status", "numberReady"}),
              count_text(object, {"status", "updatedNumberScheduled"}),
              count_text(object, {"status", "numberAvailable"}),
              label_text(document_at(object, {"spec", "template", "spec", "nodeSelector"})),
              age_of(object, now_ns)};
  add_workload(cells, object);
  return cells;
}

Cells addresses_of(const Document& load_balancer) {
  std::set<std::string> addresses;
  for (const Document& one : document_at(load_balancer, {"ingress"})) {
    const std::string ip = text_at(one, {"ip"});
    addresses.insert(ip.empty() ? text_at(one, {"hostname"}) : ip);
  }
  return {addresses.begin(), addresses.end()};
}

/// getServiceExternalIP()
std::string external_address(const Document& service) {
  const std::string type = text_at(service, {"spec", "type"});
  if (type == "ExternalName") return text_at(service, {"spec", "externalName"});
  Cells addresses;
  for (const Document& ip : document_at(service, {"spec", "externalIPs"}))
    addresses.push_back(scalar_text(ip));
  if (type != "LoadBalancer") return or_none(joined_texts(addresses, ","));
  const Cells balanced = addresses_of(document_at(service, {"status", "loadBalancer"}));
  if (addresses.empty() && balanced.empty()) return "<pending>";
  if (!addresses.empty() && !balanced.empty()) addresses.push_back(joined_texts(balanced, ","));
  return joined_texts(addresses.empty() ? balanced : addresses, ",");
}

/// makePortString()
std::string service_ports(const Document& service) {
  Cells ports;
  for (const Document& port : document_at(service, {"spec", "ports"})) {
    const std::int64_t node_port = number_at(port, {"nodePort"});
    ports.push_back(fmt::format("{}{}/{}", number_at(port, {"port"}),
                                node_port > 0 ? fmt::format(":{}", node_port) : "",
                                text_at(port, {"protocol"})));
  }
  return or_none(joined_texts(ports, ","));
}

Cells service_cells(const Document& object, std::int64_t now_ns) {
  return {name_of(object),
          text_at(object, {"spec", "type"}),
          or_none(text_at(object, {"spec", "clusterIP"})),
          external_address(object),
          service_ports(object),
          age_of(object, now_ns),
          label_text(document_at(object, {"spec", "selector"}))};
}

/// formatEndpoints(): what is ready.
std::string endpoints_text(const Document& endpoints) {
  const Document& subsets = document_at(endpoints, {"subsets"});
  if (subsets.empty()) return "<none>";
  Cells addresses;
  for (const Document& subset : subsets) {
    const auto add = [&](const std::string& suffix) {
      for (const Document& address : document_at(subset, {"addresses"}))
        addresses.push_back(text_at(address, {"ip"}) + suffix);
    };
    const Document& ports = document_at(subset, {"ports"});
    if (ports.empty()) add("");
    for (const Document& port : ports) add(fmt::format(":{}", number_at(port, {"port"})));
  }
  return first_few(addresses);
}

Cells endpoint_slice_cells(const Document& object, std::int64_t now_ns) {
  Cells ports, addresses;
  for (const Document& port : document_at(object, {"ports"})) {
    const Document& number = document_at(port, {"port"});
    ports.push_back(number.is_null() ? "*" : scalar_text(number));
  }
  for (const Document& endpoint : document_at(object, {"endpoints"})) {
    for (const Document& address : document_at(endpoint, {"addresses"}))
      addresses.push_back(scalar_text(address));
  }
  return {name_of(object), text_at(object, {"addressType"}), ports.empty() ? "<unset>" : first_few(ports),
          addresses.empty() ? "<unset>" : first_few(addresses), age_of(object, now_ns)};
}

std::string node_status(const Document& node) {
  std::string status = "Unknown";
  for (const Document& condition : document_at(node, {"status", "conditions"})) {
    if (text_at(condition, {"type"}) == "Ready")
      status = text_at(condition, {"status"}) == "True" ? "Ready" : "NotReady";
  }
  return true_at(node, {"spec", "unschedulable"}) ? status + ",SchedulingDisabled" : status;
}

std::string node_roles(const Document& node) {
  constexpr std::string_view prefix = "node-role.kubernetes.io/";
  std::set<std::string> roles;
  for (const auto& [key, value] : document_at(node, {"metadata", "labels"}).items()) {
    if (key.starts_with(prefix) && key.size() > prefix.size()) roles.insert(key.substr(prefix.size()));
    if (key == "kubernetes.io/role" && value != "") roles.insert(value.get<std::string>());
  }
  return or_none(joined_texts({roles.begin(), roles.end()}, ","));
}

Cells node_cells(const Document& node, std::int64_t now_ns) {
  const auto address = [&](std::string_view type) {
    for (const Document& one : document_at(node, {"status", "addresses"})) {
      if (text_at(one, {"type"}) == type) return text_at(one, {"address"});
    }
    return std::string("<none>");
  };
  const auto system = [&](std::string_view field) {
    const std::string text = text_at(node, {"status", "nodeInfo", field});
    return text.empty() ? std::string("<unknown>") : text;
  };
  return {name_of(node),
          node_status(node),
          node_roles(node),
          age_of(node, now_ns),
          text_at(node, {"status", "nodeInfo", "kubeletVersion"}),
          address("InternalIP"),
          address("ExternalIP"),
          system("osImage"),
          system("kernelVersion"),
          system("containerRuntimeVersion")};
}

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

Cells event_cells(const Document& event, std::int64_t now_ns) {
  const std::string first = text_at(event, {"firstTimestamp"}), last = text_at(event, {"lastTimestamp"}),
                    host = text_at(event, {"source", "host"}),
                    component = text_at(event, {"source", "component"});
  return {age_since(last.empty() ? first : last, now_ns),
          text_at(event, {"type"}),
          text_at(event, {"reason"}),
          lower_case(text_at(event, {"involvedObject", "kind"})) + "/" +
              text_at(event, {"involvedObject", "name"}),
          text_at(event, {"involvedObject", "fieldPath"}),
          component + (host.empty() ? "" : ", " + host),
          text_at(event, {"message"}),
          age_since(first, now_ns),
          fmt::format("{}", number_at(event, {"count"}, 1)),
          name_of(event)};
}

Cells ingress_cells(const Document& ingress, std::int64_t now_ns) {
  Cells hosts;
  for (const Document& rule : document_at(ingress, {"spec", "rules"})) {
    if (const std::string host = text_at(rule, {"host"}); !host.empty()) hosts.push_back(host);
  }
  return {name_of(ingress),
          or_none(text_at(ingress, {"spec", "ingressClassName"})),
          hosts.empty() ? "*" : first_few(hosts),
          joined_texts(addresses_of(document_at(ingress, {"status", "loadBalancer"})), ","),
          document_at(ingress, {"spec", "tls"}).empty() ? "80" : "80, 443",
          age_of(ingress, now_ns)};
}

Cells budget_cells(const Document& budget, std::int64_t now_ns) {
  const auto bound = [&](std::string_view field) {
    const std::string text = scalar_text(document_at(budget, {"spec", field}));
    return text.empty() ? std::string("N/A") : text;
  };
  return {name_of(budget), bound("minAvailable"), bound("maxUnavailable"),
          count_text(budget, {"status", "disruptionsAllowed"}), age_of(budget, now_ns)};
}

Cells binding_cells(const Document& binding, std::int64_t now_ns) {
  Cells users, groups, accounts;
  for (const Document& subject : document_at(binding, {"subjects"})) {
    const std::string kind = text_at(subject, {"kind"}), name = text_at(subject, {"name"});
    if (kind == "User") users.push_back(name);
    if (kind == "Group") groups.push_back(name);
    if (kind == "ServiceAccount") accounts.push_back(text_at(subject, {"namespace"}) + "/" + name);
  }
  return {name_of(binding),
          text_at(binding, {"roleRef", "kind"}) + "/" + text_at(binding, {"roleRef", "name"}),
          age_of(binding, now_ns),
          joined_texts(users, ", "),
          joined_texts(groups, ", "),
          joined_texts(accounts, ", ")};
}

std::string size_text(const Document& a, const Document& b = {}) {
  return fmt::format("{}", a.size() + b.size());
}

Cells name_and_age(const Document& object, std::int64_t now_ns) {
  return {name_of(object), age_of(object, now_ns)};
}

Cells endpoints_cells(const Document& object, std::int64_t now_ns) {
  return {name_of(object), endpoints_text(object), age_of(object, now_ns)};
}

Cells namespace_cells(const Document& object, std::int64_t now_ns) {
  return {name_of(object), text_at(object, {"status", "phase"}), age_of(object, now_ns)};
}

Cells config_map_cells(const Document& object, std::int64_t now_ns) {
  return {name_of(object), size_text(document_at(object, {"data"}), document_at(object, {"binaryData"})),
          age_of(object, now_ns)};
}

Cells secret_cells(const Document& object, std::int64_t now_ns) {
  return {name_of(object), text_at(object, {"type"}), size_text(document_at(object, {"data"})),
          age_of(object, now_ns)};
}

Cells service_account_cells(const Document& object, std::int64_t now_ns) {
  return {name_of(object), size_text(document_at(object, {"secrets"})), age_of(object, now_ns)};
}

Cells ingress_class_cells(const Document& object, std::int64_t now_ns) {
  return {name_of(object), text_at(object, {"spec", "controller"}),
          or_none(text_at(object, {"spec", "parameters", "name"})), age_of(object, now_ns)};
}

Cells network_policy_cells(const Document& object, std::int64_t now_ns) {
  return {name_of(object), label_selector_text(document_at(object, {"spec", "podSelector"})),
          age_of(object, now_ns)};
}

Cells priority_class_cells(const Document& object, std::int64_t now_ns) {
  return {name_of(object), count_text(object, {"value"}),
          true_at(object, {"globalDefault"}) ? "true" : "false", age_of(object, now_ns)};
}

Cells role_cells(const Document& object, std::int64_t) {
  return {name_of(object), text_at(object, {"metadata", "creationTimestamp"})};
}

/// A kind's columns and what fills them.
struct TableForm {
  std::vector<TableColumn> columns;
  Cells (*cells)(const Document& object, std::int64_t now_ns);
};

const TableForm& form_of(ObjectKind kind) {
  using enum ObjectKind;
  static const TableForm bindings{
      {{"NAME"}, {"ROLE"}, {"AGE"}, {"USERS", true}, {"GROUPS", true}, {"SERVICEACCOUNTS", true}},
      binding_cells};
  static const TableForm roles{{{"NAME"}, {"CREATED AT"}}, role_cells};
  static const TableForm other{{{"NAME"}, {"AGE"}}, name_and_age};
  static const std::map<ObjectKind, TableForm> forms{
      {pod,
       {{{"NAME"},
         {"READY"},
         {"STATUS"},
         {"RESTARTS"},
         {"AGE"},
         {"IP", true},
         {"NODE", true},
         {"NOMINATED NODE", true},
         {"READINESS GATES", true}},
        pod_cells}},
      {deployment,
       {{{"NAME"},
         {"READY"},
         {"UP-TO-DATE"},
         {"AVAILABLE"},
         {"AGE"},
         {"CONTAINERS", true},
         {"IMAGES", true},
         {"SELECTOR", true}},
        deployment_cells}},
      {replica_set,
       {{{"NAME"},
         {"DESIRED"},
         {"CURRENT"},
         {"READY"},
         {"AGE"},
         {"CONTAINERS", true},
         {"IMAGES", true},
         {"SELECTOR", true}},
        replica_set_cells}},
      {daemon_set,
       {{{"NAME"},
         {"DESIRED"},
         {"CURRENT"},
         {"READY"},
         {"UP-TO-DATE"},
         {"AVAILABLE"},
         {"NODE SELECTOR"},
         {"AGE"},
         {"CONTAINERS", true},
         {"IMAGES", true},
         {"SELECTOR", true}},
        daemon_set_cells}},
      {service,
       {{{"NAME"}, {"TYPE"}, {"CLUSTER-IP"}, {"EXTERNAL-IP"}, {"PORT(S)"}, {"AGE"}, {"SELECTOR", true}},
        service_cells}},
      {endpoints, {{{"NAME"}, {"ENDPOINTS"}, {"AGE"}}, endpoints_cells}},
      {endpoint_slice,
       {{{"NAME"}, {"ADDRESSTYPE"}, {"PORTS"}, {"ENDPOINTS"}, {"AGE"}}, endpoint_slice_cells}},
      {node,
       {{{"NAME"},
         {"STATUS"},
         {"ROLES"},
         {"AGE"},
         {"VERSION"},
         {"INTERNAL-IP", true},
         {"EXTERNAL-IP", true},
         {"OS-IMAGE", true},
         {"KERNEL-VERSION", true},
         {"CONTAINER-RUNTIME", true}},
        node_cells}},
      {event,
       {{{"LAST SEEN"},
         {"TYPE"},
         {"REASON"},
         {"OBJECT"},
         {"SUBOBJECT", true},
         {"SOURCE", true},
         {"MESSAGE"},
         {"FIRST SEEN", true},
         {"COUNT", true},
         {"NAME", true}},
        event_cells}},
      {name_space, {{{"NAME"}, {"STATUS"}, {"AGE"}}, namespace_cells}},
      {config_map, {{{"NAME"}, {"DATA"}, {"AGE"}}, config_map_cells}},
      {secret, {{{"NAME"}, {"TYPE"}, {"DATA"}, {"AGE"}}, secret_cells}},
      {service_account, {{{"NAME"}, {"SECRETS"}, {"AGE"}}, service_account_cells}},
      {ingress, {{{"NAME"}, {"CLASS"}, {"HOSTS"}, {"ADDRESS"}, {"PORTS"}, {"AGE"}}, ingress_cells}},
      {ingress_class, {{{"NAME"}, {"CONTROLLER"}, {"PARAMETERS"}, {"AGE"}}, ingress_class_cells}},
      {network_policy, {{{"NAME"}, {"POD-SELECTOR"}, {"AGE"}}, network_policy_cells}},
      {pod_disruption_budget,
       {{{"NAME"}, {"MIN AVAILABLE"}, {"MAX UNAVAILABLE"}, {"ALLOWED DISRUPTIONS"}, {"AGE"}}, budget_cells}},
      {priority_class, {{{"NAME"}, {"VALUE"}, {"GLOBAL-DEFAULT"}, {"AGE"}}, priority_class_cells}},
      {role, roles},
      {cluster_role, roles},
      {role_binding, bindings},
      {cluster_role_binding, bindings}};
  const auto found = forms.find(kind);
  return found == forms.end() ? other : found->second;
}

}  // namespace

const std::vector<TableColumn>& table_columns(ObjectKind kind) { return form_of(kind).columns; }

std::vector<std::string> table_cells(ObjectKind kind, const Document& object, std::int64_t now_ns) {
  return form_of(kind).cells(object, now_ns);
}

}  // namespace ekspath
