#include "tests/kernel/whole/real_server.hh"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "sim/apps/http_message.hh"

namespace ekspath {
namespace {

std::string address_of(const sockaddr_in& address) {
  char text[INET_ADDRSTRLEN];
  return inet_ntop(AF_INET, &address.sin_addr, text, sizeof text);
}

void echo(int connection) {
  char buffer[65536];
  for (ssize_t got; (got = read(connection, buffer, sizeof buffer)) > 0;) {
    if (write(connection, buffer, static_cast<std::size_t>(got)) != got) return;
  }
}

/// The body that sim/apps/http_server.cc answers with.
std::string body_of(ServerKind kind, int connection, const HttpHead& request) {
  sockaddr_in local{}, remote{};
  socklen_t size = sizeof local;
  getsockname(connection, reinterpret_cast<sockaddr*>(&local), &size);
  getpeername(connection, reinterpret_cast<sockaddr*>(&remote), &size);
  if (kind == ServerKind::http_client_address) return address_of(remote) + "\n";
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  std::string body = fmt::format("Hostname: {}\nServer address: {}:{}\nClient address: {}:{}\nRequest: {}\n",
                                 name, address_of(local), ntohs(local.sin_port), address_of(remote),
                                 ntohs(remote.sin_port), request.first_line);
  for (const auto& [field, value] : request.fields) body += fmt::format("{}: {}\n", field, value);
  return body;
}

void serve_http(ServerKind kind, int connection) {
  std::string bytes;
  char buffer[65536];
  while (true) {
    auto parsed = parse_http_head(bytes);
    while (!parsed) {
      const ssize_t got = read(connection, buffer, sizeof buffer);
      if (got <= 0) return;
      bytes.append(buffer, static_cast<std::size_t>(got));
      parsed = parse_http_head(bytes);
    }
    bytes.erase(0, parsed->size);
    const std::string body = body_of(kind, connection, parsed->head);
    const std::string answer = fmt::format(
        "HTTP/1.1 200 OK\r\nServer: ekspath\r\nDate: Sun, 16 Feb 2025 01:00:00 GMT\r\n"
        "Content-Type: text/plain\r\nContent-Length: {}\r\nConnection: keep-alive\r\n\r\n{}",
        body.size(), body);
    if (write(connection, answer.data(), answer.size()) != static_cast<ssize_t>(answer.size())) return;
  }
}

}  // namespace

void run_real_server(ServerKind kind, std::uint16_t port, int ready) {
  const bool datagrams = kind == ServerKind::udp_echo || kind == ServerKind::udp_sink;
  const int door = socket(AF_INET, datagrams ? SOCK_DGRAM : SOCK_STREAM, 0);
  const int one = 1;
  setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (bind(door, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return;
  if (!datagrams && listen(door, 511) != 0) return;
  if (write(ready, "l", 1) != 1) return;
  std::signal(SIGCHLD, SIG_IGN);
  char buffer[65536];
  while (datagrams) {
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const ssize_t got = recvfrom(door, buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 0) return;
    if (kind == ServerKind::udp_echo) {
      sendto(door, buffer, static_cast<std::size_t>(got), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
  }
  while (true) {
    const int connection = accept(door, nullptr, nullptr);
    if (connection < 0) return;
    if (fork() == 0) {
      close(door);
      if (kind == ServerKind::tcp_echo) {
        echo(connection);
      } else {
        serve_http(kind, connection);
      }
      _exit(0);
    }
    close(connection);
  }
}

}  // namespace ekspath
