#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "sim/base/nanoseconds.hh"
#include "sim/linux/socket/tcp_options.hh"

namespace ekspath {

/// Bytes in order: taken at the back, given at the front. Gives its memory back when empty.
class ByteQueue {
 public:
  void push(std::span<const std::uint8_t> bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  void pop(std::size_t n);
  [[nodiscard]] std::size_t size() const { return bytes_.size() - begin_; }
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] std::span<const std::uint8_t> view(std::size_t offset, std::size_t n) const {
    return {bytes_.data() + begin_ + offset, n};
  }

 private:
  std::vector<std::uint8_t> bytes_;
  std::size_t begin_ = 0;
};

/// A segment of the send queue: what stays together on the wire and when it is sent again. Linux: an skb of
/// sk_write_queue or of the retransmit queue.
struct SentSegment {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;  // payload and FIN
  bool push = false;
  bool fin = false;
  bool sacked = false;
  bool lost = false;
  bool retransmitted = false;  // since it was last marked lost
  bool ever_retransmitted = false;
  Nanoseconds sent_at;
  [[nodiscard]] std::uint32_t payload() const { return end - begin - (fin ? 1 : 0); }
};

/// What was received beyond a gap. Linux: tp->out_of_order_queue
class ReassemblyQueue {
 public:
  /// Takes bytes that begin at `begin`; what is there already stays.
  void insert(std::uint32_t begin, std::span<const std::uint8_t> bytes);
  /// Moves what now continues at `next` into `into`; returns how many bytes that were.
  std::uint32_t take(std::uint32_t next, ByteQueue& into);
  [[nodiscard]] bool empty() const { return pieces_.empty(); }
  [[nodiscard]] std::size_t bytes() const;
  void clear() { pieces_.clear(); }
  /// The blocks to report, the one with `latest` first. RFC 2018 4
  [[nodiscard]] std::vector<SequenceRange> blocks(std::uint32_t latest) const;

 private:
  struct Piece {
    std::uint32_t begin = 0;
    std::vector<std::uint8_t> bytes;
    [[nodiscard]] std::uint32_t end() const { return begin + static_cast<std::uint32_t>(bytes.size()); }
  };
  std::vector<Piece> pieces_;  // by sequence; neither overlapping nor touching
};

}  // namespace ekspath
