#include <fmt/format.h>

#include "sim/apps/programs.hh"
#include "sim/apps/stream.hh"
#include "sim/linux/socket/udp_socket.hh"

namespace ekspath {
namespace {

Task<void> echo_connection(RunningProgram& self, std::unique_ptr<TcpSocket> accepted) {
  Stream stream(self.scheduler(), std::move(accepted));
  while (true) {
    Stream::Received received = co_await stream.read(Nanoseconds::never());
    if (received.outcome != Stream::Outcome::done || received.bytes.empty()) co_return;
    if (co_await stream.write(std::move(received.bytes), Nanoseconds::never()) != Stream::Outcome::done)
      co_return;
  }
}

}  // namespace

Task<int> tcp_echo_main(RunningProgram& self, std::uint16_t port) {
  TcpSocket listener(self.netns());
  Signal arrived(self.scheduler());
  listener.on_event = [&] { arrived.raise(); };
  listener.reuse_address = true;
  int error = listener.bind({Ipv4Address(), port});
  if (error == 0) error = listener.listen();
  if (error != 0) {
    self.err(fmt::format("bind to 0.0.0.0:{} failed: {}\n", port, error_text(error)));
    co_return 1;
  }
  while (true) {
    while (auto accepted = listener.accept())
      self.scheduler().spawn(echo_connection(self, std::move(accepted)));
    co_await arrived.wait();
  }
}

Task<int> udp_echo_main(RunningProgram& self, std::uint16_t port, UdpAnswers answers) {
  UdpSocket socket(self.netns());
  Signal arrived(self.scheduler());
  socket.on_readable = [&] { arrived.raise(); };
  if (const int error = socket.bind({Ipv4Address(), port}); error != 0) {
    self.err(fmt::format("bind to 0.0.0.0:{} failed: {}\n", port, error_text(error)));
    co_return 1;
  }
  while (true) {
    while (const auto datagram = socket.receive()) {
      // An answer that cannot be sent is lost, as any datagram may be.
      if (answers == UdpAnswers::echo) static_cast<void>(socket.send_to(datagram->from, datagram->payload));
    }
    co_await arrived.wait();
  }
}

}  // namespace ekspath
