#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "sim/apps/program.hh"
#include "sim/base/ipv4_address.hh"

namespace ekspath {

/// nc(1) of OpenBSD as Debian and Alpine build it (1.219). Standard input is not a terminal; it ends after
/// the given text.
struct NcOptions {
  bool udp = false;               // -u
  bool listen = false;            // -l
  bool keep_listening = false;    // -k
  bool scan = false;              // -z
  bool verbose = false;           // -v
  bool numeric = false;           // -n
  bool shutdown_at_end = false;   // -N
  std::int64_t timeout_s = 0;     // -w; 0: none
  std::string source;             // -s
  std::uint16_t source_port = 0;  // -p
  std::string host;
  std::uint16_t first_port = 0;  // a range only for -z and connecting
  std::uint16_t last_port = 0;
};
[[nodiscard]] std::variant<NcOptions, CommandError> parse_nc(const std::vector<std::string>& arguments);

}  // namespace ekspath
