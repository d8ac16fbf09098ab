#include "sim/lab/commands/kubectl_describe_parts.hh"
#include "sim/lab/commands/kubectl_time.hh"

namespace ekspath {
namespace {

void describe_status(DescriptionWriter& out, const ClusterReader& reader, const Document& pod) {
  const std::string phase = text_at(pod, {"status", "phase"}),
                    deleted = text_at(pod, {"metadata", "deletionTimestamp"});
  if (!deleted.empty() && phase != "Failed" && phase != "Succeeded") {
    out.line(0, "Status:\tTerminating (lasts {})", age_since(deleted, reader.now_ns()));
    out.line(0, "Termination Grace Period:\t{}s", number_at(pod, {"metadata", "deletionGracePeriodSeconds"}));
  } else {
    out.line(0, "Status:\t{}", phase);
  }
  if (const std::string reason = text_at(pod, {"status", "reason"}); !reason.empty())
    out.line(0, "Reason:\t{}", reason);
  if (const std::string message = text_at(pod, {"status", "message"}); !message.empty())
    out.line(0, "Message:\t{}", message);
}

void describe_addresses(DescriptionWriter& out, const Document& pod) {
  out.line(0, "IP:\t{}", text_at(pod, {"status", "podIP"}));
  const Document& addresses = document_at(pod, {"status", "podIPs"});
  out.line(0, "IPs:{}", addresses.empty() ? "\t<none>" : "");
  for (const Document& address : addresses) out.line(1, "IP:\t{}", text_at(address, {"ip"}));
}

/// By what its containers ask for; the API server's answer where it gave one. kubectl pkg/util/qos
std::string quality_of_service(const Document& pod) {
  const std::string given = text_at(pod, {"status", "qosClass"});
  if (!given.empty()) return given;
  for (const Document& container : document_at(pod, {"spec", "containers"})) {
    if (!document_at(container, {"resources", "requests"}).empty() ||
        !document_at(container, {"resources", "limits"}).empty())
      return "Burstable";
  }
  return "BestEffort";
}

}  // namespace

void describe_pod(DescriptionWriter& out, const ClusterReader& reader, const Document& pod) {
  const Document& spec = document_at(pod, {"spec"});
  out.line(0, "Name:\t{}", text_at(pod, {"metadata", "name"}));
  out.line(0, "Namespace:\t{}", text_at(pod, {"metadata", "namespace"}));
  if (const Document& priority = document_at(spec, {"priority"}); !priority.is_null())
    out.line(0, "Priority:\t{}", scalar_text(priority));
  if (const std::string priority = text_at(spec, {"priorityClassName"}); !priority.empty())
    out.line(0, "Priority Class Name:\t{}", priority);
  if (const std::string runtime = text_at(spec, {"runtimeClassName"}); !runtime.empty())
    out.line(0, "Runtime Class Name:\t{}", runtime);
  if (const std::string account = text_at(spec, {"serviceAccountName"}); !account.empty())
    out.line(0, "Service Account:\t{}", account);
  const std::string node = text_at(spec, {"nodeName"});
  out.line(0, "Node:\t{}", node.empty() ? "<none>" : node + "/" + text_at(pod, {"status", "hostIP"}));
  if (const std::string start = text_at(pod, {"status", "startTime"}); !start.empty())
    out.line(0, "Start Time:\t{}", rfc1123_time(start));
  describe_labels(out, "Labels", document_at(pod, {"metadata", "labels"}));
  describe_annotations(out, "Annotations", document_at(pod, {"metadata", "annotations"}));
  describe_status(out, reader, pod);
  if (const std::string profile = text_at(spec, {"securityContext", "seccompProfile", "type"});
      !profile.empty())
    out.line(0, "SeccompProfile:\t{}", profile);
  describe_addresses(out, pod);
  if (const Document& owner = controller_of(pod); owner.is_object())
    out.line(0, "Controlled By:\t{}/{}", text_at(owner, {"kind"}), text_at(owner, {"name"}));
  if (const std::string nominated = text_at(pod, {"status", "nominatedNodeName"}); !nominated.empty())
    out.line(0, "NominatedNodeName:\t{}", nominated);
  if (const Document& first = document_at(spec, {"initContainers"}); !first.empty())
    describe_containers(out, "Init Containers", first, document_at(pod, {"status", "initContainerStatuses"}),
                        pod, "");
  describe_containers(out, "Containers", document_at(spec, {"containers"}),
                      document_at(pod, {"status", "containerStatuses"}), pod, "");
  if (const Document& conditions = document_at(pod, {"status", "conditions"}); !conditions.empty()) {
    out.line(0, "Conditions:");
    out.line(1, "Type\tStatus");
    for (const Document& condition : conditions)
      out.line(1, "{} \t{} ", text_at(condition, {"type"}), text_at(condition, {"status"}));
  }
  describe_volumes(out, document_at(spec, {"volumes"}), "");
  out.line(0, "QoS Class:\t{}", quality_of_service(pod));
  describe_labels(out, "Node-Selectors", document_at(spec, {"nodeSelector"}));
  describe_tolerations(out, "Tolerations", document_at(spec, {"tolerations"}));
  describe_topology_spread(out, document_at(spec, {"topologySpreadConstraints"}), "");
}

}  // namespace ekspath
