#include "sim/lab/commands/kubectl_get.hh"

#include <algorithm>

/// facts/kube-proxy.md 11
namespace ekspath {
namespace {

enum class Kind : std::uint8_t { pods, nodes, daemonset };

struct Query {
  Kind kind = Kind::pods;
  std::vector<std::string> names;
  std::string pod_namespace = "default";
  bool all_namespaces = false;
  bool wide = false;
  bool headers = true;
  std::string error;
};

bool parse_kind(std::string_view word, Query& query) {
  constexpr std::pair<std::string_view, Kind> kinds[] = {{"pods", Kind::pods},
                                                         {"pod", Kind::pods},
                                                         {"po", Kind::pods},
                                                         {"nodes", Kind::nodes},
                                                         {"node", Kind::nodes},
                                                         {"no", Kind::nodes},
                                                         {"ds", Kind::daemonset},
                                                         {"daemonset", Kind::daemonset},
                                                         {"daemonsets", Kind::daemonset}};
  for (const auto& [name, kind] : kinds) {
    if (word != name) continue;
    query.kind = kind;
    return true;
  }
  return false;
}

/// Where a value follows its option, or stands behind "=". None: the word is another.
bool take_value(const std::vector<std::string>& words, std::size_t& at, std::string_view short_name,
                std::string_view long_name, std::string& value) {
  const std::string& word = words[at];
  if (word == short_name || word == long_name) {
    value = at + 1 < words.size() ? words[++at] : "";
    return true;
  }
  for (const std::string_view name : {short_name, long_name}) {
    if (!word.starts_with(name) || word.size() <= name.size()) continue;
    if (name == long_name && word[name.size()] != '=') continue;
    value = word.substr(name.size() + (word[name.size()] == '=' ? 1 : 0));
    return true;
  }
  return false;
}

Query parse(const std::vector<std::string>& words) {
  Query query;
  bool has_kind = false;
  for (std::size_t at = 0; at < words.size() && query.error.empty(); ++at) {
    const std::string& word = words[at];
    std::string value;
    if (word == "-A" || word == "--all-namespaces") {
      query.all_namespaces = true;
    } else if (word == "--no-headers") {
      query.headers = false;
    } else if (take_value(words, at, "-n", "--namespace", query.pod_namespace)) {
      if (query.pod_namespace.empty()) query.error = "kubectl get: expected a namespace after -n";
    } else if (take_value(words, at, "-o", "--output", value)) {
      query.wide = value == "wide";
      if (!query.wide)
        query.error = fmt::format("kubectl get: -o '{}' is not modelled; expected -o wide", value);
    } else if (word.starts_with("-")) {
      query.error = fmt::format(
          "kubectl get: option '{}' is not modelled; expected -n, -A, -o wide, --no-headers", word);
    } else if (!has_kind) {
      const std::size_t slash = word.find('/');
      has_kind = parse_kind(std::string_view(word).substr(0, slash), query);
      if (!has_kind)
        query.error = fmt::format(
            "kubectl get: '{}' is not modelled; expected pods, nodes or daemonset aws-node", word);
      if (slash != std::string::npos) query.names.push_back(word.substr(slash + 1));
    } else {
      query.names.push_back(word);
    }
  }
  if (!query.error.empty()) return query;
  if (!has_kind) query.error = "kubectl get: expected pods, nodes or daemonset aws-node";
  if (query.kind == Kind::daemonset && (query.names != std::vector<std::string>{"aws-node"} || query.wide ||
                                        query.pod_namespace != "kube-system"))
    query.error = "kubectl get daemonset: only aws-node -n kube-system is modelled";
  if (query.kind == Kind::pods && query.pod_namespace == "kube-system" && !query.all_namespaces &&
      query.names.empty())
    query.error = "kubectl get pods -n kube-system: the agents' own pods are not modelled as objects";
  return query;
}

using Row = std::vector<std::string>;

/// k8s.io/cli-runtime pkg/printers: a tabwriter with three spaces between columns and nothing behind the
/// last.
std::string table(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size(), 0);
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i)
      text += fmt::format("{:<{}}", row[i], std::max<std::size_t>(widths[i] + 3, 6));
    text += row.back() + "\n";
  }
  return text;
}

Row pod_row(const World& world, const Pod& pod, const Query& query) {
  Row row;
  if (query.all_namespaces) row.push_back(pod.pod_namespace);
  row.insert(row.end(), {pod.name, "1/1", "Running", "0", kubectl_age(world.now())});
  if (query.wide) {
    row.insert(row.end(), {fmt::format("{}", pod.address), world.cluster->nodes()[pod.node].kubernetes_name,
                           "<none>", "<none>"});
  }
  return row;
}

Row node_row(const World& world, const Node& node, const Query& query) {
  const auto& version = world.cluster->versions().kubernetes;
  // The kubelet of the EKS AMI; the hash is that of the fact's AMI, whatever the minor version.
  // facts/kube-proxy.md 12
  Row row{node.kubernetes_name, "Ready", "<none>", kubectl_age(world.now()),
          fmt::format("v{}.{}.0-eks-a737599", version.major, version.minor)};
  if (query.wide) {
    const Host* host = world.host(node.name);
    const bool has_public = host != nullptr && !host->public_address.is_unspecified();
    row.insert(
        row.end(),
        {fmt::format("{}", node.address), has_public ? fmt::format("{}", host->public_address) : "<none>",
         "Amazon Linux 2023.6.20241121", "6.1.115-126.197.amzn2023.x86_64", "containerd://1.7.23"});
  }
  return row;
}

/// One node at a time is without its agent while a new one rolls out.
Row daemonset_row(const World& world) {
  const std::size_t nodes = world.cluster->nodes().size();
  const Cluster::Rollout& rollout = world.cluster->rollout();
  const std::string ready = fmt::format("{}", rollout.running ? nodes - 1 : nodes);
  const std::string updated = fmt::format("{}", rollout.running ? rollout.updated : nodes);
  return {"aws-node", fmt::format("{}", nodes), ready, ready, updated, ready,
          "<none>",   kubectl_age(world.now())};
}

Row header(const Query& query) {
  if (query.kind == Kind::daemonset)
    return {"NAME", "DESIRED", "CURRENT", "READY", "UP-TO-DATE", "AVAILABLE", "NODE SELECTOR", "AGE"};
  Row row;
  if (query.kind == Kind::nodes) {
    row = {"NAME", "STATUS", "ROLES", "AGE", "VERSION"};
    if (query.wide)
      row.insert(row.end(),
                 {"INTERNAL-IP", "EXTERNAL-IP", "OS-IMAGE", "KERNEL-VERSION", "CONTAINER-RUNTIME"});
    return row;
  }
  if (query.all_namespaces) row.push_back("NAMESPACE");
  row.insert(row.end(), {"NAME", "READY", "STATUS", "RESTARTS", "AGE"});
  if (query.wide) row.insert(row.end(), {"IP", "NODE", "NOMINATED NODE", "READINESS GATES"});
  return row;
}

/// In the order of the API server: by namespace and name, or as they were asked for.
void add_pods(const World& world, const Query& query, std::vector<Row>& rows, CommandResult& result) {
  std::vector<const Pod*> pods;
  for (const Pod& pod : world.cluster->pods()) {
    if (query.all_namespaces || pod.pod_namespace == query.pod_namespace) pods.push_back(&pod);
  }
  std::ranges::sort(pods, {}, [](const Pod* pod) { return std::pair(pod->pod_namespace, pod->name); });
  if (query.names.empty()) {
    for (const Pod* pod : pods) rows.push_back(pod_row(world, *pod, query));
  }
  for (const std::string& name : query.names) {
    const auto found = std::ranges::find(pods, name, [](const Pod* pod) { return pod->name; });
    if (found != pods.end()) {
      rows.push_back(pod_row(world, **found, query));
      continue;
    }
    result.err += fmt::format("Error from server (NotFound): pods \"{}\" not found\n", name);
    result.status = 1;
  }
}

void add_nodes(const World& world, const Query& query, std::vector<Row>& rows, CommandResult& result) {
  std::vector<const Node*> nodes;
  for (const Node& node : world.cluster->nodes()) nodes.push_back(&node);
  std::ranges::sort(nodes, {}, [](const Node* node) { return node->kubernetes_name; });
  if (query.names.empty()) {
    for (const Node* node : nodes) rows.push_back(node_row(world, *node, query));
  }
  for (const std::string& name : query.names) {
    const auto found = std::ranges::find(nodes, name, [](const Node* node) { return node->kubernetes_name; });
    if (found != nodes.end()) {
      rows.push_back(node_row(world, **found, query));
      continue;
    }
    result.err += fmt::format("Error from server (NotFound): nodes \"{}\" not found\n", name);
    result.status = 1;
  }
}

}  // namespace

std::string check_kubectl_get(const std::vector<std::string>& words) { return parse(words).error; }

CommandResult kubectl_get(const World& world, const std::vector<std::string>& words) {
  const Query query = parse(words);
  CommandResult result;
  if (query.all_namespaces && !query.names.empty())
    return {1, "", "error: a resource cannot be retrieved by name across all namespaces\n"};
  std::vector<Row> rows{header(query)};
  if (query.kind == Kind::pods) add_pods(world, query, rows, result);
  if (query.kind == Kind::nodes) add_nodes(world, query, rows, result);
  if (query.kind == Kind::daemonset) rows.push_back(daemonset_row(world));
  const bool empty = rows.size() == 1;
  if (empty && result.err.empty()) {
    result.err = query.kind == Kind::nodes || query.all_namespaces
                     ? "No resources found\n"
                     : fmt::format("No resources found in {} namespace.\n", query.pod_namespace);
  }
  if (empty) return result;
  if (!query.headers) rows.erase(rows.begin());
  result.out = table(rows);
  return result;
}

std::string kubectl_age(Nanoseconds age) {
  const std::int64_t seconds = age.whole_seconds(), minutes = seconds / 60, hours = minutes / 60,
                     days = hours / 24;
  const auto both = [](std::int64_t large, char large_unit, std::int64_t small, char small_unit) {
    return small == 0 ? fmt::format("{}{}", large, large_unit)
                      : fmt::format("{}{}{}{}", large, large_unit, small, small_unit);
  };
  if (seconds < 120) return fmt::format("{}s", seconds);
  if (minutes < 10) return both(minutes, 'm', seconds % 60, 's');
  if (hours < 3) return fmt::format("{}m", minutes);
  if (hours < 8) return both(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return fmt::format("{}h", hours);
  if (days < 8) return both(days, 'd', hours % 24, 'h');
  return fmt::format("{}d", days);
}

}  // namespace ekspath
