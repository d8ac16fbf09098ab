#pragma once

#include <string>

#include "tests/unit/pcap/scratch_folder.hh"

namespace ekspath {

/// What became of a typed script.
struct Ended {
  int status = -1;  // as a shell tells it: 128 and the signal's number for a killed program
  std::string out;
  std::string err;
};

/// A scratch folder, and a shell in it that knows the program by test as `ekspath`: what a user has before
/// them.
class TerminalSession {
 public:
  /// `program` is the path of the ekspath to run.
  explicit TerminalSession(std::string program) : program_(std::move(program)) {}

  /// Writes a file of the folder.
  void write(const std::string& name, const std::string& text) const;
  /// Runs a bash script in the folder; a minute is the most that it may take.
  [[nodiscard]] Ended type(const std::string& script) const;

  [[nodiscard]] const ScratchFolder& folder() const { return folder_; }

 private:
  std::string program_;
  ScratchFolder folder_;
};

/// Whether the script succeeds on this machine; names what is skipped where it does not.
[[nodiscard]] bool machine_can(const std::string& script, const std::string& what);

}  // namespace ekspath
