#include "sim/eks/coredns/coredns.hh"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "sim/apps/running_program.hh"
#include "sim/apps/stream.hh"
#include "sim/eks/coredns/answer_cache.hh"
#include "sim/eks/coredns/corefile.hh"
#include "sim/eks/coredns/forward.hh"
#include "sim/eks/coredns/kubernetes_zone.hh"
#include "sim/linux/socket/udp_socket.hh"

namespace ekspath {
namespace {

using namespace literals;

constexpr std::string_view banner = "CoreDNS-1.11.3\nlinux/amd64, go1.21.11, a6338e9\n";
constexpr Nanoseconds tcp_idle = 10_s;  // server.go: IdleTimeout of the TCP server
constexpr std::size_t plain_udp_size = 512, tcp_size = 65535;

/// What of a query's options comes back. coredns request/edns0.go supportedOptions()
bool comes_back(const DnsEdns::Option& option) {
  constexpr std::uint16_t nsid = 3, expire = 9, tcp_keepalive = 11, padding = 12;
  return option.code == nsid || option.code == expire || option.code == DnsEdns::cookie ||
         option.code == tcp_keepalive || option.code == padding;
}

/// One server block at work: loadbalance around cache around kubernetes before forward, as plugin.cfg orders
/// them.
class ServerBlock {
 public:
  ServerBlock(RunningProgram& self, ObjectStore& store, CorefileServer settings)
      : self_(self), settings_(std::move(settings)), draws_(self.netns().random("coredns loadbalance")) {
    if (settings_.kubernetes) {
      const auto& own = *settings_.kubernetes;
      zone_ = std::make_unique<KubernetesZone>(
          store,
          KubernetesZone::Settings{own.zone, own.ttl_s, own.pods_insecure, self.netns().kernel().epoch_ns});
    }
    if (settings_.cache) cache_.emplace(*settings_.cache);
    if (settings_.forward) forwarder_ = std::make_unique<DnsForwarder>(self, *settings_.forward);
  }

  [[nodiscard]] const CorefileServer& settings() const { return settings_; }

  /// A whole reply to a query with one question.
  Task<DnsMessage> answer(DnsMessage query, Ipv4Address own) {
    std::optional<DnsMessage> reply;
    if (cache_) reply = cache_->find(query, self_.now());
    if (!reply) {
      reply = co_await from_plugins(query, own);
      if (!reply) {
        // No plugin wrote an answer: the server does, and nothing keeps it.
        DnsMessage failure = reply_to(query);
        failure.code = DnsCode::server_failure;
        co_return failure;
      }
      if (cache_) cache_->keep(*reply, self_.now());
    }
    if (settings_.load_balance && reply->code == DnsCode::no_error) {
      shuffle(reply->answers);
      shuffle(reply->additional);
    }
    co_return std::move(*reply);
  }

 private:
  [[nodiscard]] static bool covers(const std::vector<DnsName>& zones, const DnsName& name) {
    return zones.empty() ||
           std::ranges::any_of(zones, [&](const DnsName& zone) { return name.is_within(zone); });
  }

  Task<std::optional<DnsMessage>> from_plugins(DnsMessage query, Ipv4Address own) {
    const DnsName name = query.questions.front().name;
    if (zone_) {
      const auto& settings = *settings_.kubernetes;
      const bool in_reverse = std::ranges::any_of(settings.reverse_zones,
                                                  [&](const DnsName& zone) { return name.is_within(zone); });
      if (in_reverse || name.is_within(zone_->zone())) {
        const ZoneAnswer found = in_reverse ? zone_->reverse(query.questions.front())
                                            : zone_->answer(query.questions.front(), own);
        if (found.exists || !settings.fallthrough || !covers(settings.fallthrough_zones, name))
          co_return co_await from_zone(query, found, own);
      }
    }
    if (forwarder_ && name.is_within(settings_.forward->from)) {
      auto outcome = co_await forwarder_->ask(query);
      if (outcome.answer) co_return std::move(outcome.answer);
      log_error(query, outcome.error);
    }
    co_return std::nullopt;
  }

  Task<std::optional<DnsMessage>> from_zone(DnsMessage query, ZoneAnswer found, Ipv4Address own) {
    DnsMessage reply = reply_to(query);
    reply.authoritative = true;
    if (found.elsewhere) {
      // plugin/pkg/upstream: the target is looked up through the whole server.
      DnsMessage next = query;
      next.questions.front().name = *found.elsewhere;
      const DnsMessage rest = co_await answer(std::move(next), own);
      found.answers.insert(found.answers.end(), rest.answers.begin(), rest.answers.end());
    }
    if (!found.exists) reply.code = DnsCode::name_error;
    if (found.answers.empty()) {
      reply.authority.push_back(zone_->soa());
    } else {
      reply.answers = std::move(found.answers);
      reply.additional = std::move(found.additional);
    }
    co_return reply;
  }

  /// loadbalance round_robin: CNAMEs first, then the rest, then addresses in any order.
  void shuffle(std::vector<DnsRecord>& records) {
    const auto is_address = [](const DnsRecord& record) {
      return record.type == DnsType::a || record.type == DnsType::aaaa;
    };
    const auto rest =
        std::ranges::stable_partition(records, [&](const DnsRecord& record) { return !is_address(record); });
    const std::span<DnsRecord> addresses(rest.begin(), rest.end());
    std::ranges::stable_partition(records,
                                  [](const DnsRecord& record) { return record.type == DnsType::cname; });
    for (std::size_t i = 0; i + 1 < addresses.size(); ++i)
      std::swap(addresses[i], addresses[i + draws_.uniform(addresses.size() - i)]);
  }

  void log_error(const DnsMessage& query, const std::string& error) {
    if (!settings_.errors) return;
    const DnsQuestion& question = query.questions.front();
    self_.out(fmt::format("[ERROR] plugin/errors: 2 {} {}: {}\n", question.name.text(),
                          to_string(question.type), error));
  }

  RunningProgram& self_;
  CorefileServer settings_;
  Random draws_;
  std::unique_ptr<KubernetesZone> zone_;
  std::optional<AnswerCache> cache_;
  std::unique_ptr<DnsForwarder> forwarder_;
};

/// The sockets of one port, and the blocks behind it.
class PortServer {
 public:
  PortServer(RunningProgram& self, Ipv4Address own, std::uint16_t port)
      : self_(self),
        own_(own),
        port_(port),
        udp_(self.netns()),
        listener_(self.netns()),
        datagrams_(self.scheduler()),
        streams_(self.scheduler()) {
    udp_.on_readable = [this] { datagrams_.raise(); };
    listener_.on_event = [this] { streams_.raise(); };
    listener_.reuse_address = true;
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  void add(ServerBlock& block) { blocks_.push_back(&block); }

  /// 0 or an errno.
  [[nodiscard]] int listen() {
    if (const int error = listener_.bind({Ipv4Address(), port_}); error != 0) return error;
    if (const int error = listener_.listen(); error != 0) return error;
    return udp_.bind({Ipv4Address(), port_});
  }
  Task<void> serve_datagrams() {
    while (true) {
      while (const auto datagram = udp_.receive()) {
        auto query = read_dns(datagram->payload);
        if (query && !query->response)
          self_.scheduler().spawn(serve_datagram(std::move(*query), datagram->from));
      }
      co_await datagrams_.wait();
    }
  }
  Task<void> serve_streams() {
    while (true) {
      while (auto accepted = listener_.accept()) self_.scheduler().spawn(serve_stream(std::move(accepted)));
      co_await streams_.wait();
    }
  }

 private:
  Task<void> serve_datagram(DnsMessage query, Endpoint from) {
    const std::size_t size =
        query.edns ? std::max<std::size_t>(query.edns->udp_size, plain_udp_size) : plain_udp_size;
    DnsMessage reply = co_await answer(std::move(query));
    static_cast<void>(udp_.send_to(from, scrubbed(reply, size)));
  }

  Task<void> serve_stream(std::unique_ptr<TcpSocket> accepted) {
    Stream stream(self_.scheduler(), std::move(accepted));
    DnsStreamReader reader;
    while (true) {
      if (const auto message = reader.take()) {
        auto query = read_dns({reinterpret_cast<const std::uint8_t*>(message->data()), message->size()});
        if (!query || query->response) co_return;
        DnsMessage reply = co_await answer(std::move(*query));
        std::string framed = dns_stream_frame(scrubbed(reply, tcp_size));
        if (co_await stream.write(std::move(framed), self_.now() + tcp_idle) != Stream::Outcome::done)
          co_return;
        continue;
      }
      const auto received = co_await stream.read(self_.now() + tcp_idle);
      if (received.outcome != Stream::Outcome::done || received.bytes.empty()) co_return;
      reader.feed(received.bytes);
    }
  }

  /// request.go Scrub(), miekg/dns Truncate(): compressed only where it would not fit otherwise.
  static std::vector<std::uint8_t> scrubbed(DnsMessage& reply, std::size_t size) {
    std::vector<std::uint8_t> plain = write_dns(reply, DnsCompression::off);
    if (plain.size() <= size) return plain;
    cut_to_size(reply, size);
    return write_dns(reply);
  }

  /// server.go ServeDNS(): the block of the longest zone that the name lies in.
  Task<DnsMessage> answer(DnsMessage query) {
    DnsMessage reply = reply_to(query);
    ServerBlock* block = nullptr;
    if (query.questions.size() == 1) {
      for (ServerBlock* candidate : blocks_) {
        const DnsName& zone = candidate->settings().zone;
        if (!query.questions.front().name.is_within(zone)) continue;
        if (block == nullptr || zone.labels().size() > block->settings().zone.labels().size())
          block = candidate;
      }
    }
    if (query.edns && query.edns->version != 0) {
      reply.code = DnsCode::bad_version;
    } else if (query.questions.size() != 1) {
      reply.code = DnsCode::server_failure;
    } else if (block == nullptr || query.questions.front().question_class != DnsClass::internet ||
               query.questions.front().type == DnsType::axfr) {
      reply.code = DnsCode::refused;
    } else {
      reply = co_await block->answer(query, own_);
    }
    // request.go SizeAndDo()
    if (!query.edns) {
      reply.edns.reset();
    } else if (reply.edns) {
      reply.edns->version = 0;
      reply.edns->udp_size = query.edns->udp_size;
    } else {
      reply.edns = query.edns;
      reply.edns->version = 0;
      std::erase_if(reply.edns->options, [](const auto& option) { return !comes_back(option); });
    }
    co_return reply;
  }

  RunningProgram& self_;
  Ipv4Address own_;
  std::uint16_t port_;
  UdpSocket udp_;
  TcpSocket listener_;
  Signal datagrams_;
  Signal streams_;
  std::vector<ServerBlock*> blocks_;
};

Task<int> coredns_main(RunningProgram& self, ObjectStore& store, Ipv4Address own, std::string corefile) {
  auto parsed = parse_corefile(corefile);
  if (const auto* error = std::get_if<std::string>(&parsed)) {
    self.out(*error + "\n");
    co_return 1;
  }
  std::deque<ServerBlock> blocks;
  std::deque<PortServer> ports;
  for (CorefileServer& server : std::get<std::vector<CorefileServer>>(parsed)) {
    ServerBlock& block = blocks.emplace_back(self, store, std::move(server));
    const std::uint16_t number = block.settings().port;
    auto port = std::ranges::find(ports, number, &PortServer::port);
    if (port == ports.end()) {
      ports.emplace_back(self, own, number);
      port = ports.end() - 1;
    }
    port->add(block);
  }
  for (PortServer& port : ports) {
    if (const int error = port.listen(); error != 0) {
      self.out(fmt::format("Listen: listen tcp :{}: bind: {}\n", port.port(), error_text(error)));
      co_return 1;
    }
  }
  for (const ServerBlock& block : blocks)
    self.out(fmt::format("{}:{}\n", block.settings().zone.text(), block.settings().port));
  self.out(std::string(banner));
  for (PortServer& port : ports) {
    self.scheduler().spawn(port.serve_datagrams());
    self.scheduler().spawn(port.serve_streams());
  }
  co_await self.scheduler().sleep_until(Nanoseconds::never());
  co_return 0;
}

}  // namespace

std::unique_ptr<Program> start_coredns(ObjectStore& store, CoreDnsPod pod) {
  RunningProgram::Start start;
  start.arguments = {"/coredns", "-conf", "/etc/coredns/Corefile"};
  start.environment = std::move(pod.environment);
  start.main = [&store, own = pod.address, corefile = std::move(pod.corefile)](RunningProgram& self) {
    return coredns_main(self, store, own, corefile);
  };
  return std::make_unique<RunningProgram>(*pod.netns, std::move(start));
}

}  // namespace ekspath
