#include "pcap/read_capture.hh"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace ekspath {
namespace {

using ErrorText = std::array<char, PCAP_ERRBUF_SIZE>;

}  // namespace

CaptureReader CaptureReader::from_file(const std::string& path) {
  CaptureReader reader;
  ErrorText text{};
  // The plain call would divide the nanoseconds by 1000. observed: facts/capture.md 2
  reader.handle_.reset(
      pcap_open_offline_with_tstamp_precision(path.c_str(), PCAP_TSTAMP_PRECISION_NANO, text.data()));
  if (!reader.handle_) reader.error_ = text.data();
  return reader;
}

CaptureReader CaptureReader::from_memory(std::span<const std::uint8_t> bytes) {
  CaptureReader reader;
  if (bytes.empty()) {  // fmemopen() of nothing is undefined before POSIX 2017
    reader.error_ = "truncated dump file";
    return reader;
  }
  std::FILE* memory = ::fmemopen(const_cast<std::uint8_t*>(bytes.data()), bytes.size(), "rb");
  if (memory == nullptr) {
    reader.error_ = std::strerror(errno);
    return reader;
  }
  ErrorText text{};
  reader.handle_.reset(
      pcap_fopen_offline_with_tstamp_precision(memory, PCAP_TSTAMP_PRECISION_NANO, text.data()));
  if (!reader.handle_) {
    reader.error_ = text.data();
    std::fclose(memory);
  }
  return reader;
}

std::optional<CapturedPacket> CaptureReader::next() {
  if (!handle_ || !error_.empty()) return std::nullopt;
  pcap_pkthdr* header = nullptr;
  const u_char* bytes = nullptr;
  const int result = pcap_next_ex(handle_.get(), &header, &bytes);
  if (result == PCAP_ERROR_BREAK) return std::nullopt;
  if (result != 1) {
    error_ = pcap_geterr(handle_.get());
    return std::nullopt;
  }
  const auto seconds = static_cast<std::uint64_t>(header->ts.tv_sec);
  const auto nanoseconds = seconds * 1'000'000'000 + static_cast<std::uint64_t>(header->ts.tv_usec);
  return CapturedPacket{
      Nanoseconds(static_cast<std::int64_t>(nanoseconds)), {bytes, header->caplen}, header->len};
}

int CaptureReader::link_type() const { return handle_ ? pcap_datalink(handle_.get()) : -1; }

}  // namespace ekspath
