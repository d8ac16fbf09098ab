#include "sim/apps/dig.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/apps/dns_exchange.hh"
#include "sim/apps/programs.hh"

namespace ekspath {
namespace {

constexpr std::string_view version = "9.18.33";  // bind-utils of AL2023
constexpr std::uint16_t edns_size = 1232;

/// Text that knows its column. bind9 lib/dns/masterdump.c indent()
class ColumnText {
 public:
  explicit ColumnText(std::string text) : text_(std::move(text)), column_(text_.size()) {}
  void at(std::size_t column, std::string_view text) {
    constexpr std::size_t tab = 8;
    column = std::max(column, column_ + 1);
    if (const std::size_t tabs = column / tab - column_ / tab; tabs > 0) {
      text_.append(tabs, '\t');
      column_ = column / tab * tab;
    }
    text_.append(column - column_, ' ');
    text_ += text;
    column_ = column + text.size();
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string text_;
  std::size_t column_;
};

/// "Mon Nov 23 08:29:00 UTC 2026"; hosts here run in UTC.
std::string date_text(std::int64_t unix_seconds) {
  constexpr std::array<std::string_view, 7> days{"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
  constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::int64_t day = unix_seconds / 86400, second = unix_seconds % 86400;
  // Howard Hinnant, "chrono-compatible low-level date algorithms": civil_from_days
  const std::int64_t z = day + 719468, era = z / 146097, doe = z - era * 146097;
  const std::int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const std::int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
  const std::int64_t month = mp < 10 ? mp + 3 : mp - 9, year = yoe + era * 400 + (month <= 2 ? 1 : 0);
  return fmt::format("{} {} {:02} {:02}:{:02}:{:02} UTC {}", days[static_cast<std::size_t>(day % 7)],
                     months[static_cast<std::size_t>(month - 1)], doy - (153 * mp + 2) / 5 + 1, second / 3600,
                     second / 60 % 60, second % 60, year);
}

class Dig {
 public:
  Dig(RunningProgram& self, DigOptions options)
      : self_(self),
        options_(std::move(options)),
        conf_(parse_resolv_conf(self.environment().resolv_conf)),
        draws_(self.netns().random(fmt::format("dig {}", self.process_id()))) {
    if (options_.ndots) conf_.ndots = *options_.ndots;
  }

  Task<int> run();

 private:
  [[nodiscard]] Task<bool> find_servers();
  [[nodiscard]] Task<DnsReply> ask(DnsName name);
  [[nodiscard]] DnsMessage query_for(const DnsName& name);
  [[nodiscard]] std::string greeting() const;
  void print(const DnsMessage& message);
  void print_header(const DnsMessage& message);
  void print_section(std::string_view title, const std::vector<DnsRecord>& records);
  void print_statistics(const DnsReply& reply);

  RunningProgram& self_;
  DigOptions options_;
  ResolvConf conf_;
  Random draws_;
  std::vector<Ipv4Address> servers_;
  Ipv4Address server_;  // the one that answered
  std::vector<std::uint8_t> cookie_;
  bool by_tcp_ = false;
  Nanoseconds sent_;
};

Task<int> Dig::run() {
  if (!co_await find_servers()) co_return 1;
  for (int i = 0; i < 8; ++i) cookie_.push_back(static_cast<std::uint8_t>(draws_.uniform(256)));
  std::vector<DnsName> names(1, DnsName::parse(options_.name).value());
  if (options_.search) names = search_names(options_.name, conf_);
  DnsReply reply;
  for (const DnsName& name : names) {
    reply = co_await ask(name);
    if (!reply.message || reply.message->code != DnsCode::name_error) break;
  }
  if (!reply.message) {
    if (!options_.short_form && options_.command) self_.out(greeting());
    self_.out(";; no servers could be reached\n");
    co_return 9;
  }
  if (options_.short_form) {
    for (const DnsRecord& record : reply.message->answers) self_.out(data_text(record) + "\n");
    co_return 0;
  }
  if (options_.command && !options_.all_off) self_.out(greeting());
  print(*reply.message);
  if (options_.statistics) print_statistics(reply);
  co_return 0;
}

Task<bool> Dig::find_servers() {
  servers_ = conf_.nameservers;
  if (options_.server.empty()) co_return true;
  const NamedHost host = co_await self_.resolve(options_.server);
  if (host.error != NameError::none) {
    self_.out(fmt::format("dig: couldn't get address for '{}': not found\n", options_.server));
    co_return false;
  }
  servers_ = host.addresses;
  co_return true;
}

DnsMessage Dig::query_for(const DnsName& name) {
  DnsMessage query;
  query.id = static_cast<std::uint16_t>(draws_.uniform(65536));
  query.recursion_desired = options_.recurse;
  query.authenticated = true;  // +adflag
  query.questions.push_back({name, options_.type, DnsClass::internet});
  if (options_.edns) {
    query.edns.emplace();
    query.edns->udp_size = edns_size;
    if (options_.cookie) query.edns->options.push_back({DnsEdns::cookie, cookie_});
  }
  return query;
}

/// dighost.c: each server in turn, as often as +tries says; a truncated answer is asked for again by TCP.
Task<DnsReply> Dig::ask(DnsName name) {
  DnsMessage query = query_for(name);
  DnsReply reply;
  by_tcp_ = options_.tcp;
  const Nanoseconds timeout(options_.timeout_s * 1'000'000'000);
  for (std::int64_t attempt = 0; attempt < options_.tries; ++attempt) {
    for (const Ipv4Address address : servers_) {
      server_ = address;
      const Endpoint server{address, options_.port};
      sent_ = self_.now();
      if (by_tcp_) {
        reply = co_await ask_by_stream(self_, server, query, 2 * timeout);
      } else {
        reply = co_await ask_by_datagram(self_, server, query, timeout);
      }
      if (reply.message && reply.message->truncated && !by_tcp_) {
        if (options_.comments && !options_.short_form) self_.out(";; Truncated, retrying in TCP mode.\n");
        by_tcp_ = true;
        query.id = static_cast<std::uint16_t>(draws_.uniform(65536));
        sent_ = self_.now();
        reply = co_await ask_by_stream(self_, server, query, 2 * timeout);
      }
      if (reply.message) co_return reply;
      self_.out(fmt::format(";; communications error to {}#{}: {}\n", address, options_.port, reply.failure));
    }
  }
  co_return reply;
}

std::string Dig::greeting() const {
  std::string text = fmt::format("\n; <<>> DiG {} <<>>", version);
  for (std::size_t i = 1; i < self_.arguments().size(); ++i) text += " " + self_.arguments()[i];
  text += "\n";
  if (!options_.server.empty())
    text += fmt::format("; ({} server{} found)\n", servers_.size(), servers_.size() == 1 ? "" : "s");
  return text + ";; global options: +cmd\n";
}

/// dig.c printmessage()
void Dig::print(const DnsMessage& message) {
  if (options_.comments) print_header(message);
  if (options_.question && !message.questions.empty()) {
    std::string text;
    if (options_.comments) text += ";; QUESTION SECTION:\n";
    for (const DnsQuestion& question : message.questions) text += dig_question_line(question) + "\n";
    self_.out(text + (options_.comments ? "\n" : ""));
  }
  if (options_.answer) print_section("ANSWER", message.answers);
  if (options_.authority) print_section("AUTHORITY", message.authority);
  if (options_.additional) print_section("ADDITIONAL", message.additional);
}

void Dig::print_header(const DnsMessage& message) {
  static const DnsName local = DnsName::parse("local").value();
  std::string text = ";; Got answer:\n";
  const bool is_local = !message.questions.empty() && message.questions.front().name.is_within(local);
  if (is_local) {
    text +=
        ";; WARNING: .local is reserved for Multicast DNS\n"
        ";; You are currently testing what happens when an mDNS query is leaked to DNS\n";
  }
  text += fmt::format(";; ->>HEADER<<- opcode: {}, status: {}, id: {}\n;; flags:",
                      message.opcode == 0 ? "QUERY" : fmt::format("RESERVED{}", message.opcode),
                      to_string(message.code), message.id);
  const std::array<std::pair<bool, std::string_view>, 7> flags{{{message.response, " qr"},
                                                                {message.authoritative, " aa"},
                                                                {message.truncated, " tc"},
                                                                {message.recursion_desired, " rd"},
                                                                {message.recursion_available, " ra"},
                                                                {message.authenticated, " ad"},
                                                                {message.checking_disabled, " cd"}}};
  for (const auto& [set, flag] : flags) {
    if (set) text += flag;
  }
  text += fmt::format("; QUERY: {}, ANSWER: {}, AUTHORITY: {}, ADDITIONAL: {}\n", message.questions.size(),
                      message.answers.size(), message.authority.size(),
                      message.additional.size() + (message.edns ? 1 : 0));
  if (message.recursion_desired && !message.recursion_available)
    text += ";; WARNING: recursion requested but not available\n";
  text += "\n";
  if (message.edns) {
    text += fmt::format(";; OPT PSEUDOSECTION:\n; EDNS: version: {}, flags:{}; udp: {}\n",
                        message.edns->version, message.edns->dnssec_ok ? " do" : "", message.edns->udp_size);
    for (const DnsEdns::Option& option : message.edns->options) {
      const bool is_cookie = option.code == DnsEdns::cookie;
      text += is_cookie ? "; COOKIE: " : fmt::format("; OPT={}: ", option.code);
      for (const std::uint8_t byte : option.value) text += fmt::format("{:02x}", byte);
      if (is_cookie) text += option.value == cookie_ ? " (echoed)" : " (bad)";
      text += "\n";
    }
  }
  self_.out(std::move(text));
}

void Dig::print_section(std::string_view title, const std::vector<DnsRecord>& records) {
  if (records.empty()) return;
  std::string text;
  if (options_.comments) text += fmt::format(";; {} SECTION:\n", title);
  for (const DnsRecord& record : records) text += dig_record_line(record) + "\n";
  self_.out(text + (options_.comments ? "\n" : ""));
}

void Dig::print_statistics(const DnsReply& reply) {
  const std::int64_t wall = (self_.netns().kernel().epoch_ns + self_.now().count()) / 1'000'000'000;
  self_.out(
      fmt::format(";; Query time: {} msec\n;; SERVER: {}#{}({}) ({})\n;; WHEN: {}\n;; MSG SIZE  rcvd: {}\n\n",
                  (self_.now() - sent_).whole_milliseconds(), server_, options_.port,
                  options_.server.empty() ? fmt::format("{}", server_) : options_.server,
                  by_tcp_ ? "TCP" : "UDP", date_text(wall), reply.size));
}

}  // namespace

std::string dig_record_line(const DnsRecord& record) {
  ColumnText line(record.name.text());
  line.at(24, fmt::format("{}", record.ttl_s));
  line.at(32, to_string(record.record_class));
  line.at(40, to_string(record.type));
  line.at(48, data_text(record));
  return line.take();
}

std::string dig_question_line(const DnsQuestion& question) {
  ColumnText line(question.name.text());
  line.at(32, to_string(question.question_class));
  line.at(40, to_string(question.type));
  return ";" + line.take();
}

Task<int> dig_main(RunningProgram& self, DigOptions options) {
  Dig dig(self, std::move(options));
  co_return co_await dig.run();
}

}  // namespace ekspath
