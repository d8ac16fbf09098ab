#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

namespace ekspath {

/// A place in a file of the user's. Line and column count from 1; 0 means "the file as a whole".
struct Location {
  std::string file;
  int line = 0;
  int column = 0;
};

/// One mistake in the user's input: where, what was found, what was expected, and a near miss when there is one.
struct ScenarioError {
  Location where;
  std::string found;     // "unknown key 'hostNetwrk' in a pod"
  std::string expected;  // "one of name, node, ip"; may be empty
  std::string hint;      // "did you mean 'hostNetwork'?"; may be empty
};

/// Is given each ScenarioError. Loaders report and go on, so that one run shows them all.
class Diagnostics {
 public:
  void report(ScenarioError error) { errors_.push_back(std::move(error)); }
  [[nodiscard]] bool ok() const { return errors_.empty(); }
  [[nodiscard]] const std::vector<ScenarioError>& errors() const { return errors_; }
  /// By file, line and column; equal ones once. A line each: `lab.yaml:12:9: found; expected ...; did you mean ...?`
  [[nodiscard]] std::string text() const;

 private:
  std::vector<ScenarioError> errors_;
};

[[nodiscard]] std::string to_string(const ScenarioError& error);

/// The outside said no: a disk that is full, a pipe that is closed. Exit status 3.
struct SystemError {
  std::string what;  // "cannot write"
  std::string path;
  int error_number = 0;
};

[[nodiscard]] std::string to_string(const SystemError& error);

}  // namespace ekspath
