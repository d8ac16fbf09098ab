#include <fmt/format.h>

#include <iterator>

#include "sim/linux/conntrack/conntrack.hh"
#include "sim/packet/headers.hh"

namespace ekspath {
namespace {

std::string_view protocol_name(std::uint8_t protocol) {
  switch (IpProtocol{protocol}) {
    case IpProtocol::icmp:
      return "icmp";
    case IpProtocol::tcp:
      return "tcp";
    case IpProtocol::udp:
      return "udp";
    case IpProtocol::gre:
      return "gre";
    case IpProtocol::sctp:
      return "sctp";
  }
  return "unknown";
}

/// In the order of TcpState. Linux 6.1 net/netfilter/nf_conntrack_proto_tcp.c tcp_conntrack_names
constexpr std::string_view tcp_names[]{"NONE",       "SYN_SENT", "SYN_RECV",  "ESTABLISHED", "FIN_WAIT",
                                       "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE",       "SYN_SENT2"};

/// libnetfilter_conntrack 1.0.9 src/conntrack/snprintf_default.c __snprintf_proto()
void append_tuple(std::string& text, const Tuple& tuple) {
  auto out = std::back_inserter(text);
  fmt::format_to(out, "src={} dst={} ", tuple.source, tuple.destination);
  switch (IpProtocol{tuple.protocol}) {
    case IpProtocol::icmp:
      fmt::format_to(out, "type={} code={} id={} ", tuple.icmp_type(), tuple.icmp_code(), tuple.source_port);
      break;
    case IpProtocol::gre:
      fmt::format_to(out, "srckey=0x{:x} dstkey=0x{:x} ", tuple.source_port, tuple.destination_port);
      break;
    case IpProtocol::tcp:
    case IpProtocol::udp:
    case IpProtocol::sctp:
      fmt::format_to(out, "sport={} dport={} ", tuple.source_port, tuple.destination_port);
      break;
  }
}

std::string name_and_number(const Connection& connection) {
  const std::uint8_t protocol = connection.original.protocol;
  return fmt::format("{:<8} {} ", protocol_name(protocol), protocol);
}

void append_time_and_state(std::string& text, const Connection& connection, Nanoseconds now) {
  fmt::format_to(std::back_inserter(text), "{} ", seconds_left(connection, now));
  if (IpProtocol{connection.original.protocol} != IpProtocol::tcp) return;
  text.append(tcp_names[static_cast<std::size_t>(connection.tcp)]).append(" ");
}

void append_tuples(std::string& text, const Connection& connection) {
  append_tuple(text, connection.original);
  if (!connection.has(connection_status::seen_reply)) text += "[UNREPLIED] ";
  append_tuple(text, connection.reply);
  if (connection.has(connection_status::assured)) text += "[ASSURED] ";
}

}  // namespace

std::string conntrack_line(const Connection& connection, Nanoseconds now) {
  std::string text = name_and_number(connection);
  append_time_and_state(text, connection, now);
  append_tuples(text, connection);
  fmt::format_to(std::back_inserter(text), "mark={} use=1", connection.mark);
  return text;
}

std::string conntrack_event_line(Conntrack::Change change, const Connection& connection, Nanoseconds now) {
  std::string text;
  switch (change) {
    case Conntrack::Change::created:
      text = "    [NEW] ";
      break;
    case Conntrack::Change::updated:
      text = " [UPDATE] ";
      break;
    case Conntrack::Change::destroyed:
      text = "[DESTROY] ";
      break;
  }
  text += name_and_number(connection);
  if (change != Conntrack::Change::destroyed) append_time_and_state(text, connection, now);
  append_tuples(text, connection);
  if (connection.mark != 0) fmt::format_to(std::back_inserter(text), "mark={} ", connection.mark);
  text.pop_back();  // the blank behind the last word
  return text;
}

}  // namespace ekspath
