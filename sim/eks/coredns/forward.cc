#include "sim/eks/coredns/forward.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "sim/apps/dns_settings.hh"
#include "sim/apps/stream.hh"

namespace ekspath {
namespace {

using namespace literals;

constexpr Nanoseconds patience = 5_s;      // forward.go defaultTimeout
constexpr Nanoseconds read_timeout = 2_s;  // connect.go readTimeout
constexpr Nanoseconds dial_timeout = 1_s;  // connect.go: at least, and what was seen of late, doubled
constexpr Nanoseconds idle_expiry = 10_s;  // persistent.go defaultExpire

std::optional<Endpoint> endpoint_of(std::string_view text) {
  std::uint16_t port = dns_port;
  if (const auto colon = text.rfind(':'); colon != std::string_view::npos) {
    const auto [stop, error] = std::from_chars(text.data() + colon + 1, text.data() + text.size(), port);
    if (error != std::errc() || stop != text.data() + text.size()) return std::nullopt;
    text = text.substr(0, colon);
  }
  const auto address = Ipv4Address::parse(text);
  if (!address) return std::nullopt;
  return Endpoint{*address, port};
}

std::string timeout_text(std::string_view protocol, const Endpoint& local, const Endpoint& remote,
                         std::string_view what) {
  return fmt::format("read {} {}:{}->{}:{}: {}", protocol, local.address, local.port, remote.address,
                     remote.port, what);
}

}  // namespace

DnsForwarder::DnsForwarder(RunningProgram& self, CorefileForward settings)
    : self_(self), settings_(std::move(settings)), draws_(self.netns().random("coredns forward")) {
  for (const std::string& to : settings_.to) {
    if (const auto endpoint = endpoint_of(to)) {
      upstreams_.push_back({*endpoint, {}});
    } else {
      // A file: the only one that a pod has is its own /etc/resolv.conf.
      for (const Ipv4Address server : parse_resolv_conf(self.environment().resolv_conf).nameservers)
        upstreams_.push_back({{server, dns_port}, {}});
    }
  }
}

/// policy.go
std::vector<std::size_t> DnsForwarder::order() {
  std::vector<std::size_t> result(upstreams_.size());
  for (std::size_t i = 0; i < result.size(); ++i) result[i] = i;
  if (settings_.policy == CorefileForward::Policy::random) {
    for (std::size_t i = 0; i + 1 < result.size(); ++i)
      std::swap(result[i], result[i + draws_.uniform(result.size() - i)]);
  } else if (settings_.policy == CorefileForward::Policy::round_robin && !result.empty()) {
    std::ranges::rotate(result, result.begin() + static_cast<std::ptrdiff_t>(turn_++ % result.size()));
  }
  return result;
}

Task<DnsForwarder::Outcome> DnsForwarder::ask(DnsMessage query) {
  const Nanoseconds deadline = self_.now() + patience;
  const std::uint16_t id = query.id;
  std::vector<std::size_t> left = order();
  Outcome outcome{{}, "no healthy proxies"};
  std::size_t turn = 0;
  while (self_.now() < deadline && !left.empty()) {
    turn %= left.size();
    Upstream& upstream = upstreams_[left[turn]];
    query.id = static_cast<std::uint16_t>(draws_.uniform(65536));
    const Nanoseconds begun = self_.now();
    if (settings_.force_tcp) {
      outcome = co_await ask_by_tcp(upstream, query);
    } else {
      outcome = co_await ask_by_udp(upstream, query);
    }
    if (outcome.answer) {
      outcome.answer->id = id;
      co_return outcome;
    }
    const bool refused_at_once = self_.now() - begun < read_timeout;
    if (refused_at_once) {
      left.erase(left.begin() + static_cast<std::ptrdiff_t>(turn));
    } else {
      ++turn;
    }
  }
  co_return outcome;
}

Task<DnsForwarder::Outcome> DnsForwarder::ask_by_udp(Upstream& upstream, DnsMessage query) {
  std::erase_if(upstream.idle, [&](const auto& door) { return self_.now() - door->used >= idle_expiry; });
  std::unique_ptr<Door> door;
  if (upstream.idle.empty()) {
    door = std::make_unique<Door>(self_.scheduler(), self_.netns());
    if (const int error = door->socket.connect(upstream.remote); error != 0)
      co_return Outcome{{},
                        fmt::format("dial udp {}:{}: connect: {}", upstream.remote.address,
                                    upstream.remote.port, error_text(error))};
  } else {
    door = std::move(upstream.idle.back());
    upstream.idle.pop_back();
  }
  const Endpoint local = door->socket.local();
  static_cast<void>(door->socket.send(write_dns(query, DnsCompression::off)));
  const Nanoseconds deadline = self_.now() + read_timeout;
  while (true) {
    if (const auto datagram = door->socket.receive()) {
      auto answer = read_dns(datagram->payload);
      // An answer that came too late for an earlier query is read past.
      if (!answer || !answer->response || answer->id != query.id) continue;
      door->used = self_.now();
      upstream.idle.push_back(std::move(door));
      co_return Outcome{std::move(answer), {}};
    }
    if (const int error = door->socket.take_error(); error != 0)
      co_return Outcome{{},
                        timeout_text("udp", local, upstream.remote,
                                     error == ECONNREFUSED ? "read: connection refused"
                                                           : "read: " + std::string(error_text(error)))};
    if (!co_await door->readable.wait_until(deadline))
      co_return Outcome{{}, timeout_text("udp", local, upstream.remote, "i/o timeout")};
  }
}

Task<DnsForwarder::Outcome> DnsForwarder::ask_by_tcp(Upstream& upstream, DnsMessage query) {
  Stream stream(self_.scheduler(), std::make_unique<TcpSocket>(self_.netns()));
  const auto connected = co_await stream.connect(upstream.remote, self_.now() + dial_timeout);
  if (connected.outcome != Stream::Outcome::done)
    co_return Outcome{
        {}, fmt::format("dial tcp {}:{}: i/o timeout", upstream.remote.address, upstream.remote.port)};
  const Endpoint local = stream.socket().local();
  const Nanoseconds deadline = self_.now() + read_timeout;
  DnsStreamReader reader;
  std::string framed = dns_stream_frame(write_dns(query, DnsCompression::off));
  if (co_await stream.write(std::move(framed), deadline) == Stream::Outcome::done) {
    while (true) {
      if (const auto message = reader.take()) {
        auto answer = read_dns({reinterpret_cast<const std::uint8_t*>(message->data()), message->size()});
        if (answer && answer->id == query.id) co_return Outcome{std::move(answer), {}};
        continue;
      }
      const auto received = co_await stream.read(deadline);
      if (received.outcome != Stream::Outcome::done || received.bytes.empty()) break;
      reader.feed(received.bytes);
    }
  }
  co_return Outcome{{}, timeout_text("tcp", local, upstream.remote, "i/o timeout")};
}

}  // namespace ekspath
