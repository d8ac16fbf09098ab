#pragma once

#include <string>
#include <string_view>

#include "pcap/capture_filter.hh"

namespace ekspath {

/// A tcpdump expression without names: what libpcap can compile without asking the system. Either
/// `expression` is set, or `found` says what is wrong with it.
struct ResolvedFilter {
  std::string expression;
  std::string found;
  std::string expected;
  std::string hint;
};

/// Replaces the names in an expression by numbers. Reads the words as libpcap's scanner.l does.
[[nodiscard]] ResolvedFilter resolve_filter_names(std::string_view expression, const FilterNames& names);

}  // namespace ekspath
