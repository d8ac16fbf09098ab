#include "sim/eks/node_files.hh"

#include <algorithm>
#include <utility>

namespace ekspath {
namespace {

constexpr std::size_t least_growth = 1024;

}  // namespace

void NodeFiles::append(std::string_view path, std::string_view line) {
  auto file = files_.find(path);
  if (file == files_.end()) file = files_.emplace(path, std::string()).first;
  std::string& text = file->second;
  // By an eighth: a string's own growth is twofold, and thousands of nodes have two files each.
  if (text.capacity() < text.size() + line.size() + 1) {
    std::string roomy;
    roomy.reserve(text.size() + line.size() + std::max(least_growth, text.size() / 8));
    roomy += text;
    text = std::move(roomy);
  }
  text += line;
  text += '\n';
  if (text.size() <= bound) return;
  // A quarter at a time, so that a full file does not move with every line.
  const std::size_t cut = text.find('\n', text.size() - bound + bound / 4);
  text.erase(0, cut + 1);
}

const std::string* NodeFiles::find(std::string_view path) const {
  const auto file = files_.find(path);
  return file == files_.end() ? nullptr : &file->second;
}

bool NodeFiles::is_folder(std::string_view path) const {
  std::string folder(path);
  if (!folder.ends_with('/')) folder += '/';
  const auto first = files_.lower_bound(folder);
  return first != files_.end() && first->first.starts_with(folder);
}

}  // namespace ekspath
