#include "sim/apps/flood.hh"

#include <array>

#include "sim/base/assert.hh"
#include "sim/linux/netns.hh"

namespace ekspath {

namespace {

constexpr auto payload_bytes = [] {
  std::array<std::uint8_t, 65507> bytes{};
  bytes.fill(0x5a);
  return bytes;
}();

}  // namespace

FloodSender::FloodSender(Netns& netns, const FloodSpec& spec, Nanoseconds start)
    : alarm_(netns, [this] { send_next(); }),
      next_(start),
      spec_(spec),
      payload_(std::span(payload_bytes).first(spec.payload_bytes)),
      socket_(netns) {
  ASSERT(spec.interval > Nanoseconds());
  ASSERT(spec.payload_bytes <= payload_bytes.size());
  const int bound = socket_.bind({Ipv4Address(), spec.source_port});
  ASSERT(bound == 0);
  alarm_.set(next_);
}

void FloodSender::send_next() {
  if (socket_.send_to(spec_.destination, payload_) == 0) {
    ++sent_;
  } else {
    ++failed_;
  }
  next_ += spec_.interval;
  if (spec_.count == 0 || sent_ + failed_ < spec_.count) alarm_.set(next_);
}

FloodSink::FloodSink(Netns& netns, std::uint16_t port, Answer answer) : socket_(netns), answer_(answer) {
  const int bound = socket_.bind({Ipv4Address(), port});
  ASSERT(bound == 0);
  socket_.on_readable = [this] { take(); };
}

void FloodSink::take() {
  while (const auto datagram = socket_.receive()) {
    ++received_;
    bytes_ += datagram->payload.size();
    // An answer that cannot be sent is lost, as any datagram may be.
    if (answer_ == Answer::echo) static_cast<void>(socket_.send_to(datagram->from, datagram->payload));
  }
}

}  // namespace ekspath
