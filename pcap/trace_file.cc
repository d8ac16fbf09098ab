#include "pcap/trace_file.hh"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <iterator>
#include <utility>

namespace ekspath {
namespace {

constexpr std::size_t first_ring = 256;

/// iptables' words for ctstate. Linux 6.1 extensions/libxt_conntrack.c conntrack_print_state()
std::string_view state_word(CtInfo info) {
  switch (info) {
    case CtInfo::none:
      return {};
    case CtInfo::untracked:
      return "UNTRACKED";
    case CtInfo::established:
    case CtInfo::established_reply:
      return "ESTABLISHED";
    case CtInfo::related:
    case CtInfo::related_reply:
      return "RELATED";
    case CtInfo::new_:
      return "NEW";
  }
  return {};
}

bool ends_journey(Verdict verdict) {
  return verdict == Verdict::drop || verdict == Verdict::reject || verdict == Verdict::deliver;
}

}  // namespace

TraceFile::TraceFile(PcapngFile file, HoldLimits limits)
    : file_(std::move(file)), limits_(limits), ring_(first_ring) {
  if (file_.file().is_live()) limits_.time = Nanoseconds(0);
}

void TraceFile::sighted(Journey& journey, std::uint32_t interface, Direction direction, const Packet& packet,
                        Nanoseconds time) {
  if (is_held(journey.last_sighting)) at(journey.last_sighting).settled = true;
  advance(time);
  Sighting& sighting = add_sighting();
  sighting.time = time;
  sighting.trace = packet.meta.trace;
  sighting.interface = interface;
  sighting.hop = journey.hop;
  sighting.flow = journey.flow;
  sighting.direction = direction;
  sighting.ct_info = packet.meta.ct_info;
  sighting.settled = packet.meta.trace == 0;  // nobody decides about it by name
  std::swap(sighting.story, journey.story);
  journey.story.clear();
  sighting.bytes.assign(packet.bytes().begin(), packet.bytes().end());
  held_bytes_ += sighting.bytes.size() + sizeof(Sighting);
  journey.last_sighting = next_ - 1;
}

void TraceFile::decided(Journey& journey, const Decision& decision, std::string_view where) {
  journey.story.tell(decision, where);
  if (ends_journey(decision.verdict)) {
    if (is_held(journey.last_sighting)) {
      Sighting& last = at(journey.last_sighting);
      last.story.append(std::move(journey.story));
      last.settled = true;
    }
    journey.story.clear();
  }
  advance(decision.time);
}

void TraceFile::advance(Nanoseconds now) {
  bool wrote = false;
  while (first_ != next_) {
    const Sighting& oldest = at(first_);
    if (!oldest.settled && now - oldest.time <= limits_.time && held_bytes_ <= limits_.bytes) break;
    write_first();
    wrote = true;
  }
  if (wrote && file_.file().is_live()) file_.file().flush();
}

void TraceFile::end(Nanoseconds now) {
  while (first_ != next_) write_first();
  file_.add_statistics(now);
}

TraceFile::Sighting& TraceFile::add_sighting() {
  if (next_ - first_ == ring_.size()) {
    std::vector<Sighting> larger(ring_.size() * 2);
    for (std::uint64_t number = first_; number != next_; ++number) {
      larger[number & (larger.size() - 1)] = std::move(at(number));
    }
    ring_ = std::move(larger);
  }
  return at(next_++);
}

void TraceFile::write_first() {
  Sighting& sighting = at(first_);
  comment_.clear();
  const auto out = std::back_inserter(comment_);
  fmt::format_to(out, FMT_COMPILE("trace={}"), sighting.trace);
  if (sighting.flow != 0) fmt::format_to(out, FMT_COMPILE(" flow={}"), sighting.flow);
  fmt::format_to(out, FMT_COMPILE(" hop={}"), sighting.hop);
  sighting.story.append_words(comment_);
  if (const std::string_view state = state_word(sighting.ct_info); !state.empty()) {
    fmt::format_to(out, FMT_COMPILE(" ct={}"), state);
  }
  sighting.story.append_text(comment_);
  file_.add_packet(
      {sighting.interface, sighting.time, sighting.direction, sighting.trace, comment_, sighting.bytes});
  held_bytes_ -= sighting.bytes.size() + sizeof(Sighting);
  ++first_;
}

}  // namespace ekspath
