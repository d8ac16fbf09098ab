#include "tests/support/program/terminal_session.hh"

#include <sys/wait.h>

#include <cstdlib>
#include <utility>

namespace ekspath {

void TerminalSession::write(const std::string& name, const std::string& text) const {
  std::ofstream(folder_ / name, std::ios::binary) << text;
}

Ended TerminalSession::type(const std::string& script) const {
  // The script and its streams stand apart from the folder, whose files the tests count.
  const ScratchFolder streams;
  std::ofstream(streams / "script") << "ekspath='" << program_ << "'\nekspath() { \"$ekspath\" \"$@\"; }\n"
                                    << "cd '" << folder_.path() << "'\n"
                                    << script << "\n";
  const std::string command = "timeout -k 5 60 bash '" + streams / "script" + "' < /dev/null > '" +
                              streams / "out" + "' 2> '" + streams / "err" + "'";
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), streams.read("out"),
          streams.read("err")};
}

bool machine_can(const std::string& script, const std::string& what) {
  if (std::system(("(" + script + ") > /dev/null 2>&1").c_str()) == 0) return true;
  MESSAGE("skipped: this machine cannot " << what);
  return false;
}

}  // namespace ekspath
