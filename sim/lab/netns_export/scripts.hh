#pragma once

#include <string_view>

/// The texts of an export that are the same for every scenario.
namespace ekspath::netns_export {

extern const std::string_view up;         // up.sh
extern const std::string_view configure;  // configure.sh, which up.sh runs within each namespace
extern const std::string_view down;       // down.sh
extern const std::string_view usage;      // README.md: how to start it, to the title of the hosts' table
extern const std::string_view lacks;      // README.md: what the real one lacks

}  // namespace ekspath::netns_export
