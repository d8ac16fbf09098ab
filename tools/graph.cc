#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "sim/aws/topology.hh"
#include "tools/lab_run.hh"
#include "tools/terminal.hh"

extern char** environ;

namespace ekspath {
namespace {

int failed(const SystemError& error) {
  fmt::print(stderr, "ekspath: {}\n", to_string(error));
  return exit_status::output_failed;
}

/// Draws with Graphviz' own dot: text in, SVG out, through a temporary file for the input.
std::optional<std::string> draw(const std::string& graphviz) {
  std::FILE* input = std::tmpfile();
  std::array<int, 2> pipe_ends{};
  if (input == nullptr || pipe(pipe_ends.data()) != 0) return std::nullopt;
  (void)std::fwrite(graphviz.data(), 1, graphviz.size(), input);
  std::rewind(input);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, fileno(input), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addclose(&actions, pipe_ends[0]);
  std::array<char*, 3> arguments{const_cast<char*>("dot"), const_cast<char*>("-Tsvg"), nullptr};
  pid_t child = 0;
  const int spawned = posix_spawnp(&child, "dot", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(pipe_ends[1]);
  std::string svg;
  std::array<char, 65536> buffer{};
  for (ssize_t size = 0; spawned == 0 && (size = read(pipe_ends[0], buffer.data(), buffer.size())) > 0;) {
    svg.append(buffer.data(), static_cast<std::size_t>(size));
  }
  close(pipe_ends[0]);
  std::fclose(input);
  int status = 0;
  if (spawned != 0 || waitpid(child, &status, 0) != child || status != 0) return std::nullopt;
  return svg;
}

}  // namespace

int graph_scenario(const GraphOptions& options) {
  auto scenario = load_or_explain(options.scenario);
  if (!scenario) return exit_status::bad_input;
  const auto run = LabRun::prepare(std::move(*scenario));
  if (!run) return exit_status::bad_input;

  std::string text = Topology(run->world().fabric).graphviz();
  if (options.format == "svg") {
    auto svg = draw(text);
    if (!svg) {
      fmt::print(stderr,
                 "ekspath: --format svg needs Graphviz' dot (Debian: graphviz); --format dot does not\n");
      return exit_status::bad_input;
    }
    text = std::move(*svg);
  }
  if (options.out == "-") {
    StandardOutput output;
    output.write(text);
    const auto error = output.finish();
    return error ? failed(*error) : exit_status::ok;
  }
  OutputBudget budget;
  AtomicFile file(options.out, budget);
  file.write({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  file.commit();
  return file.error() ? failed(*file.error()) : exit_status::ok;
}

}  // namespace ekspath
