#include "pcap/pcap_file.hh"

#include <doctest/doctest.h>
#include <pcap/pcap.h>

#include <string>

#include "pcap/read_capture.hh"
#include "tests/unit/pcap/scratch_folder.hh"

using namespace ekspath;
using namespace ekspath::literals;

namespace {

const std::string small_frame(42, 'a');
const std::string jumbo_frame(9015, 'j');

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// The same packets by libpcap's own writer.
void dump_with_libpcap(const std::string& path, LinkType link_type) {
  pcap_t* handle =
      pcap_open_dead_with_tstamp_precision(static_cast<int>(link_type), 262144, PCAP_TSTAMP_PRECISION_NANO);
  pcap_dumper_t* dumper = pcap_dump_open(handle, path.c_str());
  REQUIRE(dumper != nullptr);
  for (int i = 0; i < 1000; ++i) {
    const std::string& frame = i % 10 == 9 ? jumbo_frame : small_frame;
    pcap_pkthdr header{};
    header.ts = {1739667600 + i, 999999999 - i};
    header.caplen = header.len = static_cast<bpf_u_int32>(frame.size());
    pcap_dump(reinterpret_cast<u_char*>(dumper), &header, bytes_of(frame).data());
  }
  pcap_dump_close(dumper);
  pcap_close(handle);
}

}  // namespace

TEST_CASE("a pcap file has the very bytes that libpcap's pcap_dump writes") {
  const ScratchFolder folder;
  for (const LinkType link_type : {LinkType::ethernet, LinkType::linux_sll2}) {
    dump_with_libpcap(folder / "libpcap", link_type);
    OutputBudget budget;
    PcapFile ours(AtomicFile(folder / "ours", budget), pcap_header(link_type), 1739667600_s);
    for (int i = 0; i < 1000; ++i) {
      const Nanoseconds time = i * 1_s + Nanoseconds(999999999 - i);
      const auto frame = bytes_of(i % 10 == 9 ? jumbo_frame : small_frame);
      if (i % 2 == 0)
        ours.record(time, frame);
      else
        ours.record(time, frame.first(20), frame.subspan(20));
    }
    ours.file().commit();
    CHECK(!ours.file().error());
    CHECK(folder.read("ours") == folder.read("libpcap"));
  }
}

TEST_CASE("a pcap file without packets still has its header, so that readers take it") {
  const ScratchFolder folder;
  OutputBudget budget;
  PcapFile file(AtomicFile(folder / "empty.pcap", budget), pcap_header(LinkType::ethernet), 0_s);
  file.file().commit();
  CaptureReader reader = CaptureReader::from_file(folder / "empty.pcap");
  CHECK(!reader.next());
  CHECK(reader.error().empty());
  CHECK(reader.link_type() == 1);
}

TEST_CASE("what was written is read back to the nanosecond") {
  const ScratchFolder folder;
  OutputBudget budget;
  PcapFile file(AtomicFile(folder / "f.pcap", budget), pcap_header(LinkType::ethernet), 1739667600_s);
  file.record(1_ns, bytes_of(small_frame));
  file.record(2_s + 999999999_ns, bytes_of(jumbo_frame));
  file.file().commit();
  CaptureReader reader = CaptureReader::from_file(folder / "f.pcap");
  const auto first = reader.next();
  REQUIRE(first);
  CHECK(first->since_1970 == 1739667600_s + 1_ns);
  CHECK(first->bytes.size() == small_frame.size());
  const auto second = reader.next();
  REQUIRE(second);
  CHECK(second->since_1970 == 1739667602_s + 999999999_ns);
  CHECK(std::string(second->bytes.begin(), second->bytes.end()) == jumbo_frame);
  CHECK(!reader.next());
  CHECK(reader.error().empty());
}
