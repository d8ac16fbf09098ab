#include "tests/kernel/whole/node_frames.hh"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <tuple>

#include "sim/packet/checksum.hh"
#include "sim/packet/headers.hh"

namespace ekspath {
namespace {

using Bytes = std::vector<std::uint8_t>;
constexpr std::size_t ip_at = 14;

/// The first sequence number of each direction, by (source, destination, ports).
using FirstNumbers = std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>, std::uint32_t>;

/// The transport's bytes of a whole datagram, and where its checksum lies; empty when there is none to mend.
struct Transport {
  std::uint8_t* data = nullptr;
  std::size_t size = 0;
  std::size_t checksum_at = 0;
};

Transport transport_of(const Ipv4View& ip) {
  if (ip.is_fragment() || ip.total_length() < ip.header_size() + 8) return {};
  Transport transport{ip.at + ip.header_size(), ip.total_length() - ip.header_size(), 0};
  switch (IpProtocol{ip.protocol()}) {
    case IpProtocol::tcp:
      transport.checksum_at = 16;
      break;
    case IpProtocol::udp:
      transport.checksum_at = 6;
      break;
    case IpProtocol::icmp:
      transport.checksum_at = 2;
      break;
    default:
      return {};
  }
  return transport;
}

/// `number` counted from the first one of its direction.
void rebase(std::uint8_t* number, std::uint32_t first) { store32(number, load32(number) - first); }

void set_tcp_aside(const Ipv4View& ip, const Transport& transport, FirstNumbers& firsts) {
  if (transport.size < TcpView::minimum_size) return;
  const TcpView tcp{transport.data};
  const auto ports = std::uint32_t{tcp.source_port()} << 16 | tcp.destination_port();
  const std::tuple forth{ip.source().bits(), ip.destination().bits(), ports};
  const std::tuple back{ip.destination().bits(), ip.source().bits(), ports << 16 | ports >> 16};
  if (tcp.has(tcp_flag::syn)) firsts[forth] = tcp.sequence();
  if (firsts.contains(forth)) rebase(transport.data + 4, firsts[forth]);
  if (tcp.has(tcp_flag::ack) && firsts.contains(back)) rebase(transport.data + 8, firsts[back]);
  // RFC 7323: kind 8, length 10, two numbers
  for (std::size_t at = TcpView::minimum_size; at + 1 < tcp.header_size() && at + 1 < transport.size;) {
    const std::uint8_t kind = transport.data[at];
    if (kind == 0) break;
    if (kind == 8 && at + 10 <= transport.size) {
      for (const std::size_t of : {at + 2, at + 6}) {
        if (load32(transport.data + of) != 0) store32(transport.data + of, 1);
      }
    }
    at += kind == 1 ? 1 : std::max<std::size_t>(transport.data[at + 1], 2);
  }
  const std::string_view text(reinterpret_cast<const char*>(transport.data), transport.size);
  const std::string_view date = "Date: ", one_day = "Sun, 16 Feb 2025 01:00:00 GMT";
  const std::size_t at = text.find(date);
  if (at == std::string_view::npos || at + date.size() + one_day.size() > text.size()) return;
  std::copy(one_day.begin(), one_day.end(), transport.data + at + date.size());
}

std::uint16_t sum_of(const Ipv4View& ip, const Transport& transport) {
  if (IpProtocol{ip.protocol()} == IpProtocol::icmp) return checksum(transport.data, transport.size);
  return transport_checksum(ip.source(), ip.destination(), ip.protocol(), transport.data, transport.size);
}

/// Sets aside what the two hosts' clocks and draws make of a datagram, and writes its sum again if it was
/// right.
void set_transport_aside(const Ipv4View& ip, const Transport& transport, FirstNumbers& firsts);

/// The time that an echo carries; of an error, what the datagram that it quotes carries.
void set_icmp_aside(const Transport& transport, FirstNumbers& firsts) {
  constexpr std::size_t time_size = 16;  // struct timeval, where the payload holds it: ping -s 16 and above
  if (transport.size < IcmpView::size + time_size) return;
  const IcmpView icmp{transport.data};
  if (icmp.type() == icmp::echo_request || icmp.type() == icmp::echo_reply) {
    std::fill_n(transport.data + IcmpView::size, time_size, std::uint8_t{0});
  } else if (icmp.type() == icmp::unreachable || icmp.type() == icmp::time_exceeded) {
    const Ipv4View quoted{transport.data + IcmpView::size};
    if (transport.size < IcmpView::size + quoted.total_length()) return;  // cut off: its sum says nothing
    set_transport_aside(quoted, transport_of(quoted), firsts);
  }
}

void set_transport_aside(const Ipv4View& ip, const Transport& transport, FirstNumbers& firsts) {
  if (transport.data == nullptr) return;
  const bool was_right = sum_of(ip, transport) == 0;
  if (IpProtocol{ip.protocol()} == IpProtocol::tcp) set_tcp_aside(ip, transport, firsts);
  if (IpProtocol{ip.protocol()} == IpProtocol::icmp) set_icmp_aside(transport, firsts);
  if (!was_right) return;
  store16(transport.data + transport.checksum_at, 0);
  store16(transport.data + transport.checksum_at, sum_of(ip, transport));
}

void set_frame_aside(CapturedFrame& frame, bool eni, FirstNumbers& firsts) {
  const Ipv4View ip{frame.bytes.data() + ip_at};
  if (eni) std::fill_n(frame.bytes.begin() + (frame.out ? 0 : 6), 6, std::uint8_t{0});
  frame.bytes.resize(std::min<std::size_t>(frame.bytes.size(), ip_at + ip.total_length()));
  if (frame.bytes.size() == ip_at + ip.total_length()) set_transport_aside(ip, transport_of(ip), firsts);
}

bool is_ipv4(const Bytes& frame) {
  return frame.size() >= ip_at + Ipv4View::minimum_size && load16(frame.data() + 12) == 0x0800;
}

}  // namespace

void set_own_aside(NodeFrames& frames) {
  for (auto& [name, captured] : frames) {
    std::erase_if(captured, [](const CapturedFrame& frame) { return !is_ipv4(frame.bytes); });
    const bool eni = name.find("/ens") != std::string::npos;
    FirstNumbers firsts;
    for (CapturedFrame& frame : captured) set_frame_aside(frame, eni, firsts);
  }
}

std::string frame_difference(const NodeFrames& kernels, const NodeFrames& ours,
                             const std::vector<std::uint16_t>& given) {
  Renaming renaming;
  for (const std::uint16_t port : given) renaming.given(Renaming::Kind::port, port);
  std::string report;
  for (const auto& [name, theirs] : kernels) {
    const auto found = ours.find(name);
    const std::vector<CapturedFrame> own = found == ours.end() ? std::vector<CapturedFrame>() : found->second;
    for (std::size_t i = 0; i < std::max(theirs.size(), own.size()); ++i) {
      if (i < theirs.size() && i < own.size() && theirs[i].out == own[i].out &&
          same_frame(theirs[i].bytes, own[i].bytes, renaming)) {
        continue;
      }
      const auto words = [i](const std::vector<CapturedFrame>& captured) {
        if (i >= captured.size()) return std::string("nothing");
        return fmt::format("{} {}", captured[i].out ? "out" : "in ", describe_bytes(captured[i].bytes));
      };
      report += fmt::format("{}: frame {} (of {} and {})\n  kernel: {}\n  ours:   {}\n", name, i + 1,
                            theirs.size(), own.size(), words(theirs), words(own));
      break;  // what follows at this interface is out of step
    }
  }
  return report;
}

}  // namespace ekspath
