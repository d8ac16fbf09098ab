#include "sim/apps/nc.hh"

#include <fmt/format.h>

#include <array>
#include <cerrno>

#include "sim/apps/programs.hh"
#include "sim/apps/stream.hh"
#include "sim/linux/socket/udp_socket.hh"

namespace ekspath {
namespace {

using namespace literals;

constexpr std::int64_t udp_scan_seconds = 3;
constexpr std::size_t buffer_bytes = 16384;

struct Service {
  std::uint16_t port;
  std::string_view tcp;
  std::string_view udp;
};
/// What getservbyport(3) finds in Debian's /etc/services of the ports that lessons use.
constexpr std::array<Service, 16> services{{{21, "ftp", "*"},
                                            {22, "ssh", "*"},
                                            {23, "telnet", "*"},
                                            {25, "smtp", "*"},
                                            {53, "domain", "domain"},
                                            {67, "*", "bootps"},
                                            {69, "*", "tftp"},
                                            {80, "http", "*"},
                                            {110, "pop3", "*"},
                                            {123, "*", "ntp"},
                                            {143, "imap2", "*"},
                                            {161, "snmp", "snmp"},
                                            {443, "https", "https"},
                                            {3306, "mysql", "*"},
                                            {5432, "postgresql", "*"},
                                            {8080, "http-alt", "*"}}};

std::string_view service_name(std::uint16_t port, bool udp) {
  for (const Service& service : services) {
    if (service.port == port) return udp ? service.udp : service.tcp;
  }
  return "*";
}

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// The methods are those of Debian's netcat-openbsd 1.219 netcat.c with the same names.
class Nc {
 public:
  Nc(RunningProgram& self, NcOptions options) : self_(self), options_(std::move(options)) {}

  Task<int> run() { return options_.listen ? (options_.udp ? listen_udp() : listen_tcp()) : connect_all(); }

 private:
  [[nodiscard]] Task<int> listen_tcp();
  [[nodiscard]] Task<int> listen_udp();
  [[nodiscard]] Task<int> connect_all();
  [[nodiscard]] Task<bool> connect_tcp(Endpoint remote);
  [[nodiscard]] Task<bool> connect_udp(Endpoint remote);
  [[nodiscard]] Task<bool> udptest(UdpSocket& socket);
  [[nodiscard]] Task<void> readwrite(Stream& stream);
  [[nodiscard]] Task<void> readwrite(UdpSocket& socket, Signal& arrived);
  [[nodiscard]] Nanoseconds idle_deadline() const {
    return options_.timeout_s == 0 ? Nanoseconds::never() : self_.now() + options_.timeout_s * 1_s;
  }
  [[nodiscard]] Task<std::string> name(Ipv4Address address) {
    std::string found;
    if (!options_.numeric && options_.verbose && !address.is_unspecified()) {
      found = co_await self_.name_of(address);
    }
    co_return found.empty() ? fmt::format("{}", address) : found;
  }
  /// -l: the address to listen on, after a complaint if there is none.
  [[nodiscard]] Task<std::optional<Ipv4Address>> local_address();
  void say(std::string_view text) {
    if (options_.verbose) self_.err(fmt::format("{}\n", text));
  }
  void connection_info(std::uint16_t port) {
    const std::string_view protocol = options_.udp ? "udp" : "tcp";
    const std::string_view service = options_.numeric ? "*" : service_name(port, options_.udp);
    say(fmt::format("Connection to {} {} port [{}/{}] succeeded!", options_.host, port, protocol, service));
  }
  [[nodiscard]] int fail(std::string_view text) {
    self_.err(fmt::format("nc: {}\n", text));
    return 1;
  }

  RunningProgram& self_;
  NcOptions options_;
  Ipv4Address source_;
};

Task<int> Nc::connect_all() {
  const bool is_name = !Ipv4Address::parse(options_.host);
  NamedHost host{NameError::unknown, {}, {}, {}, {}};  // what AI_NUMERICHOST says of a name
  if (!options_.numeric || !is_name) host = co_await self_.resolve(options_.host);
  if (host.error != NameError::none) {
    co_return fail(fmt::format("getaddrinfo for host \"{}\" port {}: {}", options_.host, options_.first_port,
                               to_string(host.error)));
  }
  if (!options_.source.empty()) {
    const NamedHost source = co_await self_.resolve(options_.source, NameFamily::ipv4);
    if (source.error != NameError::none)
      co_return fail(fmt::format("getaddrinfo: {}", to_string(source.error)));
    source_ = source.addresses.front();
  }
  bool any = false;
  for (std::uint32_t port = options_.first_port; port <= options_.last_port; ++port) {
    const Endpoint remote{host.addresses.front(), static_cast<std::uint16_t>(port)};
    const bool succeeded = options_.udp ? co_await connect_udp(remote) : co_await connect_tcp(remote);
    any = any || succeeded;
  }
  co_return any ? 0 : 1;
}

Task<bool> Nc::connect_tcp(Endpoint remote) {
  Stream stream(self_.scheduler(), std::make_unique<TcpSocket>(self_.netns()));
  if (!source_.is_unspecified() || options_.source_port != 0) {
    stream.socket().reuse_address = true;
    if (const int error = stream.socket().bind({source_, options_.source_port}); error != 0) {
      static_cast<void>(fail(fmt::format("bind failed: {}", error_text(error))));
      co_return false;
    }
  }
  const Stream::Connected result = co_await stream.connect(remote, idle_deadline());
  if (result.outcome != Stream::Outcome::done) {
    const bool by_time = result.outcome == Stream::Outcome::timed_out;
    if (options_.verbose) {
      static_cast<void>(fail(fmt::format("connect to {} port {} (tcp) {}: {}", options_.host, remote.port,
                                         by_time ? "timed out" : "failed",
                                         by_time ? "Operation now in progress" : error_text(result.error))));
    }
    co_return false;
  }
  if (options_.verbose || options_.scan) connection_info(remote.port);
  if (!options_.scan) co_await readwrite(stream);
  co_return true;
}

Task<bool> Nc::connect_udp(Endpoint remote) {
  UdpSocket socket(self_.netns());
  Signal arrived(self_.scheduler());
  socket.on_readable = [&] { arrived.raise(); };
  if (!source_.is_unspecified() || options_.source_port != 0) {
    socket.reuse_address = true;
    if (const int error = socket.bind({source_, options_.source_port}); error != 0) {
      static_cast<void>(fail(fmt::format("bind failed: {}", error_text(error))));
      co_return false;
    }
  }
  if (const int error = socket.connect(remote); error != 0) {
    say(fmt::format("nc: connect to {} port {} (udp) failed: {}", options_.host, remote.port,
                    error_text(error)));
    co_return false;
  }
  if (options_.verbose || options_.scan) {
    if (!co_await udptest(socket)) co_return false;
    connection_info(remote.port);
  }
  if (!options_.scan) co_await readwrite(socket, arrived);
  co_return true;
}

/// Two datagrams "X" at once and one a second more; a refusal shows as an error of the next write.
Task<bool> Nc::udptest(UdpSocket& socket) {
  if (socket.send(bytes_of("X")) != 0) co_return false;
  if (socket.send(bytes_of("X")) == ECONNREFUSED) co_return false;
  const std::int64_t seconds = options_.timeout_s == 0 ? udp_scan_seconds : options_.timeout_s;
  for (std::int64_t i = 0; i < seconds; ++i) {
    co_await self_.scheduler().sleep(1_s);
    if (socket.send(bytes_of("X")) == ECONNREFUSED) co_return false;
  }
  co_return true;
}

/// Sends the input, prints what comes. Ends with the connection, or after -w seconds of silence.
Task<void> Nc::readwrite(Stream& stream) {
  if (!self_.input().empty() &&
      co_await stream.write(self_.input(), idle_deadline()) != Stream::Outcome::done) {
    co_return;
  }
  if (options_.shutdown_at_end) stream.socket().shutdown_write();
  while (true) {
    const Stream::Received received = co_await stream.read(idle_deadline());
    if (received.outcome != Stream::Outcome::done || received.bytes.empty()) co_return;
    self_.out(received.bytes);
  }
}

Task<void> Nc::readwrite(UdpSocket& socket, Signal& arrived) {
  for (std::string_view left = self_.input(); !left.empty();
       left.remove_prefix(std::min(left.size(), buffer_bytes))) {
    if (socket.remote().port == 0) break;
    if (socket.send(bytes_of(left.substr(0, buffer_bytes))) != 0) co_return;
  }
  while (true) {
    const bool signalled = co_await arrived.wait_until(idle_deadline());
    if (!signalled || socket.take_error() != 0) co_return;
    while (const auto datagram = socket.receive()) {
      self_.out(std::string(datagram->payload.begin(), datagram->payload.end()));
    }
  }
}

Task<std::optional<Ipv4Address>> Nc::local_address() {
  if (options_.host.empty()) co_return Ipv4Address();
  const NamedHost host = co_await self_.resolve(options_.host);
  if (host.error == NameError::none) co_return host.addresses.front();
  static_cast<void>(fail(fmt::format("getaddrinfo: {}", to_string(host.error))));
  co_return std::nullopt;
}

Task<int> Nc::listen_tcp() {
  const auto local = co_await local_address();
  if (!local) co_return 1;
  TcpSocket listener(self_.netns());
  Signal arrived(self_.scheduler());
  listener.on_event = [&] { arrived.raise(); };
  listener.reuse_address = true;
  int error = listener.bind({*local, options_.first_port});
  if (error != 0) co_return fail(error_text(error));
  error = listener.listen(1);
  if (error != 0) co_return fail(fmt::format("listen: {}", error_text(error)));
  say(fmt::format("Listening on {} {}", co_await name(*local), options_.first_port));
  do {
    std::unique_ptr<TcpSocket> accepted = listener.accept();
    while (accepted == nullptr) {
      co_await arrived.wait();
      accepted = listener.accept();
    }
    say(fmt::format("Connection received on {} {}", co_await name(accepted->remote().address),
                    accepted->remote().port));
    Stream stream(self_.scheduler(), std::move(accepted));
    co_await readwrite(stream);
  } while (options_.keep_listening);
  co_return 0;
}

Task<int> Nc::listen_udp() {
  const auto local = co_await local_address();
  if (!local) co_return 1;
  UdpSocket socket(self_.netns());
  Signal arrived(self_.scheduler());
  socket.on_readable = [&] { arrived.raise(); };
  socket.reuse_address = true;
  if (const int error = socket.bind({*local, options_.first_port}); error != 0)
    co_return fail(error_text(error));
  say(fmt::format("Bound on {} {}", co_await name(*local), options_.first_port));
  if (!options_.keep_listening) {
    // The first peer is the only one.
    auto first = socket.receive();
    while (!first) {
      co_await arrived.wait();
      first = socket.receive();
    }
    if (const int error = socket.connect(first->from); error != 0) {
      co_return fail(fmt::format("connect: {}", error_text(error)));
    }
    say(fmt::format("Connection received on {} {}", co_await name(first->from.address), first->from.port));
    self_.out(std::string(first->payload.begin(), first->payload.end()));
  }
  co_await readwrite(socket, arrived);
  co_return 0;
}

}  // namespace

Task<int> nc_main(RunningProgram& self, NcOptions options) {
  Nc nc(self, std::move(options));
  co_return co_await nc.run();
}

}  // namespace ekspath
