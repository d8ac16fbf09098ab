#pragma once

#include <string>

namespace CLI {
class App;
}

namespace ekspath {

/// The completion script of a shell (bash, zsh, fish), made from the command line's own description.
int print_completion(const std::string& shell, const CLI::App& app);

}  // namespace ekspath
