#include "sim/lab/reference.hh"

#include <optional>
#include <vector>

#include "sim/base/near_miss.hh"

namespace ekspath {
namespace {

struct Mistake {
  std::string expected;
  std::string hint;
};

std::optional<std::string> property_of(const World& world, const Host& host, std::string_view property,
                                       Mistake& mistake) {
  if (property == "ip") return fmt::format("{}", host.address);
  if (property == "hostName") return host.host_name;
  if (property == "publicIp" && !host.public_address.is_unspecified())
    return fmt::format("{}", host.public_address);
  if (property == "node" && host.kind == HostKind::pod) return host.node;
  if (property.starts_with("veth.") && host.kind == HostKind::node && world.cluster) {
    const std::string_view pod_name = property.substr(5);
    for (const Pod& pod : world.cluster->pods()) {
      const Node& node = world.cluster->nodes()[pod.node];
      if (pod.name != pod_name || node.name != host.name || pod.host_network) continue;
      return VpcCni::host_veth_name(node.cni->settings().veth_prefix, pod.pod_namespace, pod.name);
    }
    mistake.expected = fmt::format("veth. and a pod of {} with an address of its own", host.name);
    return std::nullopt;
  }
  const std::vector<std::string_view> known{"ip", "publicIp", "hostName", "node", "veth"};
  mistake.expected = "ip, publicIp (where there is one), hostName, node of a pod, or veth.POD of a node";
  if (const std::string near = near_miss(property, known); !near.empty() && near != property) {
    mistake.hint = fmt::format("did you mean '{}'?", near);
  }
  return std::nullopt;
}

std::optional<std::string> value_of(const World& world, std::string_view reference, Mistake& mistake) {
  // Host names may have dots (dns.google): the longest host that fits is meant.
  for (std::size_t dot = reference.rfind('.'); dot != std::string_view::npos && dot > 0;
       dot = reference.rfind('.', dot - 1)) {
    if (const Host* host = world.host(reference.substr(0, dot))) {
      return property_of(world, *host, reference.substr(dot + 1), mistake);
    }
  }
  std::vector<std::string> names;
  for (const auto& host : world.hosts()) names.push_back(host->name);
  mistake.expected = "a node, pod, instance or internet host, a dot, and what of it";
  if (const std::string near = near_miss(reference.substr(0, reference.find('.')), names); !near.empty()) {
    mistake.hint = fmt::format("did you mean '{}'?", near);
  }
  return std::nullopt;
}

/// Each ${reference} replaced by its value; one without stays as it is written.
template <class ValueOf>
std::string replace_references(std::string_view text, ValueOf value_of_reference) {
  std::string result;
  while (true) {
    const std::size_t open = text.find("${");
    const std::size_t close = open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos) return result.append(text);
    result.append(text.substr(0, open));
    const std::optional<std::string> value = value_of_reference(text.substr(open + 2, close - open - 2));
    result.append(value ? std::string_view(*value) : text.substr(open, close - open + 1));
    text.remove_prefix(close + 1);
  }
}

}  // namespace

std::string_view step_of_reference(std::string_view reference) {
  constexpr std::string_view prefix = "steps.";
  return reference.starts_with(prefix) ? reference.substr(prefix.size()) : std::string_view();
}

std::string resolve_references(const World& world, std::string_view text, const Location& where,
                               Diagnostics& diagnostics) {
  return replace_references(text, [&](std::string_view reference) -> std::optional<std::string> {
    if (!step_of_reference(reference).empty()) return std::nullopt;
    Mistake mistake;
    auto value = value_of(world, reference, mistake);
    if (!value) {
      diagnostics.report({where, fmt::format("'${{{}}}'", reference), mistake.expected, mistake.hint});
    }
    return value;
  });
}

std::string resolve_step_references(std::string_view text,
                                    const std::function<std::string(std::string_view name)>& text_of) {
  return replace_references(text, [&](std::string_view reference) -> std::optional<std::string> {
    const std::string_view name = step_of_reference(reference);
    if (name.empty()) return std::nullopt;
    return text_of(name);
  });
}

}  // namespace ekspath
