#include "sim/apps/flood.hh"

#include "sim/base/assert.hh"
#include "sim/linux/netns.hh"

namespace ekspath {

FloodSender::FloodSender(Netns& netns, const FloodSpec& spec, Nanoseconds start)
    : alarm_(netns, [this] { send_next(); }),
      spec_(spec),
      next_(start),
      payload_(spec.payload_bytes, 0x5a),
      socket_(netns) {
  ASSERT(spec.interval > Nanoseconds());
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
