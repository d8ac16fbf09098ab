#include "sim/eks/pod_sandbox.hh"

#include <fmt/format.h>

#include "sim/engine/random.hh"

namespace ekspath {
namespace {

/// RFC 9562 version 4.
std::string draw_uuid(Random& luck) {
  const std::uint64_t high = (luck.next() & ~0xf000ULL) | 0x4000ULL;
  const std::uint64_t low = (luck.next() & ~(3ULL << 62)) | (2ULL << 62);
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32, high >> 16 & 0xffff, high & 0xffff,
                     low >> 48, low & 0xffff'ffff'ffffULL);
}

}  // namespace

PodSandbox PodSandbox::draw(std::uint64_t seed, std::string_view pod_namespace, std::string_view pod_name,
                            std::string_view pod_uid, std::uint32_t attempt) {
  Random luck(seed, fmt::format("{}/{}", pod_namespace, pod_name), fmt::format("sandbox {}", attempt));
  PodSandbox sandbox;
  sandbox.pod_namespace = pod_namespace;
  sandbox.pod_name = pod_name;
  sandbox.pod_uid = pod_uid.empty() ? draw_uuid(luck) : std::string(pod_uid);
  for (int i = 0; i < 4; ++i) sandbox.container_id += fmt::format("{:016x}", luck.next());
  sandbox.netns_path = "/var/run/netns/cni-" + draw_uuid(luck);
  return sandbox;
}

std::string sandbox_failure_text(std::string_view container_id, std::string_view plugin_error) {
  return fmt::format(
      "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "
      "\"{}\": plugin type=\"aws-cni\" name=\"aws-cni\" failed (add): {}",
      container_id, plugin_error);
}

}  // namespace ekspath
