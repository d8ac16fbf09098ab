#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace ekspath {

/// A range of sequence numbers, the end excluded.
struct SequenceRange {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

// Sequence numbers wrap. RFC 793 3.3
[[nodiscard]] constexpr bool before(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::int32_t>(a - b) < 0;
}
[[nodiscard]] constexpr bool after(std::uint32_t a, std::uint32_t b) { return before(b, a); }

/// The options of a segment. Linux 6.1 net/ipv4/tcp_input.c tcp_parse_options()
struct TcpOptions {
  std::uint16_t mss = 0;                     // 0: absent
  std::optional<std::uint8_t> window_scale;  // SYN only; at most 14
  bool sack_permitted = false;               // SYN only
  bool has_timestamp = false;
  std::uint32_t timestamp = 0;
  std::uint32_t timestamp_echo = 0;
  std::array<SequenceRange, 4> sack{};
  std::uint8_t sack_count = 0;
};
/// `bytes`: what follows the first 20 bytes of the header. Reads up to the first malformed option.
[[nodiscard]] TcpOptions parse_tcp_options(std::span<const std::uint8_t> bytes);

/// Options as bytes, at most 40.
struct TcpOptionBytes {
  std::array<std::uint8_t, 40> bytes{};
  std::size_t size = 0;
  [[nodiscard]] std::span<const std::uint8_t> span() const { return {bytes.data(), size}; }
};
/// In Linux's order and padding: mss, sackOK, TS, nop, wscale; nop nop TS; nop nop sack.
/// Linux 6.1 net/ipv4/tcp_output.c tcp_options_write()
[[nodiscard]] TcpOptionBytes write_tcp_options(const TcpOptions& options);

}  // namespace ekspath
