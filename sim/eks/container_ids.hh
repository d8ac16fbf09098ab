#pragma once

#include <string>
#include <string_view>

namespace ekspath {

/// What containerd calls an image and a container: digests, of their names here. They are written when
/// somebody reads them, not kept.
///
/// "docker.io/library/nginx@sha256:..."; `full_name` as full_image_name() gives it.
[[nodiscard]] std::string image_id(std::string_view full_name);
/// "containerd://..."
[[nodiscard]] std::string container_id(std::string_view pod_uid, std::string_view name, int restarts);

}  // namespace ekspath
