#include "pcap/capture_filter.hh"

#include <array>
#include <cstdio>

#include "pcap/filter_names.hh"
#include "pcap/pcap_file.hh"
#include "sim/base/assert.hh"

namespace ekspath {
namespace {

/// libpcap's optimiser takes time that grows faster than the expression.
constexpr std::size_t longest_expression = 16384;

struct ClosePcap {
  void operator()(pcap_t* handle) const { pcap_close(handle); }
};
using Handle = std::unique_ptr<pcap_t, ClosePcap>;

/// A handle that reads a file without packets. On a dead handle `inbound` on Ethernet compiles and never
/// matches; on a savefile's it is the error that it should be. observed: facts/capture.md 2
Handle savefile_handle(LinkType link_type) {
  PcapHeader header = pcap_header(link_type);
  std::FILE* memory = ::fmemopen(header.data(), header.size(), "rb");
  ASSERT(memory != nullptr);
  std::array<char, PCAP_ERRBUF_SIZE> text{};
  Handle handle(pcap_fopen_offline_with_tstamp_precision(memory, PCAP_TSTAMP_PRECISION_NANO, text.data()));
  ASSERT(handle != nullptr);
  return handle;
}

}  // namespace

std::optional<CaptureFilter> CaptureFilter::compile(std::string_view expression, LinkType link_type,
                                                    const FilterNames& names, const Location& where,
                                                    Diagnostics& diagnostics) {
  const auto refuse = [&](const std::string& found, std::string expected, std::string hint) {
    const std::string shown(expression.substr(0, 200));
    diagnostics.report({where, "filter '" + shown + "': " + found, std::move(expected), std::move(hint)});
    return std::nullopt;
  };
  if (expression.size() > longest_expression) {
    return refuse(fmt::format("{} bytes", expression.size()), fmt::format("at most {}", longest_expression),
                  "");
  }
  ResolvedFilter resolved = resolve_filter_names(expression, names);
  if (!resolved.found.empty()) return refuse(resolved.found, resolved.expected, resolved.hint);

  const Handle handle = savefile_handle(link_type);
  Program program(new bpf_program{});
  constexpr int optimise = 1;
  if (pcap_compile(handle.get(), program.get(), resolved.expression.c_str(), optimise,
                   PCAP_NETMASK_UNKNOWN) != 0) {
    return refuse(pcap_geterr(handle.get()), "a tcpdump expression (man pcap-filter)", "");
  }
  return CaptureFilter(std::string(expression), std::move(program));
}

}  // namespace ekspath
