#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "sim/apps/program.hh"

namespace ekspath {

/// curl(1), for http:// URLs, as curl 8.5.0 prints (AL2023). It writes to a terminal: no progress meter,
/// unless -o sends the body elsewhere; then -s is asked for.
struct CurlOptions {
  std::string url;  // as given
  std::string host;
  std::uint16_t port = 80;
  std::string path = "/";
  bool silent = false;                  // -s
  bool show_error = false;              // -S
  bool verbose = false;                 // -v
  bool head = false;                    // -I
  bool discard_body = false;            // -o: the body goes to a file, which is not kept
  std::int64_t max_time_ns = 0;         // -m; 0: none
  std::int64_t connect_timeout_ns = 0;  // --connect-timeout; 0: curl's own 300 s
  std::string write_out;                // -w
  std::vector<std::string> headers;     // -H
  std::string source;                   // --interface: an address or an interface
  std::uint16_t local_port = 0;         // --local-port, and how many from there on
  std::uint16_t local_ports = 0;
};
[[nodiscard]] std::variant<CurlOptions, CommandError> parse_curl(const std::vector<std::string>& arguments);

}  // namespace ekspath
