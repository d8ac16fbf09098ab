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

}  // namespace

std::string conntrack_line(const Connection& connection, Nanoseconds now) {
  std::string text = fmt::format("{:<8} {} {} ", protocol_name(connection.original.protocol),
                                 connection.original.protocol, seconds_left(connection, now));
  if (IpProtocol{connection.original.protocol} == IpProtocol::tcp) {
    text.append(tcp_names[static_cast<std::size_t>(connection.tcp)]).append(" ");
  }
  append_tuple(text, connection.original);
  if (!connection.has(connection_status::seen_reply)) text += "[UNREPLIED] ";
  append_tuple(text, connection.reply);
  if (connection.has(connection_status::assured)) text += "[ASSURED] ";
  fmt::format_to(std::back_inserter(text), "mark={} use=1", connection.mark);
  return text;
}

}  // namespace ekspath
