#pragma once

#include <string>
#include <string_view>

#include "sim/packet/packet.hh"

namespace ekspath {

/// Packets as text, both ways: what a test sends and what it expects read alike. What has its default is left
/// out, and printing what was read gives the same text.
///
///   10.0.0.5.4242 > 8.8.8.8.53: UDP 12                              12 bytes of payload
///   10.0.0.5.4242 > 8.8.8.8.80: TCP S seq 100 win 64240 opts 020405b4
///   8.8.8.8.80 > 10.0.0.5.4242: TCP P. seq 1 ack 101 len 5          flags as tcpdump's: S F R P U, a point
///   for ACK 10.0.0.5 > 8.8.8.8: ICMP echo request id 7 seq 1 len 56         or echo reply 10.0.0.1
///   > 10.0.0.5: ICMP 3/4 mtu 1400 [10.0.0.5.4242 > 8.8.8.8.53: UDP 12, cut to 28] 10.0.0.1 > 10.0.0.5: ICMP
///   13/0 rest 458753 len 12               any other type/code 10.0.0.5 > 8.8.8.8: protocol 47 len 10 also a
///   later fragment of anything
///
/// and after a comma each: ttl 3 (default 64), tos 16, id 9, may fragment (default: DF), more fragments,
/// offset 1480, cut to 28 (bytes that are there of a longer datagram), bad ip checksum, bad checksum. TCP's
/// defaults: seq 0, ack 0, win 64240, len 0. Payload bytes are 0, 1, 2, ...
///
/// A frame has its MAC addresses in front; ARP is known too:
///   02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff | ARP who-has 10.0.0.1 tell 10.0.0.5
///   02:00:00:00:00:02 > 02:00:00:00:00:01 | ARP 10.0.0.1 is-at 02:00:00:00:00:02
///   02:00:00:00:00:01 > 02:00:00:00:00:02 | 10.0.0.5.4242 > 8.8.8.8.53: UDP 12

/// A packet that begins with its IPv4 header, offsets set, checksums right unless the text says otherwise.
/// Throws std::invalid_argument with the text and the place where it cannot be read.
[[nodiscard]] PacketRef packet(PacketPool& pool, std::string_view text);
/// An Ethernet frame of the text; the offsets behind the link header are set.
[[nodiscard]] PacketRef frame(PacketPool& pool, std::string_view text);

/// The datagram that the packet holds at its network offset. Garbage is described too: "not IPv4 (12 bytes)".
[[nodiscard]] std::string describe(const Packet& packet);
/// The Ethernet frame that the packet begins with.
[[nodiscard]] std::string describe_frame(const Packet& packet);

}  // namespace ekspath
