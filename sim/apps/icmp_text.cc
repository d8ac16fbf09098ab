#include "sim/apps/icmp_text.hh"

#include <fmt/format.h>

#include <array>

#include "sim/base/ipv4_address.hh"
#include "sim/packet/headers.hh"

namespace ekspath {
namespace {

std::string unreachable_text(std::uint8_t code, std::uint32_t info) {
  static constexpr std::array<std::string_view, 16> texts{
      "Destination Net Unreachable",
      "Destination Host Unreachable",
      "Destination Protocol Unreachable",
      "Destination Port Unreachable",
      "",
      "Source Route Failed",
      "Destination Net Unknown",
      "Destination Host Unknown",
      "Source Host Isolated",
      "Destination Net Prohibited",
      "Destination Host Prohibited",
      "Destination Net Unreachable for Type of Service",
      "Destination Host Unreachable for Type of Service",
      "Packet filtered",
      "Precedence Violation",
      "Precedence Cutoff",
  };
  if (code == icmp::fragmentation_needed) return fmt::format("Frag needed and DF set (mtu = {})", info);
  if (code >= texts.size()) return fmt::format("Dest Unreachable, Bad Code: {}", code);
  return std::string(texts[code]);
}

std::string redirect_text(std::uint8_t code, std::uint32_t info) {
  static constexpr std::array<std::string_view, 4> texts{"Redirect Network", "Redirect Host",
                                                         "Redirect Type of Service and Network",
                                                         "Redirect Type of Service and Host"};
  if (code >= texts.size()) return fmt::format("Redirect, Bad Code: {}", code);
  return fmt::format("{}(New nexthop: {})", texts[code], Ipv4Address(info));
}

}  // namespace

std::string icmp_error_text(std::uint8_t type, std::uint8_t code, std::uint32_t info) {
  switch (type) {
    case icmp::unreachable:
      return unreachable_text(code, info);
    case icmp::source_quench:
      return "Source Quench";
    case icmp::redirect:
      return redirect_text(code, info);
    case icmp::time_exceeded:
      if (code == 0) return "Time to live exceeded";
      if (code == 1) return "Frag reassembly time exceeded";
      return fmt::format("Time exceeded, Bad Code: {}", code);
    case icmp::parameter_problem:
      return fmt::format("Parameter problem: pointer = {}", info >> 24);
    default:
      return fmt::format("Bad ICMP type: {}", type);
  }
}

}  // namespace ekspath
