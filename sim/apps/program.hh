#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/base/ipv4_address.hh"
#include "sim/base/nanoseconds.hh"

namespace ekspath {

class Netns;

/// What a program finds around it. The files are read when it first looks a name up.
struct ProgramEnvironment {
  std::string host_name = {};    // what a server calls itself; "": the namespace's name
  std::string resolv_conf = {};  // /etc/resolv.conf
  std::string hosts = {};        // /etc/hosts
};

/// A piece of text as the program wrote it, newlines included.
struct ProgramOutput {
  enum class Stream : std::uint8_t { out, err };
  Nanoseconds time;
  Stream stream = Stream::out;
  std::string text;
};

/// A program that runs, or has run, in a namespace. Must be gone before its namespace. Destroying it is
/// SIGKILL.
class Program {
 public:
  virtual ~Program() = default;

  [[nodiscard]] virtual const std::vector<std::string>& arguments() const = 0;
  [[nodiscard]] virtual const std::vector<ProgramOutput>& output() const = 0;
  /// None while it runs.
  [[nodiscard]] virtual std::optional<int> exit_status() const = 0;
  /// SIGINT: ping prints its statistics, the others end with 130. Not from within one of its own callbacks.
  virtual void interrupt() = 0;

  [[nodiscard]] bool running() const { return !exit_status().has_value(); }
  /// Everything written so far, as a terminal would show it.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::string text(ProgramOutput::Stream stream) const;

  /// Told once, from an event of the namespace's, when the program has ended; must not destroy it.
  std::function<void(Program&)> on_end;
  /// Told of each piece as it is written; may be empty.
  std::function<void(Program&, const ProgramOutput&)> on_output;
};

/// Why a command line cannot be run here: the tool would refuse it, or it asks for something not modelled
/// (named).
struct CommandError {
  std::string text;
};

/// The programs that start_program() knows, sorted: curl, dig, getent, nc, nslookup, ping, traceroute.
[[nodiscard]] std::span<const std::string_view> program_names();

/// Whether `arguments` (the program's name first) can be run: for checks at load time. None: it can.
[[nodiscard]] std::optional<CommandError> check_program(const std::vector<std::string>& arguments);

struct StartedProgram {
  std::unique_ptr<Program> program;  // null when there was an error
  std::optional<CommandError> error;
};
/// Starts a command in a namespace. It first runs from an event at the present instant. `input` is its
/// standard input.
[[nodiscard]] StartedProgram start_program(Netns& netns, std::vector<std::string> arguments,
                                           std::string input, const ProgramEnvironment& environment);

/// What an agent of the cluster answers over HTTP (kube-proxy's health, ipamd's introspection).
struct HttpAnswer {
  int status = 200;
  /// Date, Content-Length or Transfer-Encoding, and Connection are added; a Content-Type where there is none.
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
};
/// "GET", "/v1/enis": to the answer of this instant.
using HttpHandler = std::function<HttpAnswer(std::string_view method, std::string_view path)>;
/// Serves what `handler` says, in the form of Go's net/http, until it is destroyed; ends with status 1 when
/// the port is taken. `address`: unspecified is every one of the host's.
[[nodiscard]] std::unique_ptr<Program> start_http_agent(Netns& netns, Ipv4Address address, std::uint16_t port,
                                                        HttpHandler handler);

/// What `listens: [{port: 80, serves: http-echo}]` may name.
enum class ServerKind : std::uint8_t {
  agnhost,
  http_client_address,
  http_echo,
  nginx,
  tcp_echo,
  udp_echo,
  udp_sink,
};
[[nodiscard]] std::optional<ServerKind> parse_server_kind(std::string_view text);
[[nodiscard]] std::span<const std::string_view> server_kind_names();

/// A server that runs until it is destroyed. It ends at once with status 1 when the port is taken.
[[nodiscard]] std::unique_ptr<Program> start_server(Netns& netns, ServerKind kind, std::uint16_t port,
                                                    const ProgramEnvironment& environment);

}  // namespace ekspath
