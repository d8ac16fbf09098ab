#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/apps/program.hh"
#include "sim/eks/api/pod_spec.hh"

namespace ekspath {

/// What a container does once it runs: by its image, unless `command` or `args` say otherwise.
struct ContainerWork {
  enum class Kind : std::uint8_t {
    idle,      // sleep infinity, tail -f /dev/null: waits, and as process 1 does not heed SIGTERM
    agent,     // aws-node, kube-proxy, coredns: what the cluster itself does in its pods
    server,    // answers on a port
    program,   // a program that we have: ping, curl, ...
    sleeper,   // sleep 30: ends well after that time
    finished,  // a shell without a terminal: ends at once
    unknown,   // an image or command that nobody modelled: runs, and listens nowhere
  };
  Kind kind = Kind::unknown;
  ServerKind server = ServerKind::http_echo;
  std::uint16_t port = 0;
  std::vector<std::string> arguments;
  Nanoseconds duration;

  [[nodiscard]] bool heeds_sigterm() const { return kind != Kind::idle && kind != Kind::sleeper; }
};

[[nodiscard]] ContainerWork work_of(const ContainerShape& container);

/// The server or program of a container, started; null where the work needs none.
[[nodiscard]] std::unique_ptr<Program> start_work(const ContainerWork& work, Netns& netns,
                                                  const ProgramEnvironment& environment);

/// What the node's registry client is told of an image: compressed bytes (as the registries list them for the
/// images that we know, a plausible figure for others).
[[nodiscard]] std::uint64_t image_size(std::string_view image);
/// "docker.io/library/nginx:latest": the full name, as containerd reports it.
[[nodiscard]] std::string full_image_name(std::string_view image);

}  // namespace ekspath
