#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "sim/base/diagnostics.hh"
#include "sim/lab/world.hh"

namespace ekspath {

/// Replaces ${node1.ip}, ${node1.publicIp}, ${node1.veth.pod1}, ${pod1.ip}, ${pod1.node}, ${operator.ip} by
/// what they are in this world. What does not exist is reported at `where`, and stays as it is written; so
/// does ${steps.NAME}, unreported.
[[nodiscard]] std::string resolve_references(const World& world, std::string_view text, const Location& where,
                                             Diagnostics& diagnostics);

/// Replaces ${steps.NAME}, what an earlier step printed, by what `text_of` says of NAME.
[[nodiscard]] std::string resolve_step_references(
    std::string_view text, const std::function<std::string(std::string_view name)>& text_of);

/// Where such a reference stands before its step has run: it parses as an address and as a name.
inline constexpr std::string_view step_text_sample = "192.0.2.1";

/// NAME, when `reference` (without its braces) is steps.NAME; else empty.
[[nodiscard]] std::string_view step_of_reference(std::string_view reference);

}  // namespace ekspath
