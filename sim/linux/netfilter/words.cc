#include "sim/linux/netfilter/words.hh"

#include <algorithm>

namespace ekspath {
namespace {
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }
}  // namespace

const std::vector<std::string_view>& WordSplitter::restore_words(std::string_view line) {
  words_.clear();
  copies_.clear();
  copies_.reserve(line.size());  // so that views into it stay good
  std::size_t at = 0;
  while (true) {
    while (at < line.size() && is_blank(line[at])) ++at;
    if (at == line.size()) return words_;
    std::size_t end = at;
    while (end < line.size() && !is_blank(line[end]) && line[end] != '"') ++end;
    if (end == line.size() || line[end] != '"') {
      words_.push_back(line.substr(at, end - at));
      at = end;
      continue;
    }
    if (end == at) {  // a whole word in quotes, without escapes, is most of them
      const std::size_t close = line.find_first_of("\"\\", at + 1);
      if (close != std::string_view::npos && line[close] == '"') {
        words_.push_back(line.substr(at + 1, close - at - 1));
        at = close + 1;
        continue;
      }
    }
    const std::size_t begin = copies_.size();
    copies_ += line.substr(at, end - at);
    for (at = end + 1; at < line.size() && line[at] != '"'; ++at) {
      if (line[at] == '\\' && at + 1 < line.size()) ++at;
      copies_ += line[at];
    }
    at = std::min(at + 1, line.size());
    words_.push_back(std::string_view(copies_).substr(begin));
  }
}

const std::vector<std::string_view>* WordSplitter::shell_words(std::string_view line) {
  words_.clear();
  copies_.clear();
  copies_.reserve(line.size());
  char quote = 0;
  bool in_word = false;
  std::size_t begin = 0;
  const auto close = [&] {
    if (in_word) words_.push_back(std::string_view(copies_).substr(begin));
    in_word = false;
  };
  const auto put = [&](char c) {
    if (!in_word) begin = copies_.size();
    in_word = true;
    copies_ += c;
  };
  for (std::size_t at = 0; at < line.size(); ++at) {
    const char c = line[at];
    if (quote == 0 && is_blank(c)) {
      close();
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
      if (!in_word) begin = copies_.size();
      in_word = true;
    } else if (c == quote && quote != 0) {
      quote = 0;
    } else if (c == '\\' && quote != '\'' && at + 1 < line.size()) {
      const char escaped = line[++at];
      if (quote == '"' && escaped != '"' && escaped != '\\' && escaped != '$' && escaped != '`') put(c);
      put(escaped);
    } else {
      put(c);
    }
  }
  if (quote != 0) return nullptr;
  close();
  return &words_;
}

}  // namespace ekspath
