#include "sim/eks/container_ids.hh"

#include <fmt/format.h>

#include "sim/eks/digest.hh"

namespace ekspath {
namespace {

std::string hex_digest(std::string_view text) {
  std::string hex;
  for (const std::uint8_t byte : sha256(text)) hex += fmt::format("{:02x}", byte);
  return hex;
}

}  // namespace

std::string image_id(std::string_view full_name) {
  return fmt::format("{}@sha256:{}", full_name.substr(0, full_name.rfind(':')), hex_digest(full_name));
}

std::string container_id(std::string_view pod_uid, std::string_view name, int restarts) {
  return "containerd://" + hex_digest(fmt::format("{}/{}/{}", pod_uid, name, restarts));
}

}  // namespace ekspath
