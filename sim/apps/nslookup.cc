#include "sim/apps/nslookup.hh"

#include <fmt/format.h>

#include <algorithm>

#include "sim/apps/command_line.hh"
#include "sim/apps/dns_exchange.hh"
#include "sim/apps/programs.hh"

namespace ekspath {
namespace {

class Nslookup {
 public:
  Nslookup(RunningProgram& self, NslookupOptions options)
      : self_(self),
        options_(std::move(options)),
        conf_(parse_resolv_conf(self.environment().resolv_conf)),
        draws_(self.netns().random(fmt::format("nslookup {}", self.process_id()))) {}

  Task<int> run();

 private:
  /// The last reply of a search. None: nobody could be reached, which was said.
  [[nodiscard]] Task<std::optional<DnsMessage>> look_up(std::vector<DnsName> names, DnsType type);
  [[nodiscard]] int print(const DnsMessage& reply, const std::string& asked, DnsType type, bool quiet);
  void print_server();

  RunningProgram& self_;
  NslookupOptions options_;
  ResolvConf conf_;
  Random draws_;
  std::vector<Ipv4Address> servers_;
  Ipv4Address server_;  // the one that answered
};

/// nslookup.c detail of one record: "name = ", "service = ".
std::string record_text(const DnsRecord& record) {
  const std::string name = record.name.is_root() ? "." : record.name.relative_text();
  switch (record.type) {
    case DnsType::a:
    case DnsType::aaaa:
      return fmt::format("Name:\t{}\nAddress: {}\n", name, data_text(record));
    case DnsType::cname:
      return fmt::format("{}\tcanonical name = {}\n", name, data_text(record));
    case DnsType::ptr:
      return fmt::format("{}\tname = {}\n", name, data_text(record));
    case DnsType::srv:
      return fmt::format("{}\tservice = {}\n", name, data_text(record));
    case DnsType::txt:
      return fmt::format("{}\ttext = {}\n", name, data_text(record));
    case DnsType::ns:
      return fmt::format("{}\tnameserver = {}\n", name, data_text(record));
    case DnsType::mx:
      return fmt::format("{}\tmail exchanger = {}\n", name, data_text(record));
    case DnsType::soa: {
      const auto& soa = std::get<DnsSoa>(record.data);
      return fmt::format(
          "{}\n\torigin = {}\n\tmail addr = {}\n\tserial = {}\n\trefresh = {}\n\tretry = {}\n\texpire = {}\n"
          "\tminimum = {}\n",
          name, soa.primary.relative_text(), soa.mailbox.relative_text(), soa.serial, soa.refresh, soa.retry,
          soa.expire, soa.minimum);
    }
    default:
      return fmt::format("{}\trdata_{} = {}\n", name, static_cast<unsigned>(record.type), data_text(record));
  }
}

Task<int> Nslookup::run() {
  servers_ = conf_.nameservers;
  if (!options_.server.empty()) {
    const NamedHost host = co_await self_.resolve(options_.server);
    if (host.error != NameError::none) {
      self_.out(fmt::format("nslookup: couldn't get address for '{}': not found\n", options_.server));
      co_return 1;
    }
    servers_ = host.addresses;
  }
  if (const auto address = Ipv4Address::parse(options_.name); address && !options_.type) {
    const DnsName reverse = DnsName::reverse_of(*address);
    const std::vector<DnsName> only(1, reverse);
    const auto reply = co_await look_up(only, DnsType::ptr);
    const int status = reply ? print(*reply, reverse.relative_text(), DnsType::ptr, true) : 1;
    self_.out("\n");
    co_return status;
  }
  std::vector<DnsName> names(1, DnsName::parse(options_.name).value());
  if (options_.search) names = search_names(options_.name, conf_);
  const DnsType first_type = options_.type.value_or(DnsType::a);
  const auto reply = co_await look_up(names, first_type);
  if (!reply) {
    self_.out("\n");
    co_return 1;
  }
  print_server();
  if (reply->code != DnsCode::no_error || options_.type) {
    const int status = print(*reply, options_.name, first_type, false);
    self_.out("\n");
    co_return status;
  }
  // default_lookups: AAAA of what the A records led to; only if neither has any is that said.
  DnsName found = reply->questions.front().name;
  for (const DnsRecord& record : reply->answers) {
    if (record.type == DnsType::cname && record.name == found) found = std::get<DnsName>(record.data);
  }
  if (!reply->answers.empty()) static_cast<void>(print(*reply, options_.name, DnsType::a, false));
  const std::vector<DnsName> same(1, found);
  const auto second = co_await look_up(same, DnsType::aaaa);
  if (second && !second->answers.empty()) {
    for (const DnsRecord& record : second->answers) self_.out(record_text(record));
  } else if (second && reply->answers.empty()) {
    self_.out(fmt::format("*** Can't find {}: No answer\n", found.relative_text()));
  }
  self_.out("\n");
  co_return 0;
}

Task<std::optional<DnsMessage>> Nslookup::look_up(std::vector<DnsName> names, DnsType type) {
  DnsReply reply;
  for (const DnsName& name : names) {
    DnsMessage query;
    query.id = static_cast<std::uint16_t>(draws_.uniform(65536));
    query.recursion_desired = true;
    query.questions.push_back({name, type, DnsClass::internet});
    for (std::int64_t attempt = 0; attempt < options_.tries && !reply.message; ++attempt) {
      for (const Ipv4Address address : servers_) {
        server_ = address;
        const Endpoint server{address, options_.port};
        const Nanoseconds timeout(options_.timeout_s * 1'000'000'000);
        reply = co_await ask_by_datagram(self_, server, query, timeout);
        if (reply.message && reply.message->truncated) {
          self_.out(";; Truncated, retrying in TCP mode.\n");
          reply = co_await ask_by_stream(self_, server, query, 2 * timeout);
        }
        if (reply.message) break;
        self_.out(
            fmt::format(";; communications error to {}#{}: {}\n", address, options_.port, reply.failure));
      }
    }
    if (!reply.message) {
      self_.out(";; no servers could be reached\n");
      co_return std::nullopt;
    }
    if (reply.message->code == DnsCode::server_failure) {
      self_.out(fmt::format(";; Got SERVFAIL reply from {}\n", server_));
    } else if (!reply.message->recursion_available) {
      self_.out(fmt::format(";; Got recursion not available from {}\n", server_));
    }
    if (reply.message->code != DnsCode::name_error || &name == &names.back()) break;
    reply = DnsReply();
  }
  co_return std::move(reply.message);
}

void Nslookup::print_server() {
  self_.out(fmt::format("Server:\t\t{}\nAddress:\t{}#{}\n\n",
                        options_.server.empty() ? fmt::format("{}", server_) : options_.server, server_,
                        options_.port));
}

/// nslookup.c printmessage(), without the empty line at its end. `quiet`: a reverse lookup tells neither
/// the server nor whether it is an authority.
int Nslookup::print(const DnsMessage& reply, const std::string& asked, DnsType type, bool quiet) {
  if (reply.code != DnsCode::no_error) {
    const std::string name =
        asked.ends_with('.') && asked.size() > 1 ? asked.substr(0, asked.size() - 1) : asked;
    self_.out(fmt::format("** server can't find {}: {}\n", name, to_string(reply.code)));
    return 1;
  }
  std::string text;
  if (!reply.authoritative && !quiet) text += "Non-authoritative answer:\n";
  if (reply.answers.empty()) text += fmt::format("*** Can't find {}: No answer\n", asked);
  for (const DnsRecord& record : reply.answers) text += record_text(record);
  if (!reply.authoritative && type != DnsType::a && type != DnsType::aaaa) {
    text += "\nAuthoritative answers can be found from:\n";
    for (const DnsRecord& record : reply.authority) text += record_text(record);
    for (const DnsRecord& record : reply.additional) text += record_text(record);
  }
  self_.out(std::move(text));
  return 0;
}

/// glibc nss/getent.c hosts_keys(): an address by its name, a name by IPv6 first, then by IPv4.
Task<int> getent_hosts(RunningProgram& self, std::vector<std::string> keys) {
  int status = 0;
  for (const std::string& key : keys) {
    std::string text;
    if (Ipv4Address::parse(key)) {
      const std::string name = co_await self.name_of(*Ipv4Address::parse(key));
      if (!name.empty()) text = fmt::format("{:<15} {}\n", key, name);
    } else {
      NamedHost host = co_await self.dns().find(key, NameFamily::ipv6);
      if (host.error != NameError::none) host = co_await self.dns().find(key, NameFamily::ipv4);
      if (host.error == NameError::none) {
        std::vector<std::string> addresses = host.ipv6;
        for (const Ipv4Address address : host.addresses) addresses.push_back(fmt::format("{}", address));
        std::string names = host.canonical_name;
        for (const std::string& alias : host.aliases) names += " " + alias;
        for (const std::string& address : addresses) text += fmt::format("{:<15} {}\n", address, names);
      }
    }
    if (text.empty()) status = 2;
    self.out(std::move(text));
  }
  co_return status;
}

}  // namespace

std::variant<NslookupOptions, CommandError> parse_nslookup(const std::vector<std::string>& arguments) {
  NslookupOptions options;
  std::vector<std::string> operands;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (!word.starts_with('-')) {
      operands.push_back(word);
      continue;
    }
    const auto equals = word.find('=');
    const std::string name = word.substr(1, equals == std::string::npos ? equals : equals - 1);
    const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
    const auto number = parse_integer(value, 0, 65535);
    if (name == "type" || name == "query" || name == "q" || name == "querytype") {
      options.type = parse_dns_type(value);
      if (!options.type || *options.type == DnsType::axfr)
        return CommandError{fmt::format("nslookup: type '{}' is not modelled", value)};
    } else if (name == "timeout" && number) {
      options.timeout_s = std::max<std::int64_t>(*number, 1);
    } else if (name == "retry" && number) {
      options.tries = std::max<std::int64_t>(*number, 1);
    } else if (name == "port" && number && *number > 0) {
      options.port = static_cast<std::uint16_t>(*number);
    } else if (name == "nosearch") {
      options.search = false;
    } else {
      return CommandError{fmt::format("nslookup: {} is not modelled", word)};
    }
  }
  if (operands.empty()) return CommandError{"nslookup: without a name it would ask, and nobody answers"};
  if (operands.size() > 2)
    return CommandError{fmt::format("nslookup: found '{}' after the server", operands[2])};
  if (!DnsName::parse(operands[0]))
    return CommandError{fmt::format("nslookup: '{}' is not a legal name", operands[0])};
  options.name = operands[0];
  if (operands.size() == 2) options.server = operands[1];
  return options;
}

std::variant<GetentOptions, CommandError> parse_getent(const std::vector<std::string>& arguments) {
  if (arguments.size() < 2 || arguments[1] != "hosts")
    return CommandError{fmt::format("getent: only the database 'hosts' is modelled, not '{}'",
                                    arguments.size() < 2 ? "" : arguments[1])};
  if (arguments.size() < 3) return CommandError{"getent: expected a name or an address after hosts"};
  return GetentOptions{{arguments.begin() + 2, arguments.end()}};
}

Task<int> nslookup_main(RunningProgram& self, NslookupOptions options) {
  Nslookup nslookup(self, std::move(options));
  co_return co_await nslookup.run();
}

Task<int> getent_main(RunningProgram& self, GetentOptions options) {
  return getent_hosts(self, std::move(options.keys));
}

}  // namespace ekspath
