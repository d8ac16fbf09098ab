#include "tools/terminal.hh"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace ekspath {

void StandardOutput::write(std::string_view text) {
  if (error_) return;
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) {
    error_ = SystemError{"cannot write", "standard output", errno};
  }
}

std::optional<SystemError> StandardOutput::finish() {
  if (!error_ && std::fflush(stdout) != 0) error_ = SystemError{"cannot write", "standard output", errno};
  return error_;
}

bool wants_colour() {
  const char* no_colour = std::getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) == 1 && (no_colour == nullptr || *no_colour == '\0');
}

bool wants_progress() { return isatty(STDERR_FILENO) == 1; }

}  // namespace ekspath
