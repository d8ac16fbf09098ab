#include "sim/lab/commands/kubectl_tabs.hh"

#include <algorithm>
#include <vector>

namespace ekspath {
namespace {

using Line = std::vector<std::string_view>;

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (std::size_t from = 0;;) {
    const std::size_t end = text.find(separator, from);
    parts.push_back(text.substr(from, end - from));
    if (end == std::string_view::npos) return parts;
    from = end + 1;
  }
}

/// As many as UTF-8 sequences: Go counts runes.
std::size_t width_of(std::string_view cell) {
  return static_cast<std::size_t>(
      std::ranges::count_if(cell, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

class Aligner {
 public:
  Aligner(const std::vector<Line>& lines, TabLayout layout) : lines_(lines), layout_(layout) {}

  std::string text() {
    format(0, lines_.size());
    return std::move(text_);
  }

 private:
  [[nodiscard]] bool has_column(std::size_t line, std::size_t column) const {
    return column + 1 < lines_[line].size();
  }

  /// Writes the lines from `from` to `to`, of which the first widths_.size() columns are known.
  void format(std::size_t from, std::size_t to) {
    const std::size_t column = widths_.size();
    std::size_t written = from;
    for (std::size_t line = from; line < to; ++line) {
      if (!has_column(line, column)) continue;
      write(written, line);
      std::size_t width = layout_.minimum, end = line;
      for (; end < to && has_column(end, column); ++end)
        width = std::max(width, width_of(lines_[end][column]) + layout_.padding);
      widths_.push_back(width);
      format(line, end);
      widths_.pop_back();
      written = end;
      line = end - 1;
    }
    write(written, to);
  }

  void write(std::size_t from, std::size_t to) {
    for (; from < to; ++from) {
      const Line& line = lines_[from];
      for (std::size_t i = 0; i < line.size(); ++i) {
        text_ += line[i];
        if (i < widths_.size() && i + 1 < line.size()) text_.append(widths_[i] - width_of(line[i]), ' ');
      }
      if (from + 1 < lines_.size()) text_ += '\n';
    }
  }

  const std::vector<Line>& lines_;
  TabLayout layout_;
  std::vector<std::size_t> widths_;
  std::string text_;
};

}  // namespace

std::string align_tabs(std::string_view text, TabLayout layout) {
  std::vector<Line> lines;
  for (const std::string_view line : split(text, '\n')) lines.push_back(split(line, '\t'));
  return Aligner(lines, layout).text();
}

}  // namespace ekspath
