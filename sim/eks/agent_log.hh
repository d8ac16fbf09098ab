#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/nanoseconds.hh"
#include "sim/eks/cni_settings.hh"
#include "sim/eks/node_files.hh"

namespace ekspath {

/// Where a line of the CNI's logs says that it comes from: the line that called the function which logs, for
/// its logger skips one frame too many. Of v1.19.6 for releases before 1.20, of v1.22.4 for the others.
/// Literals. facts/vpc-cni.md 6
struct LogCaller {
  std::string_view until_1_19;
  std::string_view from_1_20;
};

/// One log of aws-node's on a node: a JSON object a line, with level, ts, caller and msg in this order.
/// amazon-vpc-cni-k8s pkg/utils/logger (zap), level Debug
class AgentLog {
 public:
  /// `path` is a literal.
  AgentLog(NodeFiles& files, std::string_view path, CniVersion version, std::int64_t epoch_ns)
      : files_(&files), path_(path), version_(version), epoch_ns_(epoch_ns) {}

  /// Each "{}" of a pattern is one without a format of its own: what stands in its place is kept as text.
  template <class... Arguments>
  using Pattern = fmt::format_string<const Arguments&...>;

  template <class... Arguments>
  void debug(Nanoseconds now, const LogCaller& caller, Pattern<Arguments...> pattern,
             const Arguments&... arguments) {
    write(now, "debug", caller, pattern, {fmt::format("{}", arguments)...});
  }
  template <class... Arguments>
  void info(Nanoseconds now, const LogCaller& caller, Pattern<Arguments...> pattern,
            const Arguments&... arguments) {
    write(now, "info", caller, pattern, {fmt::format("{}", arguments)...});
  }
  template <class... Arguments>
  void warn(Nanoseconds now, const LogCaller& caller, Pattern<Arguments...> pattern,
            const Arguments&... arguments) {
    write(now, "warn", caller, pattern, {fmt::format("{}", arguments)...});
  }
  template <class... Arguments>
  void error(Nanoseconds now, const LogCaller& caller, Pattern<Arguments...> pattern,
             const Arguments&... arguments) {
    write(now, "error", caller, pattern, {fmt::format("{}", arguments)...});
  }

  [[nodiscard]] CniVersion version() const { return version_; }
  /// v1.20 speaks of network cards.
  [[nodiscard]] bool names_network_cards() const { return version_ >= CniVersion{1, 20, 0}; }

 private:
  void write(Nanoseconds now, std::string_view level, const LogCaller& caller, fmt::string_view pattern,
             std::vector<std::string> arguments);

  NodeFiles* files_;
  std::string_view path_;
  CniVersion version_;
  std::int64_t epoch_ns_;
};

/// As Go prints a time.Duration: "1m2.5s", "30s", "500ms". src/time/time.go Duration.String()
[[nodiscard]] std::string go_duration(Nanoseconds duration);
/// RFC 3339 in UTC with the fraction's zeros cut off, as Go writes a time.Time into JSON.
[[nodiscard]] std::string go_time(std::int64_t unix_ns);
/// As zap writes the time of a line: RFC 3339 in UTC, to the millisecond.
[[nodiscard]] std::string log_time(Nanoseconds since_1970);
/// `text` as a JSON string with its quotes.
[[nodiscard]] std::string json_quoted(std::string_view text);

}  // namespace ekspath
