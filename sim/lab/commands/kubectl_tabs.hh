#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ekspath {

/// How wide a column of Go's text/tabwriter is: the longest cell and `padding`, at least `minimum`.
struct TabLayout {
  std::size_t minimum = 0;
  std::size_t padding = 0;
};

/// Tables of `kubectl get` (k8s.io/cli-runtime pkg/printers/tabwriter.go: 6, 4, 3).
inline constexpr TabLayout table_tabs{6, 3};
/// `kubectl describe` (kubectl pkg/describe/describe.go tabbedString(): 0, 8, 2).
inline constexpr TabLayout describe_tabs{0, 2};

/// Text whose cells end with a tab, as columns: cells of adjacent lines that stand at the same place make up
/// one column, and what follows a line's last tab belongs to none. Go's text/tabwriter Writer.format(), with
/// spaces for padding.
[[nodiscard]] std::string align_tabs(std::string_view text, TabLayout layout);

}  // namespace ekspath
