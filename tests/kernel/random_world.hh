#pragma once

#include <cstdint>
#include <functional>

#include "tests/kernel/case.hh"

namespace ekspath {

/// A host and its traffic, drawn by (seed, number): interfaces, routes, policy rules, tables with rules of
/// every match and target that does not need luck to be compared, and flows that start, answer, retransmit,
/// end, collide and fail.
[[nodiscard]] Case random_world(std::uint64_t seed, std::uint64_t number, std::size_t frames);

/// A smaller case for which `still` holds: without what it does not need of frames, rules, routes and
/// settings.
[[nodiscard]] Case shrink(Case found, const std::function<bool(const Case&)>& still);

}  // namespace ekspath
