#include <algorithm>
#include <cstdio>
#include <limits>

#include "tools/lab_run.hh"
#include "tools/terminal.hh"

namespace ekspath {
namespace {

constexpr std::size_t column = 92;

struct Side {
  std::unique_ptr<LabRun> run;
  std::unique_ptr<JourneyReport> journeys;
  bool whole = false;
};

/// One side, run to its end. Nothing: its mistakes are on standard error.
std::optional<Side> run_side(ScenarioChoice choice) {
  if (choice.variant == "base") choice.variant.clear();
  auto scenario = load_or_explain(choice);
  if (!scenario) return std::nullopt;
  Side side;
  side.run = LabRun::prepare(std::move(*scenario));
  if (!side.run) return std::nullopt;
  side.journeys = std::make_unique<JourneyReport>(
      side.run->world().places(),
      JourneyReport::Style{false, false, std::numeric_limits<std::size_t>::max()});
  side.run->add_observer(*side.journeys);
  side.whole = side.run->run();
  return side;
}

std::string clipped(const std::string& line) {
  return line.size() <= column ? line : line.substr(0, column - 3) + "...";
}

}  // namespace

int diff_variants(const DiffOptions& options) {
  const auto left = run_side(options.left);
  if (left && !left->whole) return exit_status::interrupted;
  const auto right = run_side(options.right);
  if (!left || !right) return exit_status::bad_input;
  if (!right->whole) return exit_status::interrupted;

  StandardOutput output;
  const bool colour = wants_colour();
  const std::string_view mark_on = colour ? "\033[33m" : "", mark_off = colour ? "\033[0m" : "";
  output.write(fmt::format("  {:<{}}   {}\n", options.left.variant, column, options.right.variant));
  bool differ = false;
  bool marked = false;
  const std::size_t packets = std::max(left->journeys->told(), right->journeys->told());
  for (std::size_t packet = 0; packet < packets; ++packet) {
    const std::vector<std::string> a = left->journeys->lines(packet), b = right->journeys->lines(packet);
    for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
      const std::string line_a = i < a.size() ? a[i] : "", line_b = i < b.size() ? b[i] : "";
      const bool same = line_a == line_b;
      const std::string_view sign = same ? " " : marked ? "|" : ">";
      output.write(fmt::format("{}{} {:<{}} {} {}{}{}\n", same ? "" : mark_on, sign, clipped(line_a), column,
                               same ? " " : "|", clipped(line_b),
                               sign == ">" ? "   <-- first difference" : "", same ? "" : mark_off));
      differ = differ || !same;
      marked = marked || !same;
    }
    output.write("\n");
    if (differ && !options.all) {
      output.write(fmt::format("{} packets on the left, {} on the right; --all shows every one\n",
                               left->journeys->told(), right->journeys->told()));
      break;
    }
  }
  if (!differ) output.write(fmt::format("no difference in {} packets\n", packets));
  if (auto error = output.finish()) {
    fmt::print(stderr, "ekspath: {}\n", to_string(*error));
    return exit_status::output_failed;
  }
  return exit_status::ok;
}

}  // namespace ekspath
