#pragma once

#include <cstdint>

#include "sim/apps/running_program.hh"

/// The main functions of the programs and servers.
namespace ekspath {

struct CurlOptions;
struct DigOptions;
struct GetentOptions;
struct NcOptions;
struct NslookupOptions;
struct PingOptions;
struct TracerouteOptions;

[[nodiscard]] Task<int> curl_main(RunningProgram& self, CurlOptions options);
[[nodiscard]] Task<int> dig_main(RunningProgram& self, DigOptions options);
[[nodiscard]] Task<int> getent_main(RunningProgram& self, GetentOptions options);
[[nodiscard]] Task<int> nc_main(RunningProgram& self, NcOptions options);
[[nodiscard]] Task<int> nslookup_main(RunningProgram& self, NslookupOptions options);
[[nodiscard]] Task<int> ping_main(RunningProgram& self, PingOptions options);
[[nodiscard]] Task<int> traceroute_main(RunningProgram& self, TracerouteOptions options);

enum class HttpServes : std::uint8_t { echo, client_address, nginx, agnhost };
[[nodiscard]] Task<int> http_server_main(RunningProgram& self, std::uint16_t port, HttpServes serves);
[[nodiscard]] Task<int> http_agent_main(RunningProgram& self, Endpoint local, HttpHandler handler);
[[nodiscard]] Task<int> tcp_echo_main(RunningProgram& self, std::uint16_t port);
enum class UdpAnswers : std::uint8_t { nothing, echo };
[[nodiscard]] Task<int> udp_echo_main(RunningProgram& self, std::uint16_t port, UdpAnswers answers);

}  // namespace ekspath
