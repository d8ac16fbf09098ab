#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "sim/base/diagnostics.hh"

namespace ekspath {

/// What the output files of a run share, so that thousands of them stay within bounds: memory for their
/// buffers, and descriptors. A file's buffer grows from 512 bytes to its fair part of the memory, at most 256
/// KiB (observed: facts/performance.md (a): larger ones gain nothing). Files beyond the bound of descriptors
/// are opened for each flush.
class OutputBudget {
 public:
  OutputBudget() = default;
  OutputBudget(std::size_t buffer_bytes, std::size_t descriptors)
      : buffer_bytes_(buffer_bytes), descriptors_(descriptors) {}
  OutputBudget(const OutputBudget&) = delete;
  OutputBudget& operator=(const OutputBudget&) = delete;

  /// The largest buffer that a file may have now.
  [[nodiscard]] std::size_t buffer_share() const;
  [[nodiscard]] std::size_t descriptors_in_use() const { return descriptors_in_use_; }
  /// The first error of any of the files.
  [[nodiscard]] const std::optional<SystemError>& first_error() const { return first_error_; }

 private:
  friend class AtomicFile;

  std::size_t buffer_bytes_ = std::size_t{128} << 20;
  std::size_t descriptors_ = 500;
  std::size_t files_ = 0;
  std::size_t descriptors_in_use_ = 0;
  std::optional<SystemError> first_error_;
};

/// An output file that is whole or not there: it is written as `PATH.part` and gets its name in commit().
/// What is not committed (an interrupted run, a full disk) keeps the name `PATH.part`. "-" is standard
/// output; it, FIFOs and devices are live: written in place, never renamed.
///
/// Every write is checked. The first error is kept, what comes after it is thrown away, and a regular file is
/// cut back to its last flush, so that a reader finds whole records (a writer reserves a record at once, and
/// a flush never splits what was reserved at once). SIGPIPE must be ignored by the program; a closed pipe is
/// then the error EPIPE.
class AtomicFile {
 public:
  /// Opens for writing; the folder must be there. Opening a FIFO waits for its reader.
  AtomicFile(std::string path, OutputBudget& budget);
  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  /// As abandon().
  ~AtomicFile();

  /// Room for `size` bytes in a row, which the caller must fill before the next call.
  [[nodiscard]] std::uint8_t* reserve(std::size_t size) {
    if (size > capacity_ - used_) make_room(size);
    std::uint8_t* at = buffer_.get() + used_;
    used_ += size;
    return at;
  }
  void write(std::span<const std::uint8_t> bytes) {
    std::memcpy(reserve(bytes.size()), bytes.data(), bytes.size());
  }

  /// Gives the buffer to the system.
  void flush();
  /// The file is complete: flushes, closes, and gives it its name. A failed one stays `.part`.
  void commit();
  /// The file will not be completed: flushes, closes, and leaves it as `.part`.
  void abandon();

  [[nodiscard]] bool is_live() const { return live_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  /// Where the bytes are until commit().
  [[nodiscard]] const std::string& part_path() const { return part_path_; }
  [[nodiscard]] const std::optional<SystemError>& error() const { return error_; }

 private:
  void open();
  void make_room(std::size_t size);
  void write_buffer(int descriptor);
  void fail(const char* what, int error_number);
  void close();

  OutputBudget* budget_;
  std::string path_;
  std::string part_path_;
  std::unique_ptr<std::uint8_t[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t used_ = 0;
  std::uint64_t written_ = 0;
  int descriptor_ = -1;
  bool live_ = false;
  bool ended_ = false;
  std::optional<SystemError> error_;
};

}  // namespace ekspath
