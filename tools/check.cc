#include <cstdio>

#include "tools/lab_run.hh"
#include "tools/terminal.hh"

namespace ekspath {

int check_scenarios(const CheckOptions& options) {
  bool good = true;
  StandardOutput output;
  for (const std::string& path : options.paths) {
    const auto base = load_or_explain({path, "", {}, {}});
    bool file_is_good = base.has_value() && LabRun::prepare(*base) != nullptr;
    // Loading the base has read the variants; what only a world can tell is asked of each.
    if (file_is_good) {
      for (const VariantEntry& variant : base->variants) {
        auto scenario = load_or_explain({path, *variant.name, {}, {}});
        const bool variant_is_good = scenario && LabRun::prepare(std::move(*scenario)) != nullptr;
        file_is_good = file_is_good && variant_is_good;
      }
    }
    if (file_is_good) output.write(fmt::format("{}: ok\n", path));
    good = good && file_is_good;
  }
  if (auto error = output.finish()) {
    fmt::print(stderr, "ekspath: {}\n", to_string(*error));
    return exit_status::output_failed;
  }
  return good ? exit_status::ok : exit_status::bad_input;
}

}  // namespace ekspath
