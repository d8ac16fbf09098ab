#pragma once

#include <span>
#include <string>
#include <string_view>

namespace ekspath {

/// The candidate nearest to what a user wrote, by edits (a swap of neighbours counts as one), or "" when none is
/// near enough to be meant: at most a third of the word's length, at least 1. Ties go to the earliest candidate.
[[nodiscard]] std::string near_miss(std::string_view word, std::span<const std::string_view> candidates);
[[nodiscard]] std::string near_miss(std::string_view word, std::span<const std::string> candidates);

}  // namespace ekspath
