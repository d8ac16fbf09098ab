#include "pcap/atomic_file.hh"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace ekspath {
namespace {

constexpr std::size_t first_buffer = 512;
constexpr std::size_t buffer_growth = 8;
constexpr std::size_t least_share = 4096;
constexpr std::size_t largest_share = std::size_t{256} << 10;
constexpr int creation_flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC;

/// What a symbolic link leads to: it is that file which is replaced, not the link.
std::string resolved(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISLNK(status.st_mode)) return path;
  char* real = ::realpath(path.c_str(), nullptr);
  if (real == nullptr) return path;
  std::string target(real);
  std::free(real);
  return target;
}

void wait_until_writable(int descriptor) {
  pollfd entry{descriptor, POLLOUT, 0};
  ::poll(&entry, 1, -1);
}

}  // namespace

std::size_t OutputBudget::buffer_share() const {
  const std::size_t share = std::bit_floor(buffer_bytes_ / std::max<std::size_t>(files_, 1));
  return std::clamp(share, least_share, largest_share);
}

AtomicFile::AtomicFile(std::string path, OutputBudget& budget) : budget_(&budget), path_(std::move(path)) {
  ++budget_->files_;
  open();
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : budget_(other.budget_),
      path_(std::move(other.path_)),
      part_path_(std::move(other.part_path_)),
      buffer_(std::move(other.buffer_)),
      capacity_(std::exchange(other.capacity_, 0)),
      used_(std::exchange(other.used_, 0)),
      written_(other.written_),
      descriptor_(std::exchange(other.descriptor_, -1)),
      live_(other.live_),
      ended_(std::exchange(other.ended_, true)),
      error_(std::move(other.error_)) {}

AtomicFile::~AtomicFile() { abandon(); }

void AtomicFile::open() {
  if (path_ == "-") {
    part_path_ = path_;
    live_ = true;
    descriptor_ = STDOUT_FILENO;
    return;
  }
  const std::string target = resolved(path_);
  struct stat status {};
  const bool exists = ::stat(target.c_str(), &status) == 0;
  live_ = exists && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
  part_path_ = live_ ? target : target + ".part";
  if (exists && S_ISDIR(status.st_mode)) return fail("cannot write", EISDIR);
  descriptor_ = ::open(part_path_.c_str(), live_ ? O_WRONLY | O_CLOEXEC : creation_flags, 0666);
  if (descriptor_ < 0) return fail("cannot open for writing", errno);
  ++budget_->descriptors_in_use_;
  if (!live_ && budget_->descriptors_in_use_ > budget_->descriptors_) close();
}

void AtomicFile::make_room(std::size_t size) {
  if (used_ > 0) flush();
  const std::size_t wished =
      std::min(std::max(first_buffer, capacity_ * buffer_growth), budget_->buffer_share());
  const std::size_t capacity = std::max({capacity_, wished, size});
  if (capacity == capacity_) return;
  buffer_ = std::make_unique_for_overwrite<std::uint8_t[]>(capacity);
  capacity_ = capacity;
}

void AtomicFile::flush() {
  if (!error_ && used_ > 0) {
    if (descriptor_ >= 0) {
      write_buffer(descriptor_);
    } else {
      const int descriptor = ::open(part_path_.c_str(), O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
      if (descriptor < 0) {
        fail("cannot open for writing", errno);
      } else {
        write_buffer(descriptor);
        if (::close(descriptor) != 0) fail("cannot write", errno);
      }
    }
  }
  used_ = 0;
}

void AtomicFile::write_buffer(int descriptor) {
  for (std::size_t done = 0; done < used_;) {
    const ssize_t count = ::write(descriptor, buffer_.get() + done, used_ - done);
    if (count >= 0) {
      done += static_cast<std::size_t>(count);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      wait_until_writable(descriptor);  // standard output may be somebody's non-blocking pipe
    } else if (errno != EINTR) {
      fail("cannot write", errno);
      // Best effort: a reader of the .part file then finds no half record. The error is reported in either
      // case.
      if (!live_ && ::ftruncate(descriptor, static_cast<off_t>(written_)) != 0) return;
      return;
    }
  }
  written_ += used_;
}

void AtomicFile::commit() {
  if (ended_) return;
  ended_ = true;
  flush();
  close();
  --budget_->files_;
  buffer_.reset();
  capacity_ = 0;
  if (error_ || live_) return;
  const std::string target = part_path_.substr(0, part_path_.size() - std::string_view(".part").size());
  if (::rename(part_path_.c_str(), target.c_str()) != 0) return fail("cannot rename", errno);
  part_path_ = target;
}

void AtomicFile::abandon() {
  if (ended_) return;
  ended_ = true;
  flush();
  close();
  --budget_->files_;
  buffer_.reset();
  capacity_ = 0;
}

void AtomicFile::close() {
  if (descriptor_ < 0 || path_ == "-") return;
  // Network file systems report a full disk here. Linux closes the descriptor whatever close() returns.
  if (::close(descriptor_) != 0 && errno != EINTR) fail("cannot write", errno);
  descriptor_ = -1;
  --budget_->descriptors_in_use_;
}

void AtomicFile::fail(const char* what, int error_number) {
  if (error_) return;
  error_ = SystemError{what, path_, error_number};
  if (!budget_->first_error_) budget_->first_error_ = error_;
}

}  // namespace ekspath
