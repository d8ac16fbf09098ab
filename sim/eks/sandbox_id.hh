#pragma once

#include <fmt/format.h>

#include <array>
#include <cstdint>

namespace ekspath {

/// What containerd calls a sandbox: 256 bits, written as 64 hexadecimal digits.
struct SandboxId {
  std::array<std::uint64_t, 4> words{};

  friend bool operator==(const SandboxId&, const SandboxId&) = default;
};

}  // namespace ekspath

template <>
struct fmt::formatter<ekspath::SandboxId> : fmt::formatter<std::string_view> {
  auto format(const ekspath::SandboxId& id, fmt::format_context& context) const {
    return fmt::format_to(context.out(), "{:016x}{:016x}{:016x}{:016x}", id.words[0], id.words[1],
                          id.words[2], id.words[3]);
  }
};
