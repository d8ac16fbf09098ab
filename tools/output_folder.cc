#include "tools/output_folder.hh"

#include <sys/stat.h>

#include <cerrno>

#include "pcap/atomic_file.hh"

namespace ekspath {

std::optional<SystemError> make_folder(const std::string& path) {
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (mkdir(part.c_str(), 0777) != 0 && errno != EEXIST)
      return SystemError{"cannot make the folder", part, errno};
    if (slash == std::string::npos) return std::nullopt;
  }
}

std::optional<SystemError> write_small_file(const std::string& path, std::string_view text) {
  OutputBudget budget;
  AtomicFile file(path, budget);
  file.write({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  file.commit();
  return file.error();
}

}  // namespace ekspath
