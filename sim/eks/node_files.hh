#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace ekspath {

/// The log files that agents write on a node, by path: what `cat` and `tail` find there. A file that outgrows
/// its bound loses its oldest lines, as lumberjack's rotation makes `cat` of the current file lose them.
class NodeFiles {
 public:
  /// Of one file, in bytes.
  static constexpr std::size_t bound = std::size_t{1} << 20;

  /// `line` without its newline. The file and its folder come to be with the first.
  void append(std::string_view path, std::string_view line);
  /// The whole text; null: no such file.
  [[nodiscard]] const std::string* find(std::string_view path) const;
  /// Some file lies below it.
  [[nodiscard]] bool is_folder(std::string_view path) const;
  [[nodiscard]] const std::map<std::string, std::string, std::less<>>& all() const { return files_; }

 private:
  std::map<std::string, std::string, std::less<>> files_;
};

}  // namespace ekspath
