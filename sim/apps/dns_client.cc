#include "sim/apps/dns_client.hh"

#include <algorithm>
#include <map>

#include "sim/apps/stream.hh"
#include "sim/linux/netns.hh"

namespace ekspath {

using Bytes = std::vector<std::uint8_t>;

/// One question, or A and AAAA of one name, on their way: __res_context_send().
struct DnsClient::Exchange {
  struct Part {
    DnsMessage query;
    Bytes bytes;
    bool done = false;                 // answered, or refused by the server at hand
    std::optional<DnsMessage> answer;  // of use
  };
  std::vector<Part> parts;
  DnsCode failure = DnsCode::no_error;  // the last one of a server that could not answer
  std::map<std::size_t, std::unique_ptr<UdpSocket>> sockets;  // by server: kept from attempt to attempt
  Signal readable;

  explicit Exchange(Scheduler& scheduler) : readable(scheduler) {}
  [[nodiscard]] bool all_done() const { return std::ranges::all_of(parts, &Part::done); }
  [[nodiscard]] bool any_answer() const {
    return std::ranges::any_of(parts, [](const Part& part) { return part.answer.has_value(); });
  }
  void restart() {
    for (Part& part : parts) {
      part.done = false;
      part.answer.reset();
    }
  }
};

namespace {

bool is_failure(DnsCode code) {
  return code == DnsCode::server_failure || code == DnsCode::not_implemented || code == DnsCode::refused;
}

bool has_data(const std::optional<DnsMessage>& answer) {
  return answer && answer->code == DnsCode::no_error && !answer->answers.empty();
}

/// The owner of the addresses at the end of a chain of CNAMEs, and the names on the way. nss_dns
/// gaih_getanswer_slice()
void take_addresses(NamedHost& host, const DnsMessage& answer, bool first) {
  DnsName owner = answer.questions.empty() ? DnsName() : answer.questions.front().name;
  std::vector<std::string> aliases;
  for (const DnsRecord& record : answer.answers) {
    if (record.name != owner) continue;
    if (const auto* target = std::get_if<DnsName>(&record.data);
        target != nullptr && record.type == DnsType::cname) {
      aliases.push_back(owner.relative_text());
      owner = *target;
    } else if (const auto* address = std::get_if<Ipv4Address>(&record.data)) {
      host.addresses.push_back(*address);
    } else if (std::holds_alternative<DnsIpv6>(record.data)) {
      host.ipv6.push_back(data_text(record));
    }
  }
  if (!first) return;
  host.canonical_name = owner.relative_text();
  host.aliases = std::move(aliases);
}

}  // namespace

std::string_view to_string(NameError error) {
  switch (error) {
    case NameError::none:
      return "Success";
    case NameError::again:
      return "Temporary failure in name resolution";
    case NameError::fail:
      return "Non-recoverable failure in name resolution";
    case NameError::unknown:
      return "Name or service not known";
    case NameError::no_data:
      return "No address associated with hostname";
  }
  return "?";
}

DnsClient::DnsClient(Scheduler& scheduler, Netns& netns, const Files& files, std::string_view purpose)
    : scheduler_(scheduler),
      netns_(netns),
      conf_(parse_resolv_conf(files.resolv_conf)),
      hosts_(parse_hosts_file(files.hosts)),
      ids_(netns.random(purpose)) {}

std::optional<NamedHost> DnsClient::in_hosts_file(std::string_view name, NameFamily family) const {
  if (name.ends_with('.')) name.remove_suffix(1);
  const auto wanted = DnsName::parse(name);
  NamedHost host;
  for (const HostsLine& line : hosts_) {
    const bool named = std::ranges::any_of(
        line.names, [&](const std::string& known) { return wanted && DnsName::parse(known) == wanted; });
    const auto address = Ipv4Address::parse(line.address);
    const bool fits = family == NameFamily::any || (family == NameFamily::ipv4) == address.has_value();
    if (!named || !fits) continue;
    if (host.canonical_name.empty()) {
      host.canonical_name = line.names.front();
      host.aliases.assign(line.names.begin() + 1, line.names.end());
    }
    if (address) {
      host.addresses.push_back(*address);
    } else {
      host.ipv6.push_back(line.address);
    }
  }
  if (host.addresses.empty() && host.ipv6.empty()) return std::nullopt;
  return host;
}

Task<NamedHost> DnsClient::find(std::string name, NameFamily family) {
  if (auto known = in_hosts_file(name, family)) co_return std::move(*known);
  std::vector<DnsType> types;
  if (family != NameFamily::ipv6) types.push_back(DnsType::a);
  if (family != NameFamily::ipv4) types.push_back(DnsType::aaaa);
  NamedHost host = co_await search(std::move(name), std::move(types));
  if (host.error == NameError::none && host.addresses.empty() && host.ipv6.empty())
    host.error = NameError::no_data;
  co_return host;
}

Task<std::string> DnsClient::name_of(Ipv4Address address) {
  for (const HostsLine& line : hosts_) {
    if (Ipv4Address::parse(line.address) == address) co_return line.names.front();
  }
  Exchange exchange(scheduler_);
  exchange.parts.push_back({question(DnsName::reverse_of(address), DnsType::ptr), {}, false, {}});
  if (co_await send(exchange) != NameError::none) co_return "";
  const auto& answer = exchange.parts.front().answer;
  if (!has_data(answer)) co_return "";
  for (const DnsRecord& record : answer->answers) {
    if (record.type == DnsType::ptr) co_return std::get<DnsName>(record.data).relative_text();
  }
  co_return "";
}

DnsMessage DnsClient::question(const DnsName& name, DnsType type) {
  DnsMessage message;
  message.id = static_cast<std::uint16_t>(ids_.uniform(65536));
  message.recursion_desired = true;
  message.questions.push_back({name, type, DnsClass::internet});
  return message;
}

/// __res_context_search()
Task<NamedHost> DnsClient::search(std::string name, std::vector<DnsType> types) {
  const auto absolute = DnsName::parse(name);
  if (!absolute) co_return NamedHost{NameError::unknown, {}, {}, {}, {}};
  const bool trailing_dot = name.ends_with('.');
  const auto dots = static_cast<std::size_t>(std::ranges::count(name, '.'));
  std::optional<NameError> as_is;
  NamedHost last;
  if (dots >= conf_.ndots || trailing_dot) {
    last = co_await query(*absolute, types);
    if (last.error == NameError::none || trailing_dot || nobody_there_) co_return last;
    as_is = last.error;
  }
  bool no_data = false, failed = false;
  for (const DnsName& domain : conf_.search) {
    const auto full = absolute->before(domain);
    if (!full) continue;
    last = co_await query(*full, types);
    if (last.error == NameError::none || nobody_there_) co_return last;
    no_data = no_data || last.error == NameError::no_data;
    failed = failed || (last.error == NameError::again && last_failed_);
    // "anything else implies that we're done": silence, and errors that no other name will mend
    if (last.error == NameError::fail || (last.error == NameError::again && !last_failed_)) break;
  }
  if (!as_is) {
    last = co_await query(*absolute, types);
    if (last.error == NameError::none) co_return last;
    as_is = last.error;
    if (conf_.search.empty()) co_return last;
    // h_errno of the name as it is only counts when it was asked first.
    if (no_data) {
      as_is = NameError::no_data;
    } else if (failed) {
      as_is = NameError::again;
    }
  }
  co_return NamedHost{*as_is, {}, {}, {}, {}};
}

/// __res_context_query()
Task<NamedHost> DnsClient::query(DnsName name, std::vector<DnsType> types) {
  Exchange exchange(scheduler_);
  for (const DnsType type : types) exchange.parts.push_back({question(name, type), {}, false, {}});
  last_failed_ = false;
  NamedHost host;
  host.error = co_await send(exchange);
  if (host.error != NameError::none) {
    last_failed_ = exchange.failure == DnsCode::server_failure;
    co_return host;
  }
  bool first = true;
  for (const Exchange::Part& part : exchange.parts) {
    if (!has_data(part.answer)) continue;
    take_addresses(host, *part.answer, first);
    first = false;
  }
  if (!first) co_return host;
  DnsCode code = DnsCode::no_error;
  for (const Exchange::Part& part : exchange.parts) {
    if (code == DnsCode::no_error && part.answer) code = part.answer->code;
  }
  last_failed_ = code == DnsCode::server_failure;
  switch (code) {
    case DnsCode::no_error:
      host.error = NameError::no_data;
      break;
    case DnsCode::name_error:
      host.error = NameError::unknown;
      break;
    case DnsCode::server_failure:
      host.error = NameError::again;
      break;
    default:
      host.error = NameError::fail;
  }
  co_return host;
}

/// __res_context_send(): each server in turn, as often as there are attempts.
Task<NameError> DnsClient::send(Exchange& exchange) {
  for (Exchange::Part& part : exchange.parts) part.bytes = write_dns(part.query);
  nobody_there_ = true;
  for (unsigned attempt = 0; attempt < conf_.attempts; ++attempt) {
    for (std::size_t server = 0; server < conf_.nameservers.size(); ++server) {
      exchange.restart();
      Heard heard = conf_.use_tcp ? Heard::cut : co_await ask_by_udp(exchange, server);
      if (heard == Heard::cut) heard = co_await ask_by_tcp(exchange, server);
      if (heard == Heard::answers) {
        nobody_there_ = false;
        co_return NameError::none;
      }
    }
  }
  co_return NameError::again;
}

/// A connected socket, so that an ICMP error is told at once. 0 or an errno.
int DnsClient::open(Exchange& exchange, std::size_t server) {
  auto socket = std::make_unique<UdpSocket>(netns_);
  if (const int error = socket->connect({conf_.nameservers[server], dns_port}); error != 0) return error;
  socket->on_readable = [&exchange] { exchange.readable.raise(); };
  exchange.sockets[server] = std::move(socket);
  return 0;
}

/// send_dg()
Task<DnsClient::Heard> DnsClient::ask_by_udp(Exchange& exchange, std::size_t server) {
  if (exchange.sockets[server] == nullptr && open(exchange, server) != 0) co_return Heard::nothing;
  while (true) {
    bool sent = true;
    for (Exchange::Part& part : exchange.parts) {
      if (conf_.single_request && &part != &exchange.parts.front()) break;
      sent = sent && exchange.sockets[server]->send(part.bytes) == 0;
    }
    if (!sent) {
      exchange.sockets[server].reset();
      co_return Heard::nothing;
    }
    const bool in_time = co_await listen(exchange, server);
    if (std::ranges::any_of(exchange.parts,
                            [](const auto& part) { return part.answer && part.answer->truncated; }))
      co_return Heard::cut;
    if (in_time || exchange.sockets[server] == nullptr)
      co_return exchange.any_answer() ? Heard::answers : Heard::nothing;
    nobody_there_ = false;
    const bool half = std::ranges::any_of(exchange.parts, &Exchange::Part::done);
    if (!half) co_return Heard::nothing;
    // One of two was answered: the second question is sent only after the first answer from now on, and if
    // that does not help, from a socket of its own.
    if (conf_.single_request_reopen) co_return exchange.any_answer() ? Heard::answers : Heard::nothing;
    if (std::exchange(conf_.single_request, true)) {
      conf_.single_request_reopen = true;
      if (open(exchange, server) != 0) co_return Heard::nothing;
    }
    exchange.restart();
  }
}

/// Until every part is done (true), the time is over (false), or the socket has an error (its place is
/// empty).
Task<bool> DnsClient::listen(Exchange& exchange, std::size_t server) {
  // res_send.c: seconds = retrans << ns, and beyond the first server divided by their number
  const auto servers = static_cast<std::int64_t>(conf_.nameservers.size());
  Nanoseconds timeout = conf_.timeout * (std::int64_t{1} << server);
  if (server > 0) timeout = Nanoseconds(timeout.whole_milliseconds() / 1000 / servers * 1'000'000'000);
  timeout = std::max(timeout, Nanoseconds(1'000'000'000));
  Nanoseconds deadline = scheduler_.now() + timeout;
  while (!exchange.all_done()) {
    UdpSocket* socket = exchange.sockets[server].get();
    const auto datagram = socket->receive();
    if (!datagram) {
      if (socket->take_error() != 0) {
        exchange.sockets[server].reset();
        co_return false;
      }
      if (!co_await exchange.readable.wait_until(deadline)) co_return false;
      continue;
    }
    auto answer = read_dns(datagram->payload);
    if (!answer || !answer->response) continue;
    const auto part = std::ranges::find_if(exchange.parts, [&](const Exchange::Part& candidate) {
      return !candidate.done && candidate.query.id == answer->id &&
             candidate.query.questions == answer->questions;
    });
    if (part == exchange.parts.end()) continue;
    nobody_there_ = false;
    part->done = true;
    if (is_failure(answer->code)) {
      exchange.failure = answer->code;
    } else {
      part->answer = std::move(answer);
    }
    if (part->answer && part->answer->truncated) co_return true;
    if (conf_.single_request && !exchange.all_done()) {
      if (conf_.single_request_reopen && open(exchange, server) != 0) co_return false;
      if (exchange.sockets[server]->send(exchange.parts.back().bytes) != 0) {
        exchange.sockets[server].reset();
        co_return false;
      }
      deadline = scheduler_.now() + timeout;
    }
  }
  co_return true;
}

/// send_vc(): both questions in one stream; it waits as long as TCP does.
Task<DnsClient::Heard> DnsClient::ask_by_tcp(Exchange& exchange, std::size_t server) {
  Stream stream(scheduler_, std::make_unique<TcpSocket>(netns_));
  const auto connected = co_await stream.connect({conf_.nameservers[server], dns_port}, Nanoseconds::never());
  if (connected.outcome != Stream::Outcome::done) co_return Heard::nothing;
  nobody_there_ = false;
  exchange.restart();
  std::string questions;
  for (const Exchange::Part& part : exchange.parts) questions += dns_stream_frame(part.bytes);
  if (co_await stream.write(std::move(questions), Nanoseconds::never()) != Stream::Outcome::done)
    co_return Heard::nothing;
  DnsStreamReader reader;
  while (!exchange.all_done()) {
    const auto message = reader.take();
    if (!message) {
      const auto received = co_await stream.read(Nanoseconds::never());
      if (received.outcome != Stream::Outcome::done || received.bytes.empty()) break;
      reader.feed(received.bytes);
      continue;
    }
    auto answer = read_dns({reinterpret_cast<const std::uint8_t*>(message->data()), message->size()});
    for (Exchange::Part& part : exchange.parts) {
      if (!answer || part.done || part.query.id != answer->id || part.query.questions != answer->questions)
        continue;
      part.done = true;
      if (is_failure(answer->code)) {
        exchange.failure = answer->code;
      } else {
        part.answer = std::move(answer);
      }
      break;
    }
  }
  co_return exchange.any_answer() ? Heard::answers : Heard::nothing;
}

}  // namespace ekspath
