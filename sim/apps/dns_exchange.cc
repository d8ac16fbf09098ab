#include "sim/apps/dns_exchange.hh"

#include <algorithm>
#include <cerrno>

#include "sim/apps/stream.hh"
#include "sim/linux/socket/udp_socket.hh"

namespace ekspath {
namespace {

/// isc_result_totext() of what a socket can say.
std::string failure_text(int error) {
  switch (error) {
    case ECONNREFUSED:
      return "connection refused";
    case ENETUNREACH:
      return "network unreachable";
    case EHOSTUNREACH:
      return "host unreachable";
    case ECONNRESET:
      return "connection reset";
    case ETIMEDOUT:
      return "timed out";
    default:
      return "unexpected error";
  }
}

}  // namespace

Task<DnsReply> ask_by_datagram(RunningProgram& self, Endpoint server, DnsMessage query, Nanoseconds timeout) {
  UdpSocket socket(self.netns());
  Signal readable(self.scheduler());
  socket.on_readable = [&] { readable.raise(); };
  int error = socket.connect(server);
  if (error == 0) error = socket.send(write_dns(query));
  const Nanoseconds deadline = self.now() + timeout;
  while (error == 0) {
    if (const auto datagram = socket.receive()) {
      auto message = read_dns(datagram->payload);
      if (message && message->response && message->id == query.id)
        co_return DnsReply{std::move(message), datagram->payload.size(), {}};
      continue;
    }
    error = socket.take_error();
    if (error == 0 && !co_await readable.wait_until(deadline)) error = ETIMEDOUT;
  }
  co_return DnsReply{{}, 0, failure_text(error)};
}

Task<DnsReply> ask_by_stream(RunningProgram& self, Endpoint server, DnsMessage query, Nanoseconds timeout) {
  Stream stream(self.scheduler(), std::make_unique<TcpSocket>(self.netns()));
  const Nanoseconds deadline = self.now() + timeout;
  const auto connected = co_await stream.connect(server, deadline);
  if (connected.outcome != Stream::Outcome::done) {
    const bool by_time = connected.outcome == Stream::Outcome::timed_out;
    co_return DnsReply{{}, 0, failure_text(by_time ? ETIMEDOUT : connected.error)};
  }
  std::string framed = dns_stream_frame(write_dns(query));
  static_cast<void>(co_await stream.write(std::move(framed), deadline));
  DnsStreamReader reader;
  while (true) {
    if (const auto bytes = reader.take()) {
      auto message = read_dns({reinterpret_cast<const std::uint8_t*>(bytes->data()), bytes->size()});
      if (message && message->id == query.id) co_return DnsReply{std::move(message), bytes->size(), {}};
      continue;
    }
    const auto received = co_await stream.read(deadline);
    if (received.outcome == Stream::Outcome::timed_out) co_return DnsReply{{}, 0, failure_text(ETIMEDOUT)};
    if (received.outcome == Stream::Outcome::failed) co_return DnsReply{{}, 0, failure_text(received.error)};
    if (received.bytes.empty()) co_return DnsReply{{}, 0, "end of file"};
    reader.feed(received.bytes);
  }
}

std::vector<DnsName> search_names(const std::string& text, const ResolvConf& conf) {
  const auto name = DnsName::parse(text);
  if (!name) return {};
  if (text.ends_with('.')) return {*name};
  const bool as_is_first = static_cast<unsigned>(std::ranges::count(text, '.')) >= conf.ndots;
  std::vector<DnsName> names;
  if (as_is_first) names.push_back(*name);
  for (const DnsName& domain : conf.search) {
    if (auto full = name->before(domain)) names.push_back(std::move(*full));
  }
  if (!as_is_first) names.push_back(*name);
  return names;
}

}  // namespace ekspath
