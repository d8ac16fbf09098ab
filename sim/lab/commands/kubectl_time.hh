#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sim/base/nanoseconds.hh"

namespace ekspath {

/// "45s", "3m1s", "25m", "3h5m", "9h", "3d", as kubectl prints an age. k8s.io/apimachinery
/// pkg/util/duration/duration.go HumanDuration()
[[nodiscard]] std::string kubectl_age(Nanoseconds age);

/// "2025-02-16T01:00:00Z" of an object: nanoseconds since 1970; with or without a fraction (MicroTime).
[[nodiscard]] std::optional<std::int64_t> parse_api_time(std::string_view text);

/// The age that kubectl prints for a time of an object; "<unknown>" for none. printers/internalversion
/// translateTimestampSince()
[[nodiscard]] std::string age_since(std::string_view api_time, std::int64_t now_ns);

/// "Thu, 01 Jan 2026 00:00:00 +0000": Go's time.RFC1123Z, in UTC.
[[nodiscard]] std::string rfc1123_time(std::string_view api_time);
[[nodiscard]] std::string rfc1123_time(std::int64_t ns_since_1970);

}  // namespace ekspath
