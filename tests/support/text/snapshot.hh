#pragma once

#include <string>
#include <string_view>

namespace ekspath {

/// What has to change in `expected` to become `actual`, line by line: "-" only expected, "+" only found, two
/// lines of what is equal around each. "" when they are equal.
[[nodiscard]] std::string difference(std::string_view expected, std::string_view actual);

/// Compares `actual` with the file, whose path counts from the repository's root (where CTest starts the
/// tests), and returns the difference, "" when there is none: `CHECK(snapshot("tests/golden/x.txt", text) ==
/// "")`. With EKSPATH_UPDATE_SNAPSHOTS=1 in the environment the file is written instead.
[[nodiscard]] std::string snapshot(const std::string& path, std::string_view actual);

}  // namespace ekspath
