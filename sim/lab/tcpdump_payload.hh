#pragma once

#include <cstdint>
#include <span>
#include <string>

/// What tcpdump 4.99.3 prints of the payloads that it looks into.
namespace ekspath {

/// A DNS message: "4660+ A? example.com. (29)". `length`: what the datagram says it has. print-domain.c
/// domain_print()
[[nodiscard]] std::string tcpdump_dns(std::span<const std::uint8_t> message, std::size_t length,
                                      int verbosity);
/// "HTTP: GET / HTTP/1.1"; all its text lines with -v. print-http.c, signature: print.c txtproto_print()
[[nodiscard]] std::string tcpdump_http(std::span<const std::uint8_t> payload, std::size_t length,
                                       int verbosity);

}  // namespace ekspath
