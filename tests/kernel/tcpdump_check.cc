#include "tests/kernel/tcpdump_check.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "sim/lab/tcpdump_text.hh"
#include "tests/kernel/real_tools.hh"

namespace ekspath {
namespace {

constexpr std::int64_t step_ns = 1'000'000;  // between two frames: when they were seen is not the question

/// A classic pcap of Ethernet frames with nanosecond stamps.
std::string pcap_of(const std::vector<CaseOutcome::Sent>& frames) {
  std::string file;
  const auto put = [&file](std::uint32_t number) {
    char bytes[sizeof number];
    std::memcpy(bytes, &number, sizeof number);
    file.append(bytes, sizeof number);
  };
  constexpr std::uint32_t version = 2U | 4U << 16, snapshot = 262144, ethernet = 1;
  for (const std::uint32_t number : {0xa1b23c4dU, version, 0U, 0U, snapshot, ethernet}) put(number);
  std::int64_t time = 0;
  for (const CaseOutcome::Sent& sent : frames) {
    const auto size = static_cast<std::uint32_t>(sent.bytes.size());
    put(static_cast<std::uint32_t>(time / 1'000'000'000));
    put(static_cast<std::uint32_t>(time % 1'000'000'000));
    put(size);
    put(size);
    file.append(sent.bytes.begin(), sent.bytes.end());
    time += step_ns;
  }
  return file;
}

std::string printed_by_us(const std::vector<CaseOutcome::Sent>& frames) {
  TcpdumpText text{TcpdumpForm{}};
  std::string printed;
  std::int64_t time = 0;
  for (const CaseOutcome::Sent& sent : frames) {
    printed += text.print({sent.bytes, time, Direction::out, sent.interface, 2, {}});
    time += step_ns;
  }
  return printed;
}

/// Other protocols have printers of tcpdump's own that are not modelled (docs/commands.md).
std::vector<CaseOutcome::Sent> printable(const std::vector<CaseOutcome::Sent>& frames) {
  std::vector<CaseOutcome::Sent> kept;
  for (const CaseOutcome::Sent& sent : frames) {
    const bool ipv4 = sent.bytes.size() >= 34 && sent.bytes[12] == 0x08 && sent.bytes[13] == 0x00;
    const std::uint8_t protocol = ipv4 ? sent.bytes[14 + 9] : 0;
    if (!ipv4 || protocol == 1 || protocol == 6 || protocol == 17) kept.push_back(sent);
  }
  return kept;
}

}  // namespace

TcpdumpTexts tcpdump_texts(const CaseOutcome& outcome) {
  const auto frames = printable(outcome.frames);
  const ToolResult real =
      run_tool(-1, {"env", "TZ=UTC", "tcpdump", "-Z", "root", "-nn", "-r", "-"}, pcap_of(frames));
  if (real.status == 127) return {};
  const auto theirs = lines_of(real.out);
  const auto own = lines_of(printed_by_us(frames));
  TcpdumpTexts result{theirs.size(), {}};
  for (std::size_t i = 0; i < std::max(theirs.size(), own.size()); ++i) {
    if (i < theirs.size() && i < own.size() && theirs[i] == own[i]) continue;
    result.difference =
        fmt::format("tcpdump -nn, line {}\n  kernel: {}\n  ours:   {}\n", i + 1,
                    i < theirs.size() ? theirs[i] : "(end)", i < own.size() ? own[i] : "(end)");
    break;
  }
  return result;
}

}  // namespace ekspath
