#include "sim/lab/load_check.hh"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "sim/base/near_miss.hh"

namespace ekspath {

void report_unknown(const LocatedName& name, std::string_view kind, std::string_view whose,
                    const std::vector<std::string>& known, Diagnostics& diagnostics) {
  constexpr std::size_t shown = 12;
  std::string expected;
  if (known.empty()) {
    expected = fmt::format("none: the file has no {}", kind);
  } else if (known.size() <= shown) {
    expected = known.size() == 1 ? known.front() : fmt::format("one of {}", fmt::join(known, ", "));
  } else {
    expected = fmt::format("one of {}, ... ({} in all)",
                           fmt::join(known.begin(), known.begin() + shown, ", "), known.size());
  }
  const std::string near = near_miss(*name, known);
  diagnostics.report({name.where,
                      fmt::format("unknown {} '{}'{}{}", kind, *name, whose.empty() ? "" : " ", whose),
                      expected, near.empty() ? "" : fmt::format("did you mean '{}'?", near)});
}

void report_duplicates(const std::vector<LocatedName>& names, std::string_view kind,
                       Diagnostics& diagnostics) {
  std::map<std::string_view, const LocatedName*> first;
  for (const auto& name : names) {
    if (!was_read(name)) continue;
    const auto [earlier, fresh] = first.emplace(*name, &name);
    if (fresh) continue;
    diagnostics.report({name.where, fmt::format("a second {} '{}'", kind, *name), "each name once",
                        fmt::format("the first stands at line {}", earlier->second->where.line)});
  }
}

}  // namespace ekspath
