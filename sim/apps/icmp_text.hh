#pragma once

#include <cstdint>
#include <string>

namespace ekspath {

/// An ICMP error in ping's words. iputils 20221126 ping/ping.c pr_icmph()
[[nodiscard]] std::string icmp_error_text(std::uint8_t type, std::uint8_t code, std::uint32_t info);

}  // namespace ekspath
