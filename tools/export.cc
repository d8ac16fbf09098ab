#include <sys/stat.h>

#include <cerrno>
#include <cstdio>

#include "sim/lab/netns_export/export_netns.hh"
#include "tools/lab_run.hh"
#include "tools/output_folder.hh"
#include "tools/terminal.hh"

namespace ekspath {
namespace {

int failed(const SystemError& error) {
  fmt::print(stderr, "ekspath: {}\n", to_string(error));
  return exit_status::output_failed;
}

std::optional<SystemError> write_all(const std::string& folder, const std::vector<ExportedFile>& files) {
  for (const ExportedFile& file : files) {
    const std::string path = folder + "/" + file.path;
    if (auto error = make_folder(path.substr(0, path.rfind('/')))) return error;
    if (auto error = write_small_file(path, file.text)) return error;
    if (file.executable && chmod(path.c_str(), 0755) != 0) {
      return SystemError{"cannot make executable", path, errno};
    }
  }
  return std::nullopt;
}

}  // namespace

int export_namespaces(const ExportNetnsOptions& options) {
  auto scenario = load_or_explain(options.scenario);
  if (!scenario) return exit_status::bad_input;
  const auto run = LabRun::prepare(std::move(*scenario));
  if (!run) return exit_status::bad_input;
  if (options.at && !run->steps().run_until(*options.at)) return exit_status::interrupted;

  Diagnostics diagnostics;
  const auto files = export_netns(run->world(), run->scenario(), diagnostics);
  if (!diagnostics.ok()) {
    fmt::print(stderr, "{}", diagnostics.text());
    return exit_status::bad_input;
  }
  std::string folder = options.out;
  if (folder.empty()) {
    folder = fmt::format("out/{}{}{}/netns", *run->scenario().metadata.name,
                         run->scenario().variant.empty() ? "" : "-", run->scenario().variant);
  }
  if (const auto error = write_all(folder, files)) return failed(*error);
  StandardOutput output;
  output.write(
      fmt::format("written to {0}/: cd {0} && unshare -n -m sh -c './up.sh && exec bash'\n", folder));
  const auto error = output.finish();
  return error ? failed(*error) : exit_status::ok;
}

}  // namespace ekspath
