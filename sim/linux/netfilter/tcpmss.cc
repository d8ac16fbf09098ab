#include "sim/linux/netfilter/tcpmss.hh"

#include <algorithm>
#include <cstring>

#include "sim/linux/netns.hh"
#include "sim/linux/walk.hh"
#include "sim/packet/build.hh"
#include "sim/packet/checksum.hh"
#include "sim/packet/headers.hh"

namespace ekspath {
namespace {

constexpr std::uint8_t option_end = 0, option_nop = 1, option_mss = 2;
constexpr std::size_t mss_size = 4;

/// optlen(): what to step over at `offset`.
std::size_t step(const std::uint8_t* tcp, std::size_t offset) {
  if (tcp[offset] <= option_nop || tcp[offset + 1] == 0) return 1;
  return tcp[offset + 1];
}

/// The least MTU of the way there and, when it is known, of the way back, less the headers; 0: too small for
/// any.
std::uint16_t clamped(Hop& hop, const Packet& packet) {
  constexpr std::uint32_t headers = Ipv4View::minimum_size + TcpView::minimum_size;
  std::uint32_t mtu = hop.mtu;
  FlowKey back;
  back.destination = ipv4(packet).source();
  const RouteResult reverse = hop.netns.routing.lookup(back);
  if (reverse.found() && reverse.out != nullptr) {
    mtu = std::min(mtu, mtu_of(hop.netns, reverse, back.destination));
  }
  return mtu <= headers ? std::uint16_t{0} : static_cast<std::uint16_t>(mtu - headers);
}

void lower(Packet& packet, std::size_t offset, std::uint16_t mss) {
  std::uint8_t* tcp = packet.transport();
  const std::uint16_t before = load16(tcp + offset + 2);
  if (before <= mss) return;  // never raised, even when set
  store16(tcp + offset + 2, mss);
  std::uint16_t sum = load16(tcp + 16);
  // The option may stand at an odd offset: then its bytes weigh the other way round.
  // inet_proto_csum_replace2()
  const auto swapped = [](std::uint16_t value) {
    return static_cast<std::uint16_t>((value << 8) | (value >> 8));
  };
  sum = offset % 2 == 0 ? checksum_update16(sum, before, mss)
                        : checksum_update16(sum, swapped(before), swapped(mss));
  store16(tcp + 16, sum);
}

/// A SYN without the option gets one behind its header, of at most 536 (RFC 879).
void insert(Packet& packet, std::uint16_t mss) {
  constexpr std::uint16_t default_mss = 536;
  mss = std::min(mss, default_mss);
  packet.append(mss_size);
  std::uint8_t* tcp = packet.transport();
  const std::size_t header = TcpView{tcp}.header_size();
  std::memmove(tcp + TcpView::minimum_size + mss_size, tcp + TcpView::minimum_size,
               header - TcpView::minimum_size);
  std::uint8_t* option = tcp + TcpView::minimum_size;
  option[0] = option_mss;
  option[1] = mss_size;
  store16(option + 2, mss);
  tcp[12] = static_cast<std::uint8_t>(tcp[12] + (1U << 4));
  const Ipv4View ip = ipv4(packet);
  store16(ip.at + 2, static_cast<std::uint16_t>(ip.total_length() + mss_size));
  Ipv4View(ip).refresh_checksum();
  refresh_transport_checksum(packet);
}

}  // namespace

bool has_tcp_option(const Packet& packet, std::uint8_t option) {
  const std::size_t header = tcp_header(packet).header_size();
  if (header > packet.transport_size()) return false;
  const std::uint8_t* tcp = packet.transport();
  for (std::size_t i = TcpView::minimum_size; i < header;) {
    if (tcp[i] == option) return true;
    i += i + 1 < header ? std::max<std::size_t>(1, tcp[i] < 2 ? 1 : tcp[i + 1]) : 1;
  }
  return false;
}

bool mangle_tcpmss(const TcpmssTarget& target, Hop& hop, Packet& packet) {
  if (ipv4(packet).fragment_offset() != 0) return true;
  const std::size_t length = packet.transport_size();
  if (length < TcpView::minimum_size) return false;
  const std::size_t header = tcp_header(packet).header_size();
  if (header > length || header < TcpView::minimum_size) return false;
  const std::uint16_t mss = target.clamp ? clamped(hop, packet) : target.mss;
  if (target.clamp && mss == 0) return false;
  const std::uint8_t* tcp = packet.transport();
  for (std::size_t i = TcpView::minimum_size; i + mss_size <= header; i += step(tcp, i)) {
    if (tcp[i] == option_end) break;
    if (tcp[i] != option_mss || tcp[i + 1] != mss_size) continue;
    lower(packet, i, mss);
    return true;
  }
  constexpr std::size_t largest_header = 60;
  if (length > header || header + mss_size > largest_header || packet.tailroom() < mss_size) return true;
  insert(packet, mss);
  return true;
}

}  // namespace ekspath
