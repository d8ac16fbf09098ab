#include "tests/support/text/aborts.hh"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace ekspath {

std::string abort_message(void (*body)(void*), void* argument) {
  int ends[2];
  if (pipe(ends) != 0) return {};
  const pid_t child = fork();
  if (child == 0) {
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    std::signal(SIGABRT, SIG_DFL);  // doctest's own handler would report the abort as a failure
    dup2(ends[1], STDERR_FILENO);
    close(ends[0]);
    body(argument);
    _exit(0);
  }
  close(ends[1]);
  std::string message;
  char block[512];
  for (ssize_t got = 0; (got = read(ends[0], block, sizeof block)) > 0;)
    message.append(block, static_cast<std::size_t>(got));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT ? message : std::string();
}

}  // namespace ekspath
