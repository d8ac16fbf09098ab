#include "pcap/pcap_file.hh"

#include <pcap/pcap.h>

#include <bit>
#include <cstdio>
#include <cstdlib>

#include "sim/base/assert.hh"

namespace ekspath {

// libpcap writes the order of the host; all that we write is little-endian, so that runs repeat everywhere.
static_assert(std::endian::native == std::endian::little);

PcapHeader pcap_header(LinkType link_type) {
  pcap_t* handle = pcap_open_dead_with_tstamp_precision(
      static_cast<int>(link_type), static_cast<int>(snapshot_length), PCAP_TSTAMP_PRECISION_NANO);
  ASSERT(handle != nullptr);
  char* bytes = nullptr;
  std::size_t size = 0;
  std::FILE* memory = ::open_memstream(&bytes, &size);
  ASSERT(memory != nullptr);
  pcap_dumper_t* dumper = pcap_dump_fopen(handle, memory);
  ASSERT(dumper != nullptr);
  pcap_dump_close(dumper);
  pcap_close(handle);
  PcapHeader header;
  ASSERT(size == header.size());
  std::memcpy(header.data(), bytes, size);
  std::free(bytes);
  return header;
}

}  // namespace ekspath
