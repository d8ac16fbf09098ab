#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "sim/eks/log_text.hh"

namespace ekspath {

/// The log files that agents write on a node, by path: what `cat` and `tail` find there.
class NodeFiles {
 public:
  /// The file and its folder come to be with the first line.
  void append(std::string_view path, const LogLine& line);
  /// The whole text; none: no such file.
  [[nodiscard]] std::optional<std::string> find(std::string_view path) const;
  /// Holds with `other` what both say alike.
  void join(const NodeFiles& other);
  /// Some file lies below it.
  [[nodiscard]] bool is_folder(std::string_view path) const;

 private:
  std::map<std::string, LogText, std::less<>> files_;
};

}  // namespace ekspath
