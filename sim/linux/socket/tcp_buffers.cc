#include "sim/linux/socket/tcp_buffers.hh"

#include <algorithm>

#include "sim/base/assert.hh"

namespace ekspath {

void ByteQueue::pop(std::size_t n) {
  ASSERT(n <= size());
  begin_ += n;
  if (begin_ == bytes_.size()) {
    bytes_ = {};
    begin_ = 0;
  } else if (begin_ > 65536 && begin_ > bytes_.size() / 2) {
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(begin_));
    begin_ = 0;
  }
}

void ReassemblyQueue::insert(std::uint32_t begin, std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return;
  Piece merged{begin, {bytes.begin(), bytes.end()}};
  auto first = std::ranges::find_if(pieces_, [&](const Piece& piece) { return !before(piece.end(), begin); });
  auto last = first;
  for (; last != pieces_.end() && !after(last->begin, merged.end()); ++last) {
    if (before(last->begin, merged.begin)) {
      const std::uint32_t in_front = merged.begin - last->begin;
      merged.bytes.insert(merged.bytes.begin(), last->bytes.begin(), last->bytes.begin() + in_front);
      merged.begin = last->begin;
    }
    if (after(last->end(), merged.end())) {
      const std::uint32_t known = merged.end() - last->begin;
      merged.bytes.insert(merged.bytes.end(), last->bytes.begin() + known, last->bytes.end());
    }
  }
  pieces_.insert(pieces_.erase(first, last), std::move(merged));
}

std::uint32_t ReassemblyQueue::take(std::uint32_t next, ByteQueue& into) {
  std::uint32_t taken = 0;
  while (!pieces_.empty() && !after(pieces_.front().begin, next)) {
    const Piece& piece = pieces_.front();
    if (after(piece.end(), next)) {
      into.push(std::span(piece.bytes).subspan(next - piece.begin));
      taken += piece.end() - next;
      next = piece.end();
    }
    pieces_.erase(pieces_.begin());
  }
  return taken;
}

std::size_t ReassemblyQueue::bytes() const {
  std::size_t sum = 0;
  for (const Piece& piece : pieces_) sum += piece.bytes.size();
  return sum;
}

std::vector<SequenceRange> ReassemblyQueue::blocks(std::uint32_t latest) const {
  std::vector<SequenceRange> result;
  for (const Piece& piece : pieces_) {
    const SequenceRange block{piece.begin, piece.end()};
    const bool is_latest = !before(latest, block.begin) && before(latest, block.end);
    result.insert(is_latest ? result.begin() : result.end(), block);
  }
  return result;
}

}  // namespace ekspath
