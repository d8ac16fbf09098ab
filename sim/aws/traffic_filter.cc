#include "sim/aws/traffic_filter.hh"

#include <fmt/format.h>

namespace ekspath {

std::string to_string(const TrafficFilter& filter) {
  if (filter.protocol == TrafficFilter::all) return "all";
  if (filter.protocol == static_cast<std::uint16_t>(IpProtocol::icmp)) {
    if (filter.icmp_type == TrafficFilter::all) return "icmp";
    if (filter.icmp_code == TrafficFilter::all) return fmt::format("icmp {}", filter.icmp_type);
    return fmt::format("icmp {}/{}", filter.icmp_type, filter.icmp_code);
  }
  if (!filter.has_ports()) return fmt::format("protocol {}", filter.protocol);
  const char* name = filter.protocol == static_cast<std::uint16_t>(IpProtocol::tcp) ? "tcp" : "udp";
  if (filter.all_ports()) return name;
  if (filter.low_port == filter.high_port) return fmt::format("{} {}", name, filter.low_port);
  return fmt::format("{} {}-{}", name, filter.low_port, filter.high_port);
}

}  // namespace ekspath
