#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ekspath {

/// Takes the transfer coding "chunked" off a body that comes in pieces. RFC 9112 7.1; extensions and trailers
/// are read and not looked at.
class ChunkedBody {
 public:
  enum class Fault : std::uint8_t { none, no_size, size_too_long, malformed };

  /// What `bytes` hold of the body. Nothing after the end or a fault.
  [[nodiscard]] std::string decode(std::string_view bytes);
  [[nodiscard]] bool ended() const { return state_ == State::ended; }
  [[nodiscard]] Fault fault() const { return fault_; }

 private:
  enum class State : std::uint8_t { size, size_line, data, data_end, trailer, ended };

  void read_size(char c);
  void end_size_line();
  void fail(Fault fault);

  State state_ = State::size;
  Fault fault_ = Fault::none;
  std::uint32_t digits_ = 0;      // of the size at hand
  std::uint64_t left_ = 0;        // bytes of the chunk at hand
  bool trailer_is_empty_ = true;  // the line at hand
};

}  // namespace ekspath
