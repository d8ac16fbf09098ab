#include "sim/eks/node_files.hh"

namespace ekspath {

void NodeFiles::append(std::string_view path, const LogLine& line) {
  auto file = files_.find(path);
  if (file == files_.end()) file = files_.try_emplace(std::string(path)).first;
  file->second.append(line);
}

std::optional<std::string> NodeFiles::find(std::string_view path) const {
  const auto file = files_.find(path);
  if (file == files_.end()) return std::nullopt;
  return file->second.text();
}

void NodeFiles::join(const NodeFiles& other) {
  for (auto& [path, log] : files_) {
    if (const auto same = other.files_.find(path); same != other.files_.end()) log.join(same->second);
  }
}

bool NodeFiles::is_folder(std::string_view path) const {
  std::string folder(path);
  if (!folder.ends_with('/')) folder += '/';
  const auto first = files_.lower_bound(folder);
  return first != files_.end() && first->first.starts_with(folder);
}

}  // namespace ekspath
