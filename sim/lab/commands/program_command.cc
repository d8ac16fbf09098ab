#include <algorithm>

#include "sim/apps/program.hh"
#include "sim/lab/commands/commands.hh"
#include "sim/lab/world.hh"

/// ping, curl, nc, traceroute, dig, nslookup and getent: programs of apps/, run in the host's namespace.
namespace ekspath {
namespace {

class RunningProgram final : public RunningCommand {
 public:
  RunningProgram(std::unique_ptr<Program> program, bool open_ended)
      : program_(std::move(program)), open_ended_(open_ended) {}
  void stop() override {
    if (program_->running()) program_->interrupt();
  }
  [[nodiscard]] bool open_ended() const override { return open_ended_; }

 private:
  std::unique_ptr<Program> program_;
  bool open_ended_;
};

/// Whether a short option stands among the words, alone or in a cluster ("-zvw"); options with values end a
/// cluster.
bool has_option(const std::vector<std::string>& words, char option, std::string_view with_value) {
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word.size() < 2 || word[0] != '-' || word[1] == '-') continue;
    for (std::size_t at = 1; at < word.size(); ++at) {
      if (word[at] == option) return true;
      if (with_value.find(word[at]) == std::string_view::npos) continue;
      if (at + 1 == word.size()) ++i;
      break;
    }
  }
  return false;
}

bool ping_is_open_ended(const std::vector<std::string>& words) {
  constexpr std::string_view with_value = "cisWtMIw";
  return !has_option(words, 'c', with_value) && !has_option(words, 'w', with_value);
}

/// A listener waits for somebody; a client with nothing to wait for ends with its peer.
bool nc_is_open_ended(const std::vector<std::string>& words) { return has_option(words, 'l', "pswiX"); }

std::string check(const std::vector<std::string>& words) {
  const auto error = check_program(words);
  return error ? error->text : std::string();
}

std::unique_ptr<RunningCommand> start(CommandContext& context, const std::vector<std::string>& words,
                                      CommandEnded ended) {
  auto started =
      start_program(*context.host->netns, words, context.input, context.world.environment_of(*context.host));
  if (started.error) {
    context.output.err(started.error->text + "\n");
    ended(2);
    return nullptr;
  }
  CommandOutput& output = context.output;
  started.program->on_output = [&output](Program&, const ProgramOutput& piece) {
    piece.stream == ProgramOutput::Stream::out ? output.out(piece.text) : output.err(piece.text);
  };
  started.program->on_end = [ended = std::move(ended)](Program& program) { ended(*program.exit_status()); };
  const bool open_ended =
      (words[0] == "ping" && ping_is_open_ended(words)) || (words[0] == "nc" && nc_is_open_ended(words));
  return std::make_unique<RunningProgram>(std::move(started.program), open_ended);
}

}  // namespace

CommandKind ping_command() { return {"ping", start, check, ping_is_open_ended}; }
CommandKind curl_command() { return {"curl", start, check}; }
CommandKind dig_command() { return {"dig", start, check}; }
CommandKind getent_command() { return {"getent", start, check}; }
CommandKind nslookup_command() { return {"nslookup", start, check}; }
CommandKind nc_command() { return {"nc", start, check, nc_is_open_ended}; }
CommandKind traceroute_command() { return {"traceroute", start, check}; }

}  // namespace ekspath
