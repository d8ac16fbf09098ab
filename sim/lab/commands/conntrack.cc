#include <charconv>
#include <functional>
#include <optional>

#include "sim/lab/commands/commands.hh"
#include "sim/lab/commands/immediate.hh"
#include "sim/lab/world.hh"
#include "sim/linux/conntrack/conntrack.hh"
#include "sim/packet/headers.hh"

/// conntrack(8) of conntrack-tools 1.4.7: -L -D -F -C -S with its filters. facts/linux-datapath.md 3
namespace ekspath {
namespace {

constexpr std::string_view banner = "conntrack v1.4.7 (conntrack-tools)";
constexpr int processors = 2;  // `conntrack -S` prints a line for each; the model counts on the first

struct Query {
  char action = 0;
  bool extended = false;
  bool source_nat = false, destination_nat = false, any_nat = false;
  std::optional<std::uint8_t> protocol;
  std::optional<Ipv4Address> original_source, original_destination, reply_source, reply_destination;
  std::optional<std::uint16_t> original_source_port, original_destination_port, reply_source_port,
      reply_destination_port;
  std::optional<std::uint32_t> mark;
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
  query.*Member = Ipv4Address::parse(value);
  return (query.*Member).has_value();
}

template <auto Member>
bool take_port(Query& query, std::string_view value) {
  query.*Member = number_of<std::uint16_t>(value);
  return (query.*Member).has_value();
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
    {"-o", "--output",
     [](Query& q, std::string_view v) {
       q.extended = v == "extended";
       return q.extended;
     }},
};

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
            "conntrack: option '{}' is not modelled; expected -L -D -F -C -S, -p -s -d -r -q -m, "
            "--sport --dport, -n -g -j, -o extended",
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
  if (query.action == 0) query.error = "conntrack: expected a command: -L, -D, -F, -C or -S";
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
  if (!is(query.protocol, c.original.protocol) || !is(query.original_source, c.original.source) ||
      !is(query.original_destination, c.original.destination) || !is(query.reply_source, c.reply.source) ||
      !is(query.reply_destination, c.reply.destination) || !is(query.mark, c.mark)) {
    return false;
  }
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

std::string check(const std::vector<std::string>& words) { return parse(words).error; }

std::unique_ptr<RunningCommand> start(CommandContext& context, const std::vector<std::string>& words,
                                      CommandEnded ended) {
  if (!context.root) {
    return end_at_once(context, ended,
                       {1, "",
                        fmt::format("{}: Operation failed: sorry, you must be root or get "
                                    "CAP_NET_ADMIN capability to do this\n",
                                    banner)});
  }
  return end_at_once(context, ended, answer(parse(words), *context.host->netns));
}

}  // namespace

CommandKind conntrack_command() { return {"conntrack", start, check}; }

}  // namespace ekspath
