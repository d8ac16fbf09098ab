#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ekspath {

/// A line cut into words. Borrows from the line where it can; words with escapes are copied into the
/// splitter. Good until the next call.
class WordSplitter {
 public:
  /// As iptables-restore reads its lines: blanks divide, "..." keeps them, backslash escapes inside quotes. A
  /// quote left open takes the rest of the line. iptables/xshared.c add_param_to_argv()
  const std::vector<std::string_view>& restore_words(std::string_view line);
  /// As a shell reads one: '...' and "..." and backslash. Null: a quote is left open.
  const std::vector<std::string_view>* shell_words(std::string_view line);

 private:
  std::vector<std::string_view> words_;
  std::string copies_;
};

}  // namespace ekspath
