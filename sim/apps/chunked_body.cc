#include "sim/apps/chunked_body.hh"

#include <algorithm>

namespace ekspath {
namespace {

/// curl lib/http_chunks.h CHUNK_MAXNUM_LEN
constexpr std::uint32_t most_digits = 16;

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string ChunkedBody::decode(std::string_view bytes) {
  std::string body;
  while (!bytes.empty() && state_ != State::ended && fault_ == Fault::none) {
    if (state_ == State::data) {
      const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
      body += bytes.substr(0, taken);
      bytes.remove_prefix(taken);
      left_ -= taken;
      if (left_ == 0) state_ = State::data_end;
      continue;
    }
    const char c = bytes.front();
    bytes.remove_prefix(1);
    switch (state_) {
      case State::size:
        read_size(c);
        break;
      case State::size_line:
        if (c == '\n') end_size_line();
        break;
      case State::data_end:
        if (c == '\n') {
          state_ = State::size;
        } else if (c != '\r') {
          fail(Fault::malformed);
        }
        break;
      case State::trailer:
        if (c == '\n') {
          if (trailer_is_empty_) state_ = State::ended;
          trailer_is_empty_ = true;
        } else if (c != '\r') {
          trailer_is_empty_ = false;
        }
        break;
      case State::data:
      case State::ended:
        break;
    }
  }
  return body;
}

void ChunkedBody::read_size(char c) {
  if (const int value = digit_value(c); value >= 0) {
    if (++digits_ > most_digits) return fail(Fault::size_too_long);
    left_ = left_ * 16 + static_cast<std::uint64_t>(value);
    return;
  }
  if (digits_ == 0) return fail(Fault::no_size);
  state_ = State::size_line;
  if (c == '\n') end_size_line();
}

void ChunkedBody::end_size_line() {
  state_ = left_ == 0 ? State::trailer : State::data;
  digits_ = 0;
}

void ChunkedBody::fail(Fault fault) { fault_ = fault; }

}  // namespace ekspath
