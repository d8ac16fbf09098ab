#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sim/apps/running_program.hh"
#include "sim/apps/task.hh"
#include "sim/packet/dns_message.hh"

namespace ekspath {

/// One query of a tool's own, dig's or nslookup's: a socket for each try, the same id in each.
struct DnsReply {
  std::optional<DnsMessage> message;
  std::size_t size = 0;  // bytes of the message
  std::string failure;   // without a message: "timed out", "connection refused"
};
[[nodiscard]] Task<DnsReply> ask_by_datagram(RunningProgram& self, Endpoint server, DnsMessage query,
                                             Nanoseconds timeout);
[[nodiscard]] Task<DnsReply> ask_by_stream(RunningProgram& self, Endpoint server, DnsMessage query,
                                           Nanoseconds timeout);

/// A name as bind's tools complete it from /etc/resolv.conf: the names to ask in order, the next one after
/// NXDOMAIN. bind9 9.18 bin/dig/dighost.c next_origin()
[[nodiscard]] std::vector<DnsName> search_names(const std::string& text, const ResolvConf& conf);

}  // namespace ekspath
