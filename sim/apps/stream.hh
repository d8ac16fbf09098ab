#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "sim/apps/task.hh"
#include "sim/linux/socket/tcp_socket.hh"

namespace ekspath {

/// A TCP connection as a coroutine sees it.
class Stream {
 public:
  Stream(Scheduler& scheduler, std::unique_ptr<TcpSocket> socket)
      : changed_(scheduler), socket_(std::move(socket)) {
    socket_->on_event = [this] { changed_.raise(); };
  }

  [[nodiscard]] TcpSocket& socket() { return *socket_; }
  [[nodiscard]] const TcpSocket& socket() const { return *socket_; }

  enum class Outcome : std::uint8_t { done, failed, timed_out };
  struct Connected {
    Outcome outcome = Outcome::done;
    int error = 0;  // of failed
  };
  [[nodiscard]] Task<Connected> connect(Endpoint remote, Nanoseconds deadline);

  struct Received {
    Outcome outcome = Outcome::done;
    int error = 0;
    std::string bytes;  // empty when done: the peer has ended
  };
  /// What there is, at least one byte.
  [[nodiscard]] Task<Received> read(Nanoseconds deadline);
  /// Takes part by part what the send buffer has room for.
  [[nodiscard]] Task<Outcome> write(std::string bytes, Nanoseconds deadline);
  [[nodiscard]] Signal& changed() { return changed_; }

 private:
  Signal changed_;
  std::unique_ptr<TcpSocket> socket_;
};

}  // namespace ekspath
