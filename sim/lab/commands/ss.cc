#include <algorithm>
#include <array>

#include "sim/lab/commands/commands.hh"
#include "sim/lab/commands/immediate.hh"
#include "sim/lab/world.hh"

/// ss(8) of iproute2 6.1 for TCP and UDP sockets. Columns are as wide as their longest cell: what ss does
/// when its output is no terminal. misc/ss.c; observed: fixtures ss-*.
namespace ekspath {
namespace {

struct Query {
  bool tcp = false, udp = false, listening = false, all = false, numeric = false, header = true;
  std::string error;
};

Query parse(const std::vector<std::string>& words) {
  Query query;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string& word = words[i];
    const bool short_options = word.size() > 1 && word[0] == '-' && word[1] != '-';
    for (std::size_t at = 1; short_options && at < word.size() && query.error.empty(); ++at) {
      switch (word[at]) {
        case 't':
          query.tcp = true;
          break;
        case 'u':
          query.udp = true;
          break;
        case 'l':
          query.listening = true;
          break;
        case 'a':
          query.all = true;
          break;
        case 'n':
          query.numeric = true;
          break;
        case 'H':
          query.header = false;
          break;
        case '4':
          break;  // there is no other family
        default:
          query.error =
              fmt::format("ss: option '-{}' is not modelled; expected -t, -u, -l, -a, -n, -4, -H", word[at]);
      }
    }
    if (word == "--tcp") {
      query.tcp = true;
    } else if (word == "--udp") {
      query.udp = true;
    } else if (word == "--listening") {
      query.listening = true;
    } else if (word == "--all") {
      query.all = true;
    } else if (word == "--numeric") {
      query.numeric = true;
    } else if (!short_options) {
      query.error = fmt::format("ss: '{}' is not modelled; expected -t, -u, -l, -a, -n, -4, -H", word);
    }
    if (!query.error.empty()) return query;
  }
  if (!query.tcp && !query.udp) {
    query.error = "ss: sockets other than TCP's and UDP's are not modelled; expected -t or -u";
  } else if (!query.numeric) {
    query.error = "ss: without -n ports get names, which is not modelled; expected -n";
  }
  return query;
}

/// misc/ss.c default_states[]: without -a and -l, what is connected.
bool selected(const Query& query, const SocketSummary& socket) {
  const bool waits = socket.state == "LISTEN" || socket.state == "UNCONN";
  if (query.all) return true;
  if (query.listening) return waits;
  return !waits && socket.state != "TIME-WAIT" && socket.state != "SYN-RECV";
}

enum Column : std::size_t {
  netid,
  state,
  receive,
  send,
  local,
  local_port,
  peer,
  peer_port,
  process,
  columns
};
using Row = std::array<std::string, columns>;

Row row_of(const SocketSummary& socket) {
  const auto port = [](std::uint16_t value) {
    return value == 0 ? std::string("*") : fmt::format("{}", value);
  };
  return {socket.protocol == 6 ? "tcp" : "udp",
          socket.state,
          fmt::format("{}", socket.receive_queue),
          fmt::format("{}", socket.send_queue),
          fmt::format("{}:", socket.local),
          port(socket.local_port),
          fmt::format("{}:", socket.remote),
          port(socket.remote_port),
          ""};
}

/// render(): addresses to the right, the rest to the left; a space before each but the ports and the first.
std::string render(const std::vector<Row>& rows, bool with_netid, bool with_state) {
  std::array<std::size_t, columns> widths{};
  for (const Row& row : rows) {
    for (std::size_t column = 0; column < columns; ++column)
      widths[column] = std::max(widths[column], row[column].size());
  }
  std::string text;
  for (const Row& row : rows) {
    bool first = true;
    for (std::size_t column = 0; column < columns; ++column) {
      if ((column == netid && !with_netid) || (column == state && !with_state)) continue;
      const bool glued = column == local_port || column == peer_port || column == process;
      if (!first && !glued) text += " ";
      const bool right = column == local || column == peer;
      text += right ? fmt::format("{:>{}}", row[column], widths[column])
                    : fmt::format("{:<{}}", row[column], widths[column]);
      first = false;
    }
    text += "\n";
  }
  return text;
}

std::string check(const std::vector<std::string>& words) { return parse(words).error; }

std::unique_ptr<RunningCommand> start(CommandContext& context, const std::vector<std::string>& words,
                                      CommandEnded ended) {
  const Query query = parse(words);
  std::vector<Row> rows;
  if (query.header) {
    rows.push_back(
        {"Netid", "State", "Recv-Q", "Send-Q", "Local Address:", "Port", "Peer Address:", "Port", "Process"});
  }
  const auto& sockets = context.host->netns->sockets;
  const std::vector<SocketSummary> all = sockets ? sockets->summary() : std::vector<SocketSummary>();
  for (const std::uint8_t protocol : {std::uint8_t{17}, std::uint8_t{6}}) {
    if (protocol == 17 ? !query.udp : !query.tcp) continue;
    for (const SocketSummary& socket : all) {
      if (socket.protocol == protocol && selected(query, socket)) rows.push_back(row_of(socket));
    }
  }
  // A filter of one state only has no column for it: connected UDP sockets.
  const bool with_state = query.tcp || query.all || query.listening;
  return end_at_once(context, ended, {0, render(rows, query.tcp && query.udp, with_state), ""});
}

}  // namespace

CommandKind ss_command() { return {"ss", start, check}; }

}  // namespace ekspath
