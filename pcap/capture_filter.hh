#pragma once

#include <pcap/pcap.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pcap/link_type.hh"
#include "sim/base/diagnostics.hh"
#include "sim/base/ipv4_address.hh"

namespace ekspath {

/// The names that a filter may use for addresses: pods, nodes, services. A name of several addresses means
/// any of them.
using FilterNames = std::map<std::string, std::vector<Ipv4Address>, std::less<>>;

/// A tcpdump expression (man pcap-filter), compiled by libpcap to BPF. Nothing of the machine it runs on is
/// asked: names come from FilterNames, services and protocols from a small table here; another name is an
/// error, where libpcap would ask the system's resolver and /etc/services. Where libpcap looks a service up
/// and takes the protocols that it is listed for, `port http` here is `port 80`: TCP, UDP and SCTP.
class CaptureFilter {
 public:
  /// Reports what is wrong with the expression at `where`. The empty expression matches everything.
  [[nodiscard]] static std::optional<CaptureFilter> compile(std::string_view expression, LinkType link_type,
                                                            const FilterNames& names, const Location& where,
                                                            Diagnostics& diagnostics);

  [[nodiscard]] bool matches(std::span<const std::uint8_t> packet) const {
    const auto size = static_cast<u_int>(packet.size());
    return bpf_filter(program_->bf_insns, packet.data(), size, size) != 0;
  }
  /// As the user wrote it.
  [[nodiscard]] const std::string& expression() const { return expression_; }

 private:
  struct Free {
    void operator()(bpf_program* program) const {
      pcap_freecode(program);
      delete program;
    }
  };
  using Program = std::unique_ptr<bpf_program, Free>;
  CaptureFilter(std::string expression, Program program)
      : expression_(std::move(expression)), program_(std::move(program)) {}

  std::string expression_;
  Program program_;
};

}  // namespace ekspath
