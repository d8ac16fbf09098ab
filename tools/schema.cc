#include "sim/lab/schema.hh"

#include <cstdio>

#include "tools/subcommands.hh"
#include "tools/terminal.hh"

namespace ekspath {

int print_schema() {
  StandardOutput output;
  output.write(json_schema(scenario_shape(), "ekspath scenario"));
  if (auto error = output.finish()) {
    fmt::print(stderr, "ekspath: {}\n", to_string(*error));
    return exit_status::output_failed;
  }
  return exit_status::ok;
}

}  // namespace ekspath
