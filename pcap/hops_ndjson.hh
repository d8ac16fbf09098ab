#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string_view>

#include "pcap/atomic_file.hh"
#include "sim/packet/fate.hh"

namespace ekspath {

/// hops.ndjson: one JSON object a line for each decision, in the order of time, always with the same keys in
/// the same order; what does not apply is null (docs/captures.md).
class HopsFile {
 public:
  explicit HopsFile(AtomicFile file) : file_(std::move(file)) {}

  /// `flow` as Journey::flow has it.
  void write(const Decision& decision, std::string_view where, std::uint32_t flow);

  [[nodiscard]] AtomicFile& file() { return file_; }

 private:
  AtomicFile file_;
  fmt::memory_buffer line_;
};

/// Appends a JSON string with its quotes (RFC 8259 7). A byte that is no UTF-8 becomes U+FFFD.
void append_json_string(fmt::memory_buffer& text, std::string_view value);

}  // namespace ekspath
