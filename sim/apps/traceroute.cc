#include "sim/apps/traceroute.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "sim/apps/programs.hh"
#include "sim/linux/socket/ip_send.hh"
#include "sim/linux/socket/ping_socket.hh"
#include "sim/linux/socket/raw_socket.hh"
#include "sim/linux/socket/tcp_options.hh"
#include "sim/linux/socket/tcp_socket.hh"
#include "sim/linux/socket/udp_socket.hh"
#include "sim/packet/build.hh"

namespace ekspath {
namespace {

using namespace literals;
using Method = TracerouteOptions::Method;

constexpr std::uint32_t simultaneous_probes = 16;
constexpr Nanoseconds wait_precision = 1_ms;  // DEF_WAIT_PREC
constexpr std::uint16_t first_udp_port = 33434;

/// "!N" and its kin; "" for a port unreachable, which is the answer of the destination. traceroute.c
/// parse_icmp_res()
std::string error_mark(const SocketError& error) {
  if (error.type != icmp::unreachable) return {};
  switch (error.code) {
    case 0:
    case 6:
    case 8:
    case 11:
      return "!N";
    case 1:
    case 7:
    case 12:
      return "!H";
    case 9:
    case 10:
    case 13:
      return "!X";
    case 2:
      return "!P";
    case 3:
      return {};
    case 4:
      return fmt::format("!F-{}", error.info);
    case 5:
      return "!S";
    case 14:
      return "!V";
    case 15:
      return "!C";
    default:
      return fmt::format("!<{}>", error.code);
  }
}

/// How far away the sender is, if it began with one of the usual TTLs. ttl2hops()
std::uint32_t hops_of_ttl(std::uint8_t ttl) {
  if (ttl <= 64) return 65U - ttl;
  if (ttl <= 128) return 129U - ttl;
  return 256U - ttl;
}

/// The functions are those of traceroute 2.1.2 traceroute.c with the same names.
class Traceroute {
 public:
  Traceroute(RunningProgram& self, TracerouteOptions options)
      : self_(self),
        options_(std::move(options)),
        wake_(self.scheduler()),
        echo_(self.netns(), self.process_id()),
        raw_(self.netns(), static_cast<std::uint8_t>(IpProtocol::tcp)),
        draws_(self.netns().random(fmt::format("traceroute {}", self.process_id()))) {}

  Task<int> run();

 private:
  struct Probe {
    bool done = false;
    bool final = false;
    std::optional<Nanoseconds> sent_at;
    Nanoseconds received_at;
    std::optional<Ipv4Address> from;
    std::uint8_t received_ttl = 0;
    std::string mark;
    std::uint16_t sequence = 0;  // ICMP
    std::unique_ptr<UdpSocket> udp;
    std::unique_ptr<TcpSocket> port_holder;  // TCP: keeps the source port
    std::uint16_t source_port = 0;
  };

  [[nodiscard]] int send_probe(Probe& probe, std::uint8_t ttl);
  [[nodiscard]] int send_udp(Probe& probe, std::uint8_t ttl);
  [[nodiscard]] int send_icmp(Probe& probe, std::uint8_t ttl);
  [[nodiscard]] int send_tcp(Probe& probe, std::uint8_t ttl);
  void take_answers();
  void answered(Probe& probe, Ipv4Address from, std::uint8_t ttl, bool final, std::string mark);
  void answered(Probe& probe, const SocketError& error) {
    answered(probe, error.offender, error.ttl, error.type != icmp::time_exceeded, error_mark(error));
  }
  [[nodiscard]] Nanoseconds timeout_of(std::size_t index) const;
  void check_expired(std::size_t index);
  [[nodiscard]] Task<void> print_probe(std::size_t index);
  [[nodiscard]] std::size_t payload_bytes(std::size_t header_bytes) const {
    return std::max<std::size_t>(options_.packet_bytes, 20 + header_bytes) - 20 - header_bytes;
  }
  [[nodiscard]] std::vector<std::uint8_t> payload(std::size_t header_bytes) const;

  RunningProgram& self_;
  TracerouteOptions options_;
  Signal wake_;
  PingSocket echo_;
  RawSocket raw_;
  Random draws_;
  Ipv4Address target_;
  std::vector<Probe> probes_;
  std::uint16_t next_port_ = first_udp_port;
  std::uint16_t next_sequence_ = 1;
};

/// do_it()
Task<int> Traceroute::run() {
  const NamedHost host = co_await self_.resolve(options_.host);
  if (host.error != NameError::none) {
    const auto& words = self_.arguments();
    self_.err(fmt::format("{0}: {1}\nCannot handle \"host\" cmdline arg `{0}' on position {2} (argc {3})\n",
                          options_.host, to_string(host.error),
                          std::ranges::find(words, options_.host) - words.begin(), words.size() - 1));
    co_return 2;
  }
  target_ = host.addresses.front();
  if (options_.port != 0) next_port_ = options_.port;
  if (options_.method == Method::tcp && options_.port == 0) options_.port = 80;
  echo_.on_readable = [this] { wake_.raise(); };
  raw_.on_packet = [this](const Packet& packet) {
    const TcpView tcp = tcp_header(packet);
    for (Probe& probe : probes_) {
      if (probe.done || !probe.port_holder || probe.source_port != tcp.destination_port()) continue;
      const bool opens = tcp.has(tcp_flag::syn) && tcp.has(tcp_flag::ack);
      if (ipv4(packet).source() != target_ || tcp.source_port() != options_.port ||
          !(opens || tcp.has(tcp_flag::rst)))
        continue;
      answered(probe, ipv4(packet).source(), ipv4(packet).ttl(), true, {});
      wake_.raise();
    }
  };
  raw_.on_error = [this](const SocketError& error, std::span<const std::uint8_t> quoted) {
    for (Probe& probe : probes_) {
      if (probe.done || !probe.port_holder || error.destination.address != target_) continue;
      if (load16(quoted.data()) != probe.source_port || load16(quoted.data() + 2) != options_.port) continue;
      answered(probe, error);
      wake_.raise();
    }
  };

  const std::size_t per_hop = options_.probes_per_hop;
  probes_.resize(options_.most_hops * per_hop);
  self_.out(fmt::format("traceroute to {} ({}), {} hops max, {} byte packets", options_.host, target_,
                        options_.most_hops, std::max<std::size_t>(options_.packet_bytes, 28)));
  std::size_t start = (options_.first_hop - 1) * per_hop;
  std::size_t end = probes_.size();
  while (start < end) {
    take_answers();
    Nanoseconds next = Nanoseconds::never();
    std::uint32_t under_way = 0;
    for (std::size_t n = start; n < end; ++n) {
      Probe& probe = probes_[n];
      if (!probe.done && probe.sent_at && self_.now() - *probe.sent_at >= timeout_of(n)) {
        probe.done = true;
        check_expired(n);
      }
      if (probe.done) {
        if (n == start) {
          co_await print_probe(n);
          ++start;
        }
        if (probe.final) end = (n / per_hop + 1) * per_hop;
        continue;
      }
      if (!probe.sent_at) {
        const int error = send_probe(probe, static_cast<std::uint8_t>(n / per_hop + 1));
        if (error != 0) {
          self_.err(fmt::format("\n{}: {}\n", options_.method == Method::icmp ? "send" : "connect",
                                error_text(error)));
          co_return 1;
        }
        probe.sent_at = self_.now();
      }
      next = std::min(next, *probe.sent_at + timeout_of(n));
      if (++under_way >= simultaneous_probes) break;
    }
    if (start < end) co_await wake_.wait_until(std::max(next, self_.now() + 1_ns));
  }
  self_.out("\n");
  co_return 0;
}

int Traceroute::send_probe(Probe& probe, std::uint8_t ttl) {
  switch (options_.method) {
    case Method::udp:
      return send_udp(probe, ttl);
    case Method::icmp:
      return send_icmp(probe, ttl);
    case Method::tcp:
      break;
  }
  return send_tcp(probe, ttl);
}

std::vector<std::uint8_t> Traceroute::payload(std::size_t header_bytes) const {
  std::vector<std::uint8_t> bytes(payload_bytes(header_bytes));
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(0x40 + (i & 0x3f));
  return bytes;
}

/// udp_send_probe(): a socket of its own for each probe, the next port for each.
int Traceroute::send_udp(Probe& probe, std::uint8_t ttl) {
  probe.udp = std::make_unique<UdpSocket>(self_.netns());
  probe.udp->options.ttl = ttl;
  probe.udp->options.path_mtu = PathMtuDiscovery::dont;
  probe.udp->receive_errors = true;
  probe.udp->on_readable = [this] { wake_.raise(); };
  if (const int error = probe.udp->connect({target_, next_port_++}); error != 0) return error;
  // A packet that the own host drops is a probe without an answer.
  static_cast<void>(probe.udp->send(payload(UdpView::size)));
  return 0;
}

int Traceroute::send_icmp(Probe& probe, std::uint8_t ttl) {
  probe.sequence = next_sequence_++;
  echo_.options.ttl = ttl;
  echo_.options.path_mtu = PathMtuDiscovery::dont;
  const int error = echo_.send(target_, probe.sequence, payload(IcmpView::size));
  return error == EPERM ? 0 : error;
}

/// tcp_send_probe(): a SYN like that of an old Linux, from a port that a socket holds.
int Traceroute::send_tcp(Probe& probe, std::uint8_t ttl) {
  IpOptions options;
  const SocketRoute route = route_for_socket(self_.netns(), options, {}, target_);
  if (route.error != 0) return route.error;
  probe.port_holder = std::make_unique<TcpSocket>(self_.netns());
  if (const int error = probe.port_holder->bind({route.source, 0}); error != 0) return error;
  if (const int error = probe.port_holder->hold_port(); error != 0) return error;
  probe.source_port = probe.port_holder->local().port;

  TcpOptions tcp_options;
  tcp_options.mss = 1460;
  tcp_options.sack_permitted = true;
  tcp_options.has_timestamp = true;
  tcp_options.timestamp = static_cast<std::uint32_t>(self_.now().whole_milliseconds());
  tcp_options.window_scale = 2;
  const TcpOptionBytes option_bytes = write_tcp_options(tcp_options);
  TcpFields fields;
  fields.source = route.source;
  fields.destination = target_;
  fields.source_port = probe.source_port;
  fields.destination_port = options_.port;
  fields.sequence = static_cast<std::uint32_t>(draws_.next());
  fields.flags = tcp_flag::syn;
  fields.window = 5840;
  fields.options = option_bytes.span();
  const PacketRef segment = self_.netns().pool().allocate(0);
  push_tcp(*segment, fields);
  raw_.options.ttl = ttl;
  raw_.options.path_mtu = PathMtuDiscovery::dont;
  const int error = raw_.send(route.source, target_, segment->bytes());
  return error == EPERM ? 0 : error;
}

/// recv_reply() of UDP and ICMP; TCP's answers come by themselves.
void Traceroute::take_answers() {
  for (Probe& probe : probes_) {
    if (probe.done || !probe.udp) continue;
    if (const auto error = probe.udp->receive_error()) {
      answered(probe, *error);
    } else if (const auto datagram = probe.udp->receive()) {
      answered(probe, datagram->from.address, datagram->ttl, true, {});
    }
  }
  const auto by_sequence = [this](std::uint16_t sequence) -> Probe* {
    const auto found = std::ranges::find_if(probes_, [&](const Probe& probe) {
      return probe.sequence == sequence && probe.sequence != 0 && !probe.done;
    });
    return found != probes_.end() ? &*found : nullptr;
  };
  while (const auto reply = echo_.receive()) {
    if (Probe* probe = by_sequence(reply->sequence)) answered(*probe, reply->from, reply->ttl, true, {});
  }
  while (const auto error = echo_.receive_error()) {
    if (Probe* probe = by_sequence(error->sequence)) answered(*probe, *error);
  }
}

void Traceroute::answered(Probe& probe, Ipv4Address from, std::uint8_t ttl, bool final, std::string mark) {
  probe.done = true;
  probe.final = final;
  probe.from = from;
  probe.received_ttl = ttl;
  probe.received_at = self_.now();
  probe.mark = std::move(mark);
  probe.udp.reset();
  probe.port_holder.reset();
}

/// get_timeout(): less than -w where a neighbour has already answered.
Nanoseconds Traceroute::timeout_of(std::size_t index) const {
  const Nanoseconds longest(options_.wait_ns);
  const auto took = [](const Probe& probe) {
    return probe.done && probe.from ? probe.received_at - *probe.sent_at : Nanoseconds();
  };
  const std::size_t hop_begin = index - index % options_.probes_per_hop;
  if (options_.here_factor != 0) {
    for (std::size_t n = hop_begin; n < hop_begin + options_.probes_per_hop; ++n) {
      const Nanoseconds value = took(probes_[n]);
      if (value > Nanoseconds()) return std::min((value + wait_precision) * options_.here_factor, longest);
    }
  }
  if (options_.near_factor != 0) {
    for (std::size_t n = index + 1; n < probes_.size() && probes_[n].sent_at; ++n) {
      const Nanoseconds value = took(probes_[n]);
      if (value > Nanoseconds()) return std::min((value + wait_precision) * options_.near_factor, longest);
    }
  }
  return longest;
}

/// A destination that answered only the latest of the simultaneous probes with an unreachable: its answer is
/// moved to the place where it belongs.
void Traceroute::check_expired(std::size_t index) {
  const std::size_t per_hop = options_.probes_per_hop;
  bool earlier_is_final = false;
  for (std::size_t n = index - index % per_hop; n < index; ++n) {
    if (!probes_[n].done || !probes_[n].final) return;
    earlier_is_final = true;
  }
  std::size_t final = 0;
  for (std::size_t n = index + 1; n < probes_.size() && probes_[n].sent_at; ++n) {
    if (!probes_[n].done) continue;
    if (!probes_[n].final) return;
    final = n;
    break;
  }
  if (final == 0 || probes_[final].mark.empty()) return;
  const bool same_hop = earlier_is_final || index % per_hop + (final - index) < per_hop;
  const bool seen_before =
      std::ranges::any_of(probes_.begin(), probes_.begin() + static_cast<std::ptrdiff_t>(index),
                          [&](const Probe& probe) { return probe.from == probes_[final].from; });
  const bool by_distance = index / per_hop + 1 >= hops_of_ttl(probes_[final].received_ttl);
  if (!same_hop && !seen_before && !by_distance) return;
  const Nanoseconds blocked = self_.now();
  probes_[index] = std::move(probes_[final]);
  probes_[final] = Probe{};
  probes_[final].sent_at = blocked;  // not to be sent again
}

Task<void> Traceroute::print_probe(std::size_t index) {
  const Probe& probe = probes_[index];
  const std::size_t per_hop = options_.probes_per_hop;
  std::string text;
  if (index % per_hop == 0) text += fmt::format("\n{:2} ", index / per_hop + 1);
  if (!probe.from) {
    self_.out(text + " *");
    co_return;
  }
  bool is_new = true;
  for (std::size_t n = index; n > index - index % per_hop; --n) {
    if (!probes_[n - 1].from) continue;
    is_new = probes_[n - 1].from != probe.from;
    break;
  }
  if (is_new) {
    std::string name;
    if (!options_.numeric) name = co_await self_.name_of(*probe.from);
    text += options_.numeric
                ? fmt::format(" {}", *probe.from)
                : fmt::format(" {} ({})", name.empty() ? fmt::format("{}", *probe.from) : name, *probe.from);
  }
  const std::int64_t us = ((probe.received_at - *probe.sent_at).count() + 500) / 1000;
  text += fmt::format("  {}.{:03} ms", us / 1000, us % 1000);
  if (!probe.mark.empty()) text += " " + probe.mark;
  self_.out(std::move(text));
}

}  // namespace

Task<int> traceroute_main(RunningProgram& self, TracerouteOptions options) {
  Traceroute traceroute(self, std::move(options));
  co_return co_await traceroute.run();
}

}  // namespace ekspath
