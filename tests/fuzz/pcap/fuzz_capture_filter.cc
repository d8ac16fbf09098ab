#include <netdb.h>
#include <netinet/ether.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "pcap/capture_filter.hh"
#include "sim/base/assert.hh"

using namespace ekspath;

// libpcap asks the machine through these. A filter that comes to one of them is no longer the same
// everywhere; libpcap may only turn a number into one (AI_NUMERICHOST).
extern "C" int getaddrinfo(const char*, const char*, const addrinfo* hints, addrinfo**) {
  if (hints == nullptr || (hints->ai_flags & AI_NUMERICHOST) == 0) std::abort();
  return EAI_NONAME;
}
extern "C" netent* getnetbyname(const char*) { std::abort(); }
extern "C" protoent* getprotobyname(const char*) { std::abort(); }
extern "C" int ether_hostton(const char*, struct ether_addr*) { std::abort(); }

/// Any text as a filter: it compiles or is refused with a reason, it never asks the system, and what compiles
/// can look at any packet.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 512) return 0;  // libpcap's optimiser takes its time with long ones
  static const FilterNames names{{"pod1", {Ipv4Address(10, 0, 0, 5)}},
                                 {"node1", {Ipv4Address(10, 0, 0, 1), Ipv4Address(10, 0, 0, 2)}}};
  const std::string_view expression(reinterpret_cast<const char*>(data), size);
  std::array<std::uint8_t, 60> packet{};
  packet[12] = 8;
  packet[14] = 0x45;
  for (const LinkType link_type : {LinkType::ethernet, LinkType::linux_sll2}) {
    Diagnostics diagnostics;
    const auto filter = CaptureFilter::compile(expression, link_type, names, {}, diagnostics);
    ASSERT(filter.has_value() == diagnostics.ok());
    for (std::size_t length = 0; filter && length <= packet.size(); length += 20) {
      (void)filter->matches(std::span(packet).first(length));
    }
  }
  return 0;
}
