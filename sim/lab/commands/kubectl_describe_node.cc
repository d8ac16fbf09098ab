#include <algorithm>
#include <map>
#include <optional>

#include "sim/eks/api/quantity.hh"
#include "sim/lab/commands/kubectl_describe_parts.hh"
#include "sim/lab/commands/kubectl_quantity.hh"
#include "sim/lab/commands/kubectl_time.hh"

/// kubectl pkg/describe/describe.go describeNode(), describeNodeResource()
namespace ekspath {
namespace {

/// kubelet renews its lease this often: a quarter of nodeLeaseDurationSeconds (40).
constexpr std::int64_t lease_renewal_ns = 10'000'000'000;

/// findNodeRoles()
std::string roles_of(const Document& node) {
  constexpr std::string_view prefix = "node-role.kubernetes.io/";
  std::vector<std::string> roles;
  for (const auto& [key, value] : document_at(node, {"metadata", "labels"}).items()) {
    if (key.starts_with(prefix) && key.size() > prefix.size()) roles.push_back(key.substr(prefix.size()));
    if (key == "kubernetes.io/role") roles.push_back(value.get<std::string>());
  }
  std::ranges::sort(roles);
  return roles.empty() ? "<none>" : joined_texts(roles, ",");
}

void describe_taints(DescriptionWriter& out, const Document& taints) {
  if (taints.empty()) out.line(0, "Taints:\t<none>");
  std::vector<Document> sorted(taints.begin(), taints.end());
  std::ranges::stable_sort(sorted, {}, [](const Document& taint) {
    return text_at(taint, {"effect"}) + "," + text_at(taint, {"key"});
  });
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const std::string value = text_at(sorted[i], {"value"});
    out.line(0, "{}\t{}{}:{}", i == 0 ? "Taints:" : "", text_at(sorted[i], {"key"}),
             value.empty() ? "" : "=" + value, text_at(sorted[i], {"effect"}));
  }
}

/// The simulated API server keeps no Lease objects: what kubelet would have written there.
void describe_lease(DescriptionWriter& out, const ClusterReader& reader, const Document& node) {
  const std::int64_t born = parse_api_time(text_at(node, {"metadata", "creationTimestamp"})).value_or(0);
  const std::int64_t renewed = born + (reader.now_ns() - born) / lease_renewal_ns * lease_renewal_ns;
  out.line(0, "Lease:");
  out.line(1, "HolderIdentity:\t{}", text_at(node, {"metadata", "name"}));
  out.line(1, "AcquireTime:\t<unset>");
  out.line(1, "RenewTime:\t{}", rfc1123_time(renewed));
}

void describe_node_conditions(DescriptionWriter& out, const Document& conditions) {
  if (conditions.empty()) return;
  out.line(0, "Conditions:");
  out.line(1, "Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage");
  out.line(1, "----\t------\t-----------------\t------------------\t------\t-------");
  for (const Document& condition : conditions)
    out.line(1, "{} \t{} \t{} \t{} \t{} \t{}", text_at(condition, {"type"}), text_at(condition, {"status"}),
             rfc1123_time(text_at(condition, {"lastHeartbeatTime"})),
             rfc1123_time(text_at(condition, {"lastTransitionTime"})), text_at(condition, {"reason"}),
             text_at(condition, {"message"}));
}

void describe_amounts(DescriptionWriter& out, std::string_view title, const Document& amounts) {
  if (amounts.empty()) return;
  out.line(0, "{}:", title);
  for (const auto& [name, amount] : amounts.items()) out.line(1, "{}:\t{}", name, scalar_text(amount));
}

void describe_system(DescriptionWriter& out, const Document& system) {
  constexpr std::pair<std::string_view, std::string_view> fields[] = {
      {"Machine ID", "machineID"},
      {"System UUID", "systemUUID"},
      {"Boot ID", "bootID"},
      {"Kernel Version", "kernelVersion"},
      {"OS Image", "osImage"},
      {"Operating System", "operatingSystem"},
      {"Architecture", "architecture"},
      {"Container Runtime Version", "containerRuntimeVersion"},
      {"Kubelet Version", "kubeletVersion"},
      {"Kube-Proxy Version", "kubeProxyVersion"}};
  out.line(0, "System Info:");
  for (const auto& [title, field] : fields) out.line(1, "{}:\t{}", title, text_at(system, {field}));
}

struct Amounts {
  std::map<std::string, QuantitySum, std::less<>> requests, limits;
};

void add_amounts(std::map<std::string, QuantitySum, std::less<>>& sums, const Document& list) {
  for (const auto& [name, amount] : list.items()) sums[name].add(scalar_text(amount));
}

/// resourcehelper.PodRequestsAndLimits(): of its containers, or of the greediest init container where that is
/// more.
Amounts amounts_of(const Document& pod) {
  Amounts amounts;
  for (const Document& container : document_at(pod, {"spec", "containers"})) {
    add_amounts(amounts.requests, document_at(container, {"resources", "requests"}));
    add_amounts(amounts.limits, document_at(container, {"resources", "limits"}));
  }
  for (const Document& container : document_at(pod, {"spec", "initContainers"})) {
    for (const auto& [field, sums] :
         {std::pair("requests", &amounts.requests), std::pair("limits", &amounts.limits)}) {
      for (const auto& [name, amount] : document_at(container, {"resources", field}).items()) {
        QuantitySum alone;
        alone.add(scalar_text(amount));
        QuantitySum& sum = (*sums)[name];
        if (alone.milli() > sum.milli()) sum = alone;
      }
    }
  }
  return amounts;
}

class ResourceTable {
 public:
  ResourceTable(DescriptionWriter& out, const Document& node) : out_(out) {
    const Document& allocatable = document_at(node, {"status", "allocatable"});
    allocatable_ = allocatable.empty() ? document_at(node, {"status", "capacity"}) : allocatable;
  }

  /// "250m (12%)"
  [[nodiscard]] std::string share(const std::map<std::string, QuantitySum, std::less<>>& sums,
                                  std::string_view name) const {
    const auto found = sums.find(name);
    const QuantitySum sum = found == sums.end() ? QuantitySum() : found->second;
    const auto whole = Quantity::parse(text_at(allocatable_, {name}));
    const bool in_thousandths = name == "cpu";
    const std::int64_t part = in_thousandths ? sum.milli() : sum.whole();
    const std::int64_t all = !whole ? 0 : in_thousandths ? whole->milli() : whole->whole();
    // The integral part of a quotient of doubles: the same as of integers at these sizes.
    return fmt::format("{} ({}%)", sum.text(), all == 0 ? 0 : part * 100 / all);
  }

  void pods(const std::vector<Document>& pods, std::int64_t now_ns) {
    out_.line(0, "Non-terminated Pods:\t({} in total)", pods.size());
    out_.line(1, "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge");
    out_.line(1, "---------\t----\t\t------------\t----------\t---------------\t-------------\t---");
    for (const Document& pod : pods) {
      const Amounts amounts = amounts_of(pod);
      out_.line(1, "{}\t{}\t\t{}\t{}\t{}\t{}\t{}", text_at(pod, {"metadata", "namespace"}),
                text_at(pod, {"metadata", "name"}), share(amounts.requests, "cpu"),
                share(amounts.limits, "cpu"), share(amounts.requests, "memory"),
                share(amounts.limits, "memory"),
                age_since(text_at(pod, {"metadata", "creationTimestamp"}), now_ns));
      for (const auto& [name, sum] : amounts.requests) total_.requests[name].add(sum);
      for (const auto& [name, sum] : amounts.limits) total_.limits[name].add(sum);
    }
  }

  void totals() {
    out_.line(0, "Allocated resources:");
    out_.line(1, "(Total limits may be over 100 percent, i.e., overcommitted.)");
    out_.line(1, "Resource\tRequests\tLimits");
    out_.line(1, "--------\t--------\t------");
    for (const char* name : {"cpu", "memory", "ephemeral-storage"}) total(name);
    for (const auto& [name, amount] : allocatable_.items()) {
      if (name.starts_with("hugepages-")) total(name);
    }
    for (const auto& [name, amount] : allocatable_.items()) {
      if (name.find('/') == std::string::npos) continue;  // what a device plugin offers
      out_.line(1, "{}\t{}\t{}", name, total_.requests[name].text(), total_.limits[name].text());
    }
  }

 private:
  void total(std::string_view name) {
    out_.line(1, "{}\t{}\t{}", name, share(total_.requests, name), share(total_.limits, name));
  }

  DescriptionWriter& out_;
  Document allocatable_;
  Amounts total_;
};

}  // namespace

void describe_node(DescriptionWriter& out, const ClusterReader& reader, const Document& node) {
  const std::string name = text_at(node, {"metadata", "name"});
  out.line(0, "Name:\t{}", name);
  out.line(0, "Roles:\t{}", roles_of(node));
  describe_labels(out, "Labels", document_at(node, {"metadata", "labels"}));
  describe_annotations(out, "Annotations", document_at(node, {"metadata", "annotations"}));
  out.line(0, "CreationTimestamp:\t{}", rfc1123_time(text_at(node, {"metadata", "creationTimestamp"})));
  describe_taints(out, document_at(node, {"spec", "taints"}));
  out.line(0, "Unschedulable:\t{}", true_at(node, {"spec", "unschedulable"}));
  describe_lease(out, reader, node);
  describe_node_conditions(out, document_at(node, {"status", "conditions"}));
  out.line(0, "Addresses:");
  for (const Document& address : document_at(node, {"status", "addresses"}))
    out.line(1, "{}:\t{}", text_at(address, {"type"}), text_at(address, {"address"}));
  describe_amounts(out, "Capacity", document_at(node, {"status", "capacity"}));
  describe_amounts(out, "Allocatable", document_at(node, {"status", "allocatable"}));
  describe_system(out, document_at(node, {"status", "nodeInfo"}));
  if (const std::string provider = text_at(node, {"spec", "providerID"}); !provider.empty())
    out.line(0, "ProviderID:\t{}", provider);
  std::vector<Document> pods;
  for (Document& pod : reader.list(ObjectKind::pod, "")) {
    const std::string phase = text_at(pod, {"status", "phase"});
    if (text_at(pod, {"spec", "nodeName"}) == name && phase != "Succeeded" && phase != "Failed")
      pods.push_back(std::move(pod));
  }
  ResourceTable table(out, node);
  table.pods(pods, reader.now_ns());
  table.totals();
}

}  // namespace ekspath
