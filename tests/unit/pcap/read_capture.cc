#include "pcap/read_capture.hh"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "pcap/pcap_file.hh"
#include "tests/unit/pcap/scratch_folder.hh"

using namespace ekspath;
using namespace ekspath::literals;

namespace {

std::vector<std::uint8_t> two_packets() {
  const ScratchFolder folder;
  OutputBudget budget;
  PcapFile file(AtomicFile(folder / "f", budget), pcap_header(LinkType::ethernet), 1_s);
  file.record(0_s, std::vector<std::uint8_t>(60));
  file.record(1_s, std::vector<std::uint8_t>(60));
  file.file().commit();
  const std::string bytes = folder.read("f");
  return {bytes.begin(), bytes.end()};
}

}  // namespace

TEST_CASE("a file in memory is read like one on disk") {
  const auto bytes = two_packets();
  CaptureReader reader = CaptureReader::from_memory(bytes);
  CHECK(reader.link_type() == 1);
  CHECK(reader.next()->since_1970 == 1_s);
  CHECK(reader.next()->since_1970 == 2_s);
  CHECK(!reader.next());
  CHECK(reader.error() == "");
}

TEST_CASE("a file that ends in mid-packet gives the packets before, then says so") {
  const auto bytes = two_packets();
  CaptureReader reader = CaptureReader::from_memory(std::span(bytes).first(bytes.size() - 10));
  CHECK(reader.next());
  CHECK(!reader.next());
  CHECK(reader.error().find("truncated dump file") != std::string::npos);
  CHECK(!reader.next());
}

TEST_CASE("what is no capture file, what is empty and what is not there are errors") {
  const std::vector<std::uint8_t> text(100, 'x');
  CHECK(CaptureReader::from_memory(text).error() == "unknown file format");
  CHECK(!CaptureReader::from_memory({}).error().empty());
  CaptureReader missing = CaptureReader::from_file("/nonexistent/f.pcap");
  CHECK(missing.error() == "/nonexistent/f.pcap: No such file or directory");
  CHECK(!missing.next());
  CHECK(missing.link_type() == -1);
}
