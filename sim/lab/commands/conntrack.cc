#include <charconv>
#include <functional>
#include <optional>

#include "sim/lab/commands/commands.hh"
#include "sim/lab/commands/immediate.hh"
#include "sim/lab/world.hh"
#include "sim/linux/conntrack/conntrack.hh"
#include "sim/packet/headers.hh"

/// conntrack(8) of conntrack-tools 1.4.7: -L -D -F -C -S -E with its filters. facts/linux-datapath.md 3
namespace ekspath {
namespace {

constexpr std::string_view banner = "conntrack v1.4.7 (conntrack-tools)";
constexpr int processors = 2;  // `conntrack -S` prints a line for each; the model counts on the first

struct Query {
  char action = 0;
  bool extended = false;
  bool source_nat = false, destination_nat = false, any_nat = false;
  std::optional<std::uint8_t> protocol;
  std::optional<Prefix> original_source, original_destination, reply_source, reply_destination;
  std::optional<std::uint16_t> original_source_port, original_destination_port, reply_source_port,
      reply_destination_port;
  std::optional<std::uint32_t> mark;
  std::optional<TcpState> state;
  bool created = true, updated = true, destroyed = true;  // -e
  std::string error;
};

std::optional<std::uint8_t> protocol_of(std::string_view word) {
  if (word == "tcp") return 6;
  if (word == "udp") return 17;
  if (word == "icmp") return 1;
  std::uint8_t number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  return error == std::errc() && end == word.data() + word.size() ? std::optional(number) : std::nullopt;
}

template <class Number>
std::optional<Number> number_of(std::string_view word) {
  int base = 10;
  if (word.starts_with("0x")) {
    word.remove_prefix(2);
    base = 16;
  }
  Number number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number, base);
  return error == std::errc() && end == word.data() + word.size() ? std::optional(number) : std::nullopt;
}

/// An option that takes a value: its names, and what to do with the value (false: it does not parse).
struct ValueOption {
  std::string_view short_name, long_name;
  bool (*take)(Query&, std::string_view);
};

template <auto Member>
bool take_address(Query& query, std::string_view value) {
  query.*Member = Prefix::parse_loose(value);
  return (query.*Member).has_value();
}

template <auto Member>
bool take_port(Query& query, std::string_view value) {
  query.*Member = number_of<std::uint16_t>(value);
  return (query.*Member).has_value();
}

bool take_state(Query& query, std::string_view value) {
  constexpr std::pair<std::string_view, TcpState> states[] = {
      {"NONE", TcpState::none},         {"SYN_SENT", TcpState::syn_sent},
      {"SYN_RECV", TcpState::syn_recv}, {"ESTABLISHED", TcpState::established},
      {"FIN_WAIT", TcpState::fin_wait}, {"CLOSE_WAIT", TcpState::close_wait},
      {"LAST_ACK", TcpState::last_ack}, {"TIME_WAIT", TcpState::time_wait},
      {"CLOSE", TcpState::close},       {"SYN_SENT2", TcpState::syn_sent2}};
  for (const auto& [name, state] : states) {
    if (name == value) query.state = state;
  }
  return query.state.has_value();
}

/// -e NEW,UPDATES,DESTROY
bool take_events(Query& query, std::string_view value) {
  query.created = query.updated = query.destroyed = false;
  while (true) {
    const std::size_t comma = value.find(',');
    const std::string_view word = value.substr(0, comma);
    if (word != "ALL" && word != "NEW" && word != "UPDATES" && word != "DESTROY") return false;
    query.created |= word == "ALL" || word == "NEW";
    query.updated |= word == "ALL" || word == "UPDATES";
    query.destroyed |= word == "ALL" || word == "DESTROY";
    if (comma == std::string_view::npos) return true;
    value.remove_prefix(comma + 1);
  }
}

constexpr ValueOption value_options[] = {
    {"-p", "--proto", [](Query& q, std::string_view v) { return (q.protocol = protocol_of(v)).has_value(); }},
    {"-s", "--src", take_address<&Query::original_source>},
    {"-s", "--orig-src", take_address<&Query::original_source>},
    {"-d", "--dst", take_address<&Query::original_destination>},
    {"-d", "--orig-dst", take_address<&Query::original_destination>},
    {"-r", "--reply-src", take_address<&Query::reply_source>},
    {"-q", "--reply-dst", take_address<&Query::reply_destination>},
    {"", "--sport", take_port<&Query::original_source_port>},
    {"", "--orig-port-src", take_port<&Query::original_source_port>},
    {"", "--dport", take_port<&Query::original_destination_port>},
    {"", "--orig-port-dst", take_port<&Query::original_destination_port>},
    {"", "--reply-port-src", take_port<&Query::reply_source_port>},
    {"", "--reply-port-dst", take_port<&Query::reply_destination_port>},
    {"-m", "--mark",
     [](Query& q, std::string_view v) { return (q.mark = number_of<std::uint32_t>(v)).has_value(); }},
    {"", "--state", take_state},
    {"-f", "--family", [](Query&, std::string_view v) { return v == "ipv4"; }},
    {"-e", "--event-mask", take_events},
    {"-o", "--output",
     [](Query& q, std::string_view v) {
       q.extended = v == "extended";
       return q.extended;
     }},
};

/// What conntrack.c commands_v_options[] and the protocols' own options refuse.
std::string wrong_together(const Query& query, const std::vector<std::string>& words) {
  const bool alone = query.action == 'F' || query.action == 'C' || query.action == 'S';
  if (alone && words.size() > 2) return fmt::format("conntrack: -{} takes no options", query.action);
  const bool ports = query.original_source_port || query.original_destination_port ||
                     query.reply_source_port || query.reply_destination_port;
  if (ports && query.protocol != 6 && query.protocol != 17) return "conntrack: ports need -p tcp or -p udp";
  if (query.state && query.protocol != 6) return "conntrack: --state needs -p tcp";
  const bool all_events = query.created && query.updated && query.destroyed;
  if (!all_events && query.action != 'E') return "conntrack: -e goes with -E only";
  return {};
}

Query parse(const std::vector<std::string>& words) {
  Query query;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string& word = words[i];
    const auto act = [&](char action) {
      if (query.action != 0)
        query.error = fmt::format("conntrack: two commands, -{} and {}", query.action, word);
      query.action = action;
    };
    if (word == "-L" || word == "--dump") {
      act('L');
      if (i + 1 < words.size() && words[i + 1] == "conntrack") ++i;
    } else if (word == "-D" || word == "--delete") {
      act('D');
    } else if (word == "-F" || word == "--flush") {
      act('F');
    } else if (word == "-C" || word == "--count") {
      act('C');
    } else if (word == "-S" || word == "--stats") {
      act('S');
    } else if (word == "-E" || word == "--event") {
      act('E');
    } else if (word == "-n" || word == "--src-nat") {
      query.source_nat = true;
    } else if (word == "-g" || word == "--dst-nat") {
      query.destination_nat = true;
    } else if (word == "-j" || word == "--any-nat") {
      query.any_nat = true;
    } else {
      const ValueOption* found = nullptr;
      for (const ValueOption& option : value_options) {
        if (word == option.long_name || (!option.short_name.empty() && word == option.short_name))
          found = &option;
      }
      if (found == nullptr) {
        query.error = fmt::format(
            "conntrack: '{}' is not modelled; expected -L -D -F -C -S -E, -p -s -d -r -q -m -f -e, "
            "--sport --dport --state, -n -g -j, -o extended",
            word);
      } else if (i + 1 == words.size() || !found->take(query, words[i + 1])) {
        query.error =
            fmt::format("conntrack: '{}' is no value for {}", i + 1 < words.size() ? words[i + 1] : "", word);
      } else {
        ++i;
      }
    }
    if (!query.error.empty()) return query;
  }
  if (query.action == 0) query.error = "conntrack: expected a command: -L, -D, -F, -C, -S or -E";
  if (query.error.empty()) query.error = wrong_together(query, words);
  return query;
}

/// conntrack.c nfct_filter(): NAT is seen by the tuples alone, and every ICMP entry passes (facts 3).
bool source_translated(const Connection& c) {
  return c.reply.destination != c.original.source || c.reply.destination_port != c.original.source_port ||
         c.original.protocol == static_cast<std::uint8_t>(IpProtocol::icmp);
}

bool destination_translated(const Connection& c) {
  return c.reply.source != c.original.destination || c.reply.source_port != c.original.destination_port ||
         c.original.protocol == static_cast<std::uint8_t>(IpProtocol::icmp);
}

bool selected(const Query& query, const Connection& c) {
  const auto is = [](const auto& wanted, auto value) { return !wanted || *wanted == value; };
  const auto within = [](const std::optional<Prefix>& wanted, Ipv4Address address) {
    return !wanted || wanted->contains(address);
  };
  if (!within(query.original_source, c.original.source) ||
      !within(query.original_destination, c.original.destination) ||
      !within(query.reply_source, c.reply.source) || !within(query.reply_destination, c.reply.destination)) {
    return false;
  }
  if (!is(query.protocol, c.original.protocol) || !is(query.mark, c.mark) || !is(query.state, c.tcp))
    return false;
  if (!is(query.original_source_port, c.original.source_port) ||
      !is(query.original_destination_port, c.original.destination_port) ||
      !is(query.reply_source_port, c.reply.source_port) ||
      !is(query.reply_destination_port, c.reply.destination_port)) {
    return false;
  }
  if (query.source_nat && !source_translated(c)) return false;
  if (query.destination_nat && !destination_translated(c)) return false;
  return !query.any_nat || source_translated(c) || destination_translated(c);
}

std::string line_of(const Query& query, const Connection& connection, Nanoseconds now) {
  return (query.extended ? "ipv4     2 " : "") + conntrack_line(connection, now) + "\n";
}

CommandResult list(const Query& query, Netns& netns) {
  CommandResult result;
  std::size_t shown = 0;
  if (netns.conntrack) {
    for (const Connection* connection : netns.conntrack->connections()) {
      if (!selected(query, *connection)) continue;
      result.out += line_of(query, *connection, netns.now());
      ++shown;
    }
  }
  result.err = fmt::format("{}: {} flow entries have been shown.\n", banner, shown);
  return result;
}

CommandResult remove(const Query& query, Netns& netns) {
  CommandResult result;
  std::vector<Connection> removed;
  if (netns.conntrack) {
    removed =
        netns.conntrack->erase_if([&](const Connection& connection) { return selected(query, connection); });
  }
  for (const Connection& connection : removed) result.out += line_of(query, connection, netns.now());
  result.err = fmt::format("{}: {} flow entries have been deleted.\n", banner, removed.size());
  result.status = removed.empty() ? 1 : 0;
  return result;
}

CommandResult statistics(Netns& netns) {
  const ConntrackStatistics none;
  CommandResult result;
  for (int cpu = 0; cpu < processors; ++cpu) {
    const ConntrackStatistics& s = cpu == 0 && netns.conntrack ? netns.conntrack->statistics() : none;
    result.out += fmt::format(
        "cpu={:<4}\tfound={} invalid={} insert={} insert_failed={} drop={} early_drop={} error={} "
        "search_restart={} "
        "clash_resolve={} chaintoolong={} \n",
        cpu, s.found, s.invalid, s.insert, s.insert_failed, s.drop, s.early_drop, s.error, s.search_restart,
        s.clash_resolve, s.chaintoolong);
  }
  return result;
}

CommandResult answer(const Query& query, Netns& netns) {
  switch (query.action) {
    case 'L':
      return list(query, netns);
    case 'D':
      return remove(query, netns);
    case 'C':
      return {0, fmt::format("{}\n", netns.conntrack ? netns.conntrack->count() : 0), ""};
    case 'S':
      return statistics(netns);
    default:
      break;
  }
  if (netns.conntrack) (void)netns.conntrack->erase_if([](const Connection&) { return true; });
  return {0, "", fmt::format("{}: connection tracking table has been emptied.\n", banner)};
}

/// `conntrack -E`: a line an event, until it is stopped. Several may listen to one namespace.
class EventWatch final : public RunningCommand {
 public:
  EventWatch(CommandContext& context, Query query, CommandEnded ended)
      : netns_(context.host->netns),
        output_(&context.output),
        query_(std::move(query)),
        ended_(std::move(ended)) {
    if (!netns_->conntrack) return;  // no rule needs it: the kernel tracks nothing, and nothing is told
    auto& listener = netns_->conntrack->listener;
    if (listener.target<Fanout>() == nullptr) listener = Fanout{};
    listener.target<Fanout>()->watches.push_back(this);
  }
  ~EventWatch() override { close(); }

  void stop() override {
    auto ended = std::exchange(ended_, nullptr);
    if (!ended) return;
    close();
    output_->err(fmt::format("{}: {} flow events have been shown.\n", banner, shown_));
    ended(0);
  }
  [[nodiscard]] bool open_ended() const override { return true; }

 private:
  /// What a Conntrack calls: all who watch it.
  struct Fanout {
    std::vector<EventWatch*> watches;
    void operator()(Conntrack::Change change, const Connection& connection) const {
      for (EventWatch* watch : watches) watch->told(change, connection);
    }
  };

  void told(Conntrack::Change change, const Connection& connection) {
    const bool wanted = change == Conntrack::Change::created   ? query_.created
                        : change == Conntrack::Change::updated ? query_.updated
                                                               : query_.destroyed;
    if (!wanted || !selected(query_, connection)) return;
    std::string line = conntrack_event_line(change, connection, netns_->now());
    if (query_.extended) line.insert(line.find("] ") + 2, "ipv4     2 ");
    output_->out(line + "\n");
    ++shown_;
  }

  void close() {
    if (!netns_->conntrack) return;
    auto& listener = netns_->conntrack->listener;
    Fanout* fanout = listener.target<Fanout>();
    if (fanout == nullptr) return;
    std::erase(fanout->watches, this);
    if (fanout->watches.empty()) listener = nullptr;
  }

  Netns* netns_;
  CommandOutput* output_;
  Query query_;
  CommandEnded ended_;
  std::size_t shown_ = 0;
};

std::string check(const std::vector<std::string>& words) { return parse(words).error; }
bool open_ended(const std::vector<std::string>& words) { return parse(words).action == 'E'; }

std::unique_ptr<RunningCommand> start(CommandContext& context, const std::vector<std::string>& words,
                                      CommandEnded ended) {
  if (!context.root) {
    return end_at_once(context, ended,
                       {1, "",
                        fmt::format("{}: Operation failed: sorry, you must be root or get "
                                    "CAP_NET_ADMIN capability to do this\n",
                                    banner)});
  }
  Query query = parse(words);
  if (query.action == 'E') return std::make_unique<EventWatch>(context, std::move(query), std::move(ended));
  return end_at_once(context, ended, answer(query, *context.host->netns));
}

}  // namespace

CommandKind conntrack_command() { return {"conntrack", start, check, open_ended}; }

}  // namespace ekspath
