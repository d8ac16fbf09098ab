#include "sim/apps/stream.hh"

#include <array>

namespace ekspath {

Task<Stream::Connected> Stream::connect(Endpoint remote, Nanoseconds deadline) {
  if (const int error = socket_->connect(remote); error != 0) co_return Connected{Outcome::failed, error};
  while (socket_->is_connecting()) {
    if (!co_await changed_.wait_until(deadline)) co_return Connected{Outcome::timed_out, 0};
  }
  if (socket_->is_established()) co_return Connected{};
  co_return Connected{Outcome::failed, socket_->take_error()};
}

Task<Stream::Received> Stream::read(Nanoseconds deadline) {
  while (true) {
    if (const std::size_t n = socket_->readable(); n > 0) {
      std::string bytes(n, '\0');
      socket_->read(std::span(reinterpret_cast<std::uint8_t*>(bytes.data()), n));
      co_return Received{Outcome::done, 0, std::move(bytes)};
    }
    if (const int error = socket_->take_error(); error != 0) co_return Received{Outcome::failed, error, {}};
    if (socket_->at_end()) co_return Received{};
    if (!co_await changed_.wait_until(deadline)) co_return Received{Outcome::timed_out, 0, {}};
  }
}

Task<Stream::Outcome> Stream::write(std::string bytes, Nanoseconds deadline) {
  std::string_view left = bytes;
  while (!left.empty()) {
    left.remove_prefix(socket_->write(left));
    if (left.empty()) break;
    if (!socket_->is_established() || socket_->at_end()) co_return Outcome::failed;
    if (!co_await changed_.wait_until(deadline)) co_return Outcome::timed_out;
  }
  co_return Outcome::done;
}

}  // namespace ekspath
