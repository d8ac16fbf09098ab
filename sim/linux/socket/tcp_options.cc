#include "sim/linux/socket/tcp_options.hh"

#include <algorithm>

#include "sim/packet/byte_order.hh"

namespace ekspath {
namespace {

enum Kind : std::uint8_t {
  end_of_list = 0,
  nop = 1,
  mss = 2,
  window_scale = 3,
  sack_permitted = 4,
  sack = 5,
  timestamp = 8
};

void read_option(TcpOptions& options, const std::uint8_t* at, std::size_t size) {
  switch (at[0]) {
    case mss:
      if (size == 4) options.mss = load16(at + 2);
      break;
    case window_scale:
      if (size == 3) options.window_scale = std::min<std::uint8_t>(at[2], 14);
      break;
    case sack_permitted:
      options.sack_permitted = size == 2;
      break;
    case sack:
      for (std::size_t i = 2; i + 8 <= size && options.sack_count < options.sack.size(); i += 8) {
        options.sack[options.sack_count++] = {load32(at + i), load32(at + i + 4)};
      }
      break;
    case timestamp:
      if (size != 10) break;
      options.has_timestamp = true;
      options.timestamp = load32(at + 2);
      options.timestamp_echo = load32(at + 6);
      break;
    default:
      break;
  }
}

void put(TcpOptionBytes& out, std::initializer_list<std::uint8_t> bytes) {
  for (const std::uint8_t byte : bytes) out.bytes[out.size++] = byte;
}
void put32(TcpOptionBytes& out, std::uint32_t value) {
  store32(out.bytes.data() + out.size, value);
  out.size += 4;
}

}  // namespace

TcpOptions parse_tcp_options(std::span<const std::uint8_t> bytes) {
  TcpOptions options;
  std::size_t at = 0;
  while (at < bytes.size() && bytes[at] != end_of_list) {
    if (bytes[at] == nop) {
      ++at;
      continue;
    }
    if (at + 1 >= bytes.size() || bytes[at + 1] < 2 || at + bytes[at + 1] > bytes.size()) break;
    read_option(options, bytes.data() + at, bytes[at + 1]);
    at += bytes[at + 1];
  }
  return options;
}

TcpOptionBytes write_tcp_options(const TcpOptions& options) {
  TcpOptionBytes out;
  if (options.mss != 0) {
    put(out, {mss, 4, static_cast<std::uint8_t>(options.mss >> 8), static_cast<std::uint8_t>(options.mss)});
  }
  if (options.has_timestamp) {
    if (options.sack_permitted) {
      put(out, {sack_permitted, 2, timestamp, 10});
    } else {
      put(out, {nop, nop, timestamp, 10});
    }
    put32(out, options.timestamp);
    put32(out, options.timestamp_echo);
  } else if (options.sack_permitted) {
    put(out, {nop, nop, sack_permitted, 2});
  }
  if (options.window_scale) put(out, {nop, window_scale, 3, *options.window_scale});
  if (options.sack_count > 0) {
    put(out, {nop, nop, sack, static_cast<std::uint8_t>(2 + 8 * options.sack_count)});
    for (std::size_t i = 0; i < options.sack_count; ++i) {
      put32(out, options.sack[i].begin);
      put32(out, options.sack[i].end);
    }
  }
  return out;
}

}  // namespace ekspath
