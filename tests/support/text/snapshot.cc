#include "tests/support/text/snapshot.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <vector>

namespace ekspath {
namespace {

constexpr std::size_t context = 2;

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

struct Line {
  char sign;  // ' ', '-' or '+'
  std::string_view text;
};

/// The longest common subsequence between what stands behind the common head and before the common tail.
std::vector<Line> aligned(const std::vector<std::string_view>& a, const std::vector<std::string_view>& b) {
  std::size_t head = 0;
  while (head < a.size() && head < b.size() && a[head] == b[head]) ++head;
  std::size_t tail = 0;
  while (tail < a.size() - head && tail < b.size() - head && a[a.size() - 1 - tail] == b[b.size() - 1 - tail])
    ++tail;
  const std::size_t rows = a.size() - head - tail;
  const std::size_t columns = b.size() - head - tail;

  std::vector<Line> lines;
  for (std::size_t i = 0; i < head; ++i) lines.push_back({' ', a[i]});
  std::size_t i = 0;
  std::size_t j = 0;
  // Beyond some size the table would cost more than the finest difference is worth.
  if (rows * columns <= 4'000'000) {
    std::vector<std::uint32_t> common((rows + 1) * (columns + 1));
    const auto at = [&](std::size_t row, std::size_t column) -> std::uint32_t& {
      return common[row * (columns + 1) + column];
    };
    for (std::size_t row = rows; row-- > 0;) {
      for (std::size_t column = columns; column-- > 0;) {
        at(row, column) = a[head + row] == b[head + column]
                              ? at(row + 1, column + 1) + 1
                              : std::max(at(row + 1, column), at(row, column + 1));
      }
    }
    while (i < rows && j < columns) {
      if (a[head + i] == b[head + j]) {
        lines.push_back({' ', a[head + i]});
        ++i;
        ++j;
      } else if (at(i + 1, j) >= at(i, j + 1)) {
        lines.push_back({'-', a[head + i++]});
      } else {
        lines.push_back({'+', b[head + j++]});
      }
    }
  }
  for (; i < rows; ++i) lines.push_back({'-', a[head + i]});
  for (; j < columns; ++j) lines.push_back({'+', b[head + j]});
  for (std::size_t k = a.size() - tail; k < a.size(); ++k) lines.push_back({' ', a[k]});
  return lines;
}

}  // namespace

std::string difference(std::string_view expected, std::string_view actual) {
  if (expected == actual) return {};
  const std::vector<Line> lines = aligned(lines_of(expected), lines_of(actual));
  std::vector<bool> shown(lines.size());
  bool any = false;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].sign == ' ') continue;
    any = true;
    for (std::size_t k = i - std::min(i, context); k <= std::min(i + context, lines.size() - 1); ++k)
      shown[k] = true;
  }
  if (!any) return "they differ in the newline at the end only\n";
  std::string text;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (!shown[i]) continue;
    if (i > 0 && !shown[i - 1]) text += "...\n";
    text += fmt::format("{} {}\n", lines[i].sign, lines[i].text);
  }
  return text;
}

std::string snapshot(const std::string& path, std::string_view actual) {
  const char* update = std::getenv("EKSPATH_UPDATE_SNAPSHOTS");
  if (update != nullptr && std::string_view(update) == "1") {
    std::ofstream out(path, std::ios::binary);
    out << actual;
    out.close();
    return out ? "" : fmt::format("cannot write {}\n", path);
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) return fmt::format("cannot read {} (EKSPATH_UPDATE_SNAPSHOTS=1 makes it)\n", path);
  const std::string expected((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  return difference(expected, actual);
}

}  // namespace ekspath
