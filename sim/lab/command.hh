#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/nanoseconds.hh"

namespace ekspath {

class World;
struct Host;

/// What a command of a step writes, as it writes it. Text of one stream stays in order.
class CommandOutput {
 public:
  virtual void out(std::string_view text) = 0;
  virtual void err(std::string_view text) = 0;

 protected:
  ~CommandOutput() = default;
};

/// Where and how a command runs.
struct CommandContext {
  World& world;
  Host* host = nullptr;  // whose shell; null: the operator's own terminal (kubectl)
  bool root = true;      // sudo, or a pod
  std::string input;     // standard input of the step
  CommandOutput& output;
};

/// A command at work. It ends by calling `ended` once, now or at a later simulated time; stop() is Ctrl-C
/// (SIGINT).
class RunningCommand {
 public:
  virtual ~RunningCommand() = default;
  virtual void stop() = 0;
  /// Whether it goes on until somebody stops it: tcpdump, ping without -c, nc -l. At the end of a run the
  /// runner waits for the others, and stops these.
  [[nodiscard]] virtual bool open_ended() const { return false; }
};

/// What starts one kind of command. `words[0]` is its name. May call `ended` before it returns; then the
/// returned pointer may be null. Nothing that it starts outlives the World.
using CommandEnded = std::function<void(int exit_status)>;
using StartCommand = std::unique_ptr<RunningCommand> (*)(CommandContext& context,
                                                         const std::vector<std::string>& words,
                                                         CommandEnded ended);
/// What is wrong with the words of a command, before any world runs: "" when nothing is. The text names the
/// option or the word ("unknown option '-Q'", "expected a pod after exec"), and a near miss where there is
/// one.
using CheckCommand = std::string (*)(const std::vector<std::string>& words);

struct CommandKind {
  std::string_view name;
  StartCommand start;
  CheckCommand check;
  /// Whether the words make it open-ended; null: never.
  bool (*open_ended)(const std::vector<std::string>& words) = nullptr;
  /// What only shows in the world where they are to run: filter expressions. Null: nothing.
  std::string (*check_in)(const World& world, const std::vector<std::string>& words) = nullptr;
};

/// Commands of a host's shell: ping, curl, ip, iptables, ... (sim/lab/commands/*.cc), sorted by name.
[[nodiscard]] const std::vector<CommandKind>& host_commands();

/// A line as a step has it: `kubectl ...`, `ssh HOST [sudo] COMMAND`. Finds the host, then the command.
/// Errors of the line itself are written to context.output as the real shell would, with its status (127
/// command not found, ...).
[[nodiscard]] std::unique_ptr<RunningCommand> start_line(World& world, std::string_view line,
                                                         std::string input, CommandOutput& output,
                                                         CommandEnded ended);
/// The same checks without a run.
struct LineCheck {
  std::string error;        // "" when the line is good
  bool open_ended = false;  // in the foreground such a step would never end
};
[[nodiscard]] LineCheck check_line(std::string_view line);
/// Of a line that check_line() found good: what is wrong with it in this world, or "".
[[nodiscard]] std::string check_line_in(const World& world, std::string_view line);

}  // namespace ekspath
