#include <cstddef>
#include <cstdint>
#include <vector>

#include "pcap/flow_numbers.hh"
#include "pcap/pcap_file.hh"
#include "pcap/read_capture.hh"
#include "sim/base/assert.hh"

using namespace ekspath;

/// Any bytes as a capture file: the reader ends, each packet lies within what was read, and what looks into
/// frames stays within them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  CaptureReader reader = CaptureReader::from_memory({data, size});
  FlowNumbers flows;
  while (const auto packet = reader.next()) {
    const std::vector<std::uint8_t> exact(packet->bytes.begin(),
                                          packet->bytes.end());  // so that one byte too far is seen
    const Tuple tuple = flow_tuple(exact);
    const std::uint32_t flow = flows.flow_of(tuple);
    ASSERT(flows.flow_of(tuple.reply()) == flow || tuple.protocol == 1);
  }
  ASSERT(!reader.next());
  return 0;
}
