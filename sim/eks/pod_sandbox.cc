#include "sim/eks/pod_sandbox.hh"

#include <fmt/format.h>

#include "sim/engine/random.hh"

namespace ekspath {

PodSandbox PodSandbox::draw(std::uint64_t seed, const SharedText& pod_namespace, const SharedText& pod_name,
                            Uid pod_uid, std::uint32_t attempt) {
  Random luck(seed, fmt::format("{}/{}", pod_namespace, pod_name), fmt::format("sandbox {}", attempt));
  PodSandbox sandbox;
  sandbox.pod_namespace = pod_namespace;
  sandbox.pod_name = pod_name;
  sandbox.pod_uid = (pod_uid.empty() ? Uid::draw(luck) : pod_uid).text();
  for (std::uint64_t& word : sandbox.container_id.words) word = luck.next();
  sandbox.netns_path = "/var/run/netns/cni-" + Uid::draw(luck).text();
  return sandbox;
}

std::string sandbox_failure_text(std::string_view container_id, std::string_view plugin_error) {
  return fmt::format(
      "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "
      "\"{}\": plugin type=\"aws-cni\" name=\"aws-cni\" failed (add): {}",
      container_id, plugin_error);
}

}  // namespace ekspath
