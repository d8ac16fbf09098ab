#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "sim/apps/program.hh"
#include "sim/eks/ipamd.hh"

namespace ekspath {

/// Where ipamd tells about itself, on the node's loopback only: INTROSPECTION_BIND_ADDRESS
constexpr std::uint16_t introspection_port = 61679;

/// What it answers to GET of a path: /v1/enis, /v1/eni-configs, /v1/networkutils-env-settings,
/// /v1/ipamd-env-settings as JSON, the list of these to anything else. pkg/ipamd/introspect.go
[[nodiscard]] std::string introspection(const Ipamd& ipamd, std::string_view path);

/// The server of a node: on 127.0.0.1 alone, until it is destroyed. `ipamd` outlives it.
[[nodiscard]] std::unique_ptr<Program> serve_introspection(Netns& host, const Ipamd& ipamd);

}  // namespace ekspath
