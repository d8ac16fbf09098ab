#include "sim/lab/load_check.hh"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "sim/base/near_miss.hh"
#include "sim/lab/load_form.hh"

namespace ekspath {

void report_unknown(const LocatedName& name, std::string_view kind, std::string_view whose,
                    const std::vector<std::string>& known, Diagnostics& diagnostics) {
  const std::string expected = known.empty() ? fmt::format("none: the file has no {}", kind) : one_of(known);
  const std::string near = known.size() > 1 ? near_miss(*name, known) : std::string();
  diagnostics.report({name.where,
                      fmt::format("unknown {} '{}'{}{}", kind, *name, whose.empty() ? "" : " ", whose),
                      expected, did_you_mean(near)});
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
