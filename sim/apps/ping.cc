#include "sim/apps/ping.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <set>

#include "sim/apps/icmp_text.hh"
#include "sim/apps/programs.hh"
#include "sim/linux/socket/ping_socket.hh"
#include "sim/linux/socket/timer_wheel.hh"
#include "sim/linux/socket/udp_socket.hh"
#include "sim/packet/headers.hh"

namespace ekspath {
namespace {

constexpr std::int64_t minimum_interval_ms = 10;
constexpr std::size_t timeval_bytes = 16;

std::string milliseconds_text(std::int64_t us) { return fmt::format("{}.{:03}", us / 1000, us % 1000); }

/// Fewer digits the longer it took. iputils ping/ping_common.c gather_statistics()
std::string time_text(std::int64_t us) {
  if (us >= 100'000 - 50) return fmt::format("{}", (us + 500) / 1000);
  if (us >= 10'000 - 5) return fmt::format("{}.{:01}", (us + 50) / 1000, ((us + 50) % 1000) / 100);
  if (us >= 1000) return fmt::format("{}.{:02}", (us + 5) / 1000, ((us + 5) % 1000) / 10);
  return milliseconds_text(us);
}

/// iputils ping/ping_common.c llsqrt(): Newton, in integers.
std::int64_t integer_sqrt(std::int64_t value) {
  std::int64_t previous = std::numeric_limits<std::int64_t>::max();
  std::int64_t x = value;
  if (x > 0) {
    while (x < previous) {
      previous = x;
      x = (x + value / x) / 2;
    }
  }
  return x;
}

/// One run of ping. The methods are the functions of iputils 20221126 ping/ping.c and ping_common.c of the
/// same names.
class Ping {
 public:
  Ping(RunningProgram& self, PingOptions options)
      : self_(self),
        options_(std::move(options)),
        wake_(self.scheduler()),
        socket_(self.netns(), self.process_id()) {}

  Task<int> run();

 private:
  [[nodiscard]] Task<bool> prepare();
  [[nodiscard]] int choose_source();
  [[nodiscard]] Task<std::int64_t> pinger();
  [[nodiscard]] std::int64_t schedule_exit(std::int64_t next);
  [[nodiscard]] int send_probe();
  [[nodiscard]] Task<bool> receive_error_messages();
  [[nodiscard]] Task<void> parse_reply(PingSocket::Reply reply);
  [[nodiscard]] std::optional<std::int64_t> gather_time(const PingSocket::Reply& reply);
  void acknowledge(std::uint16_t sequence);
  [[nodiscard]] Task<void> wait_for_packets(std::int64_t next_ms);
  [[nodiscard]] int finish();
  [[nodiscard]] Task<std::string> pr_addr(Ipv4Address address);
  [[nodiscard]] bool timing() const { return static_cast<std::size_t>(options_.size) >= timeval_bytes; }
  [[nodiscard]] bool exiting() const { return interrupted_ || self_.now() >= exit_at_; }
  [[nodiscard]] std::int64_t in_flight() const {
    const auto difference =
        static_cast<std::uint16_t>(static_cast<std::uint16_t>(transmitted_) - acknowledged_);
    return difference <= 0x7fff ? difference : transmitted_ - received_ - errors_;
  }
  [[nodiscard]] std::int64_t wall_us(Nanoseconds time) const {
    return (self_.netns().kernel().epoch_ns + time.count()) / 1000;
  }

  RunningProgram& self_;
  PingOptions options_;
  Signal wake_;
  PingSocket socket_;
  Ipv4Address target_;
  std::string hostname_;  // ai_canonname: what the header and the statistics call the target
  bool target_is_name_ = false;
  bool interrupted_ = false;

  Nanoseconds start_;
  std::optional<Nanoseconds> last_send_;
  std::int64_t tokens_ = 0;
  Nanoseconds exit_at_ = Nanoseconds::never();
  bool exit_scheduled_ = false;

  std::int64_t transmitted_ = 0, received_ = 0, errors_ = 0, repeats_ = 0;
  std::uint16_t acknowledged_ = 0;
  int pipe_ = 0;
  std::set<std::uint16_t> seen_;
  std::int64_t sum_ = 0, sum_of_squares_ = 0, least_ = std::numeric_limits<std::int64_t>::max(), most_ = 0;
};

Task<int> Ping::run() {
  if (!co_await prepare()) co_return 2;
  self_.on_interrupt = [this] {
    interrupted_ = true;
    wake_.raise();
  };
  socket_.on_readable = [this] { wake_.raise(); };
  start_ = self_.now();
  if (options_.deadline_s > 0) exit_at_ = start_ + Nanoseconds(options_.deadline_s * 1'000'000'000);
  // main_loop()
  while (!exiting()) {
    if (options_.count > 0 && received_ + errors_ >= options_.count) break;
    if (options_.deadline_s > 0 && errors_ > 0) break;
    std::int64_t next = 0;
    do {
      next = schedule_exit(co_await pinger());
    } while (next <= 0);
    co_await wait_for_packets(next);
  }
  co_return finish();
}

/// ping4_run() up to the first probe. False: said why not.
Task<bool> Ping::prepare() {
  const NamedHost host = co_await self_.resolve(options_.target);
  if (host.error != NameError::none) {
    self_.err(fmt::format("ping: {}: {}\n", options_.target, to_string(host.error)));
    co_return false;
  }
  target_ = host.addresses.front();
  hostname_ = host.canonical_name;
  target_is_name_ = !Ipv4Address::parse(options_.target).has_value();
  socket_.options.ttl = options_.ttl;
  socket_.options.path_mtu = options_.path_mtu;

  std::string from;
  if (!options_.source.empty()) {
    const auto source = Ipv4Address::parse(options_.source);
    if (source) {
      if (socket_.bind(*source) != 0) {
        self_.err("ping: bind: Cannot assign requested address\n");
        co_return false;
      }
      from = fmt::format(" from {} :", *source);
    } else if (const Interface* device = self_.netns().find_interface(options_.source)) {
      socket_.options.bound_interface = device->index;
    } else {
      self_.err(fmt::format("ping: SO_BINDTODEVICE {}: No such device\n", options_.source));
      co_return false;
    }
  }
  if (from.empty()) {
    // The probing UDP socket that finds the source address.
    UdpSocket probe(self_.netns());
    probe.options = socket_.options;
    const int error = probe.connect({target_, 1025});
    if (error == EACCES) {
      self_.err("ping: Do you want to ping broadcast? Then -b. If not, check your local firewall rules\n");
      co_return false;
    }
    if (error != 0) {
      self_.err(fmt::format("ping: connect: {}\n", error_text(error)));
      co_return false;
    }
    if (!options_.source.empty()) from = fmt::format(" from {} {}:", probe.local().address, options_.source);
  }
  self_.out(fmt::format("PING {} ({}){} {}({}) bytes of data.\n", hostname_, target_, from, options_.size,
                        options_.size + 28));
  co_return true;
}

/// Sends if it is time to. Milliseconds until the next probe is due.
Task<std::int64_t> Ping::pinger() {
  if (exiting() || (options_.count > 0 && transmitted_ >= options_.count && options_.deadline_s == 0))
    co_return 1000;
  const std::int64_t interval = options_.interval_ms;
  if (!last_send_) {
    last_send_ = self_.now();
    tokens_ = 0;
  } else {
    std::int64_t tokens = (self_.now() - *last_send_).whole_milliseconds() + tokens_;
    tokens = std::min(tokens, interval);
    if (tokens < interval) co_return interval - tokens;
    last_send_ = self_.now();
    tokens_ = tokens - interval;
  }
  const int error = send_probe();
  if (error == 0) {
    ++transmitted_;
    co_return interval - tokens_;
  }
  const bool reported = co_await receive_error_messages();
  ++transmitted_;
  if (!reported && !options_.quiet) self_.err(fmt::format("ping: sendmsg: {}\n", error_text(error)));
  tokens_ = 0;
  co_return interval;
}

/// After the last probe: how long to stay for replies.
std::int64_t Ping::schedule_exit(std::int64_t next) {
  if (options_.count == 0 || transmitted_ < options_.count || options_.deadline_s > 0 || exit_scheduled_)
    return next;
  const std::int64_t wait_us =
      received_ > 0 ? std::max(2 * most_, 1000 * options_.interval_ms) : options_.linger_ms * 1000;
  exit_scheduled_ = true;
  exit_at_ = self_.now() + Nanoseconds(wait_us * 1000);
  return std::max(next, wait_us / 1000);
}

int Ping::send_probe() {
  std::vector<std::uint8_t> payload(static_cast<std::size_t>(options_.size));
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<std::uint8_t>(i);
  if (timing()) {
    // struct timeval of a 64-bit little-endian host
    const std::int64_t now_us = wall_us(self_.now());
    const std::array<std::int64_t, 2> words{now_us / 1'000'000, now_us % 1'000'000};
    for (std::size_t i = 0; i < timeval_bytes; ++i) {
      payload[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(words[i / 8]) >> (8 * (i % 8)));
    }
  }
  const auto sequence = static_cast<std::uint16_t>(transmitted_ + 1);
  seen_.erase(sequence);
  return socket_.send(target_, sequence, payload);
}

/// ping4_receive_error_msg(), until the queue is empty. False: there was none.
Task<bool> Ping::receive_error_messages() {
  bool any = false;
  while (const auto error = socket_.receive_error()) {
    any = true;
    if (error->destination.address != target_) continue;
    if (error->origin == SocketError::Origin::local) {
      ++errors_;
      if (options_.quiet) continue;
      self_.err(error->error == EMSGSIZE
                    ? fmt::format("ping: local error: message too long, mtu={}\n", error->info)
                    : fmt::format("ping: local error: {}\n", error_text(error->error)));
      continue;
    }
    const std::string text = icmp_error_text(error->type, error->code, error->info);
    if (error->type == icmp::redirect || error->type == icmp::source_quench) {
      // Read as a raw packet: told, and counted neither as an error nor as an answer.
      if (!options_.quiet) {
        const std::string from = co_await pr_addr(error->offender);
        self_.out(fmt::format("From {}: icmp_seq={} {}\n", from, error->sequence, text));
      }
      continue;
    }
    acknowledge(error->sequence);
    ++errors_;
    if (!options_.quiet) {
      const std::string from = co_await pr_addr(error->offender);
      self_.out(fmt::format("From {} icmp_seq={} {}\n", from, error->sequence, text));
    }
  }
  co_return any;
}

Task<void> Ping::parse_reply(PingSocket::Reply reply) {
  ++received_;
  acknowledge(reply.sequence);
  const std::optional<std::int64_t> time = gather_time(reply);
  const bool duplicate = !seen_.insert(reply.sequence).second;
  if (duplicate) {
    ++repeats_;
    --received_;
  }
  if (options_.quiet) co_return;
  const std::string from = co_await pr_addr(reply.from);
  std::string line = fmt::format("{} bytes from {}: icmp_seq={} ttl={}", reply.payload.size() + 8, from,
                                 reply.sequence, reply.ttl);
  if (static_cast<std::int64_t>(reply.payload.size()) < options_.size) {
    self_.out(line + " (truncated)\n");
    co_return;
  }
  if (time) line += fmt::format(" time={} ms", time_text(*time));
  if (duplicate) line += " (DUP!)";
  self_.out(line + "\n");
}

/// The round trip in microseconds, from the time that stands in the payload.
std::optional<std::int64_t> Ping::gather_time(const PingSocket::Reply& reply) {
  if (!timing() || reply.payload.size() < timeval_bytes) return std::nullopt;
  std::array<std::uint64_t, 2> words{};
  for (std::size_t i = 0; i < timeval_bytes; ++i)
    words[i / 8] |= std::uint64_t{reply.payload[i]} << (8 * (i % 8));
  const auto sent_us = static_cast<std::int64_t>(words[0] * 1'000'000 + words[1]);
  const std::int64_t us = std::max<std::int64_t>(wall_us(reply.time) - sent_us, 0);
  sum_ += us;
  sum_of_squares_ += us * us;
  least_ = std::min(least_, us);
  most_ = std::max(most_, us);
  return us;
}

/// Notes how many probes were on their way when an answer came: "pipe N".
void Ping::acknowledge(std::uint16_t sequence) {
  const auto behind = static_cast<std::uint16_t>(static_cast<std::uint16_t>(transmitted_) - sequence);
  if (behind > 0x7fff) return;
  pipe_ = std::max(pipe_, behind + 1);
  const auto newer = static_cast<std::uint16_t>(sequence - acknowledged_);
  const auto unacknowledged =
      static_cast<std::uint16_t>(static_cast<std::uint16_t>(transmitted_) - acknowledged_);
  if ((newer != 0 && newer <= 0x7fff) || unacknowledged > 0x7fff) acknowledged_ = sequence;
}

Task<void> Ping::wait_for_packets(std::int64_t next_ms) {
  // recvmsg() with SO_RCVTIMEO: a timer of the kernel's wheel. Short waits are poll()'s, which are exact.
  const Nanoseconds wait(next_ms * 1'000'000);
  const bool exact = next_ms < std::max(options_.interval_ms, minimum_interval_ms);
  const Nanoseconds due = exact ? self_.now() + wait : timer_wheel_expiry(self_.now(), wait);
  const Nanoseconds deadline = std::min(due, exit_at_);
  if (!co_await wake_.wait_until(deadline)) co_return;
  while (true) {
    if (const auto reply = socket_.receive()) {
      if (reply->from == target_ || target_.is_multicast()) co_await parse_reply(*reply);
    } else if (!co_await receive_error_messages()) {
      break;
    }
    if (in_flight() == 0) break;
  }
  // What is still queued is read on the next turn.
  if (socket_.readable()) wake_.raise();
}

int Ping::finish() {
  self_.out(fmt::format("\n--- {} ping statistics ---\n", hostname_));
  std::string line = fmt::format("{} packets transmitted, {} received", transmitted_, received_);
  if (repeats_ > 0) line += fmt::format(", +{} duplicates", repeats_);
  if (errors_ > 0) line += fmt::format(", +{} errors", errors_);
  if (transmitted_ > 0) {
    const auto loss = static_cast<float>(static_cast<double>(transmitted_ - received_) * 100.0 /
                                         static_cast<double>(transmitted_));
    const std::int64_t elapsed_ns = last_send_ ? (*last_send_ - start_).count() : 0;
    line += fmt::format(", {:g}% packet loss, time {}ms", loss, (elapsed_ns + 500'000) / 1'000'000);
  }
  self_.out(line + "\n");

  std::string last;
  std::string_view comma;
  if (received_ > 0 && timing()) {
    const std::int64_t total = received_ + repeats_;
    const std::int64_t average = sum_ / total;
    const std::int64_t variance = sum_ < std::numeric_limits<std::int32_t>::max()
                                      ? (sum_of_squares_ - sum_ * sum_ / total) / total
                                      : sum_of_squares_ / total - average * average;
    last = fmt::format("rtt min/avg/max/mdev = {}/{}/{}/{} ms", milliseconds_text(least_),
                       milliseconds_text(average), milliseconds_text(most_),
                       milliseconds_text(integer_sqrt(variance)));
    comma = ", ";
  }
  if (pipe_ > 1) last += fmt::format("{}pipe {}", comma, pipe_);
  self_.out(last + "\n");
  const bool too_few = options_.deadline_s > 0 && received_ < options_.count;
  return received_ == 0 || too_few ? 1 : 0;
}

/// Each time anew: observed, a reply costs a PTR query. An address without a name stands in both places.
Task<std::string> Ping::pr_addr(Ipv4Address address) {
  std::string text = fmt::format("{}", address);
  if (!target_is_name_ || options_.numeric || interrupted_) co_return text;
  const std::string name = co_await self_.name_of(address);
  co_return fmt::format("{} ({})", name.empty() ? text : name, text);
}

}  // namespace

Task<int> ping_main(RunningProgram& self, PingOptions options) {
  Ping ping(self, std::move(options));
  co_return co_await ping.run();
}

}  // namespace ekspath
