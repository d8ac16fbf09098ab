#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/eks/api/object_kind.hh"
#include "sim/lab/commands/kubectl_document.hh"

namespace ekspath {

/// A column of the table that the API server makes for `kubectl get`.
struct TableColumn {
  std::string_view title;  // as printed: "UP-TO-DATE"
  bool wide = false;       // only with -o wide
};

/// kubernetes pkg/printers/internalversion/printers.go AddHandlers()
[[nodiscard]] const std::vector<TableColumn>& table_columns(ObjectKind kind);
/// One cell for each of them. The first column is the name, but for events.
[[nodiscard]] std::vector<std::string> table_cells(ObjectKind kind, const Document& object,
                                                   std::int64_t now_ns);

}  // namespace ekspath
