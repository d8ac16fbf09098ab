#pragma once

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "sim/apps/program.hh"
#include "tests/support/linux/world.hh"

namespace ekspath {

struct Ran {
  std::string text;
  int status = -1;  // still running
};

/// Runs a command in a host of the world for that long.
inline Ran run_program(LinuxWorld& world, std::string_view host, std::vector<std::string> arguments,
                       Nanoseconds time, std::string input = {}) {
  StartedProgram started = start_program(world[host], std::move(arguments), std::move(input), {});
  REQUIRE_MESSAGE(started.program != nullptr, started.error->text);
  world.run_for(time);
  return {started.program->text(), started.program->exit_status().value_or(-1)};
}

}  // namespace ekspath
