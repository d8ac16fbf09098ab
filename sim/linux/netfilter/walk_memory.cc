#include "sim/linux/netfilter/walk_memory.hh"

#include <bit>
#include <optional>
#include <utility>
#include <variant>

#include "sim/linux/netfilter/chain.hh"
#include "sim/linux/netfilter/table.hh"

namespace ekspath {

// --- notes

void WalkNotes::header(const ChainBlock& chain, const Rule& rule) {
  if (chain.is_indexed()) asked_ |= source | destination | ports;
  if (rule.source_mask != 0) asked_ |= source;
  if (rule.destination_mask != 0) asked_ |= destination;
  // Interfaces by their class, which knows the patterns that have a bit; a remembered packet is no fragment.
  if (rule.in > 64 || rule.out > 64) rememberable_ = false;
}

void WalkNotes::matched(const ChainBlock& chain, const Rule& rule, Counter& counter) {
  counters_.push_back(&counter);
  if (rule.action == RuleAction::drop) rememberable_ = false;
  if (const Target* target = chain.target(rule)) {
    if (!std::holds_alternative<MarkTarget>(*target) && !std::holds_alternative<ConnmarkTarget>(*target))
      rememberable_ = false;
  }
}

void WalkNotes::match(const Match& match) {
  const auto note_ports = [&](const PortRange& from, const PortRange& to) {
    if (!from.is_any() || !to.is_any()) asked_ |= ports;
  };
  switch (kind_of(match)) {
    case MatchKind::comment:
    case MatchKind::mark:
    case MatchKind::connmark:
    case MatchKind::state:
      return;
    case MatchKind::tcp: {
      const TcpMatch& tcp = *std::get_if<TcpMatch>(&match);
      note_ports(tcp.source, tcp.destination);
      if (tcp.flag_mask != 0 || tcp.flag_compare != 0 || tcp.option != 0) rememberable_ = false;
      return;
    }
    case MatchKind::udp:
      return note_ports(std::get_if<UdpMatch>(&match)->source, std::get_if<UdpMatch>(&match)->destination);
    case MatchKind::multiport:
      asked_ |= ports;
      return;
    case MatchKind::iprange:
      asked_ |= source | destination;
      return;
    case MatchKind::conntrack: {
      constexpr unsigned in_the_key =
          ConntrackMatch::state | ConntrackMatch::direction_ | ConntrackMatch::protocol_;
      if ((std::get_if<ConntrackMatch>(&match)->given & ~in_the_key) != 0) rememberable_ = false;
      return;
    }
    case MatchKind::addrtype:
      return type_of(*std::get_if<AddrtypeMatch>(&match));
    default:  // they ask for more than a key holds, or remember that they were asked
      rememberable_ = false;
  }
}

void WalkNotes::type_of(const AddrtypeMatch& match) {
  const std::uint8_t kind = match.limit_in ? type_by_in : match.limit_out ? type_by_out : type;
  const auto before = static_cast<std::uint8_t>(asked_ & any_type);
  if (match.source != 0 || (before != 0 && before != kind)) rememberable_ = false;
  asked_ |= kind;
}

// --- memory

std::optional<std::uint8_t> WalkMemory::asked_after(const WalkKey& general, const WalkNotes& notes) {
  Entry* entry = find(general);
  if (entry == nullptr) {
    if (notes.rememberable() && notes.asked() == 0) return std::uint8_t{0};
    entry = make(general, Entry::Kind::signpost);
    if (entry == nullptr) return std::nullopt;
  }
  // Packets of one general key may be asked different things, each on its way: all of it from now on.
  entry->asked |= notes.asked();
  const auto types = static_cast<std::uint8_t>(entry->asked & WalkNotes::any_type);
  if (!notes.rememberable() || std::popcount(types) > 1) {
    entry->kind = Entry::Kind::opaque;
    return std::nullopt;
  }
  return entry->asked;
}

void WalkMemory::remember(const WalkKey& key, const WalkNotes& notes, std::uint32_t mark,
                          std::uint32_t connection_mark) {
  if (find(key) != nullptr) return;  // what was asked was all zero: a signpost stands there
  Entry* entry = make(key, Entry::Kind::walk);
  if (entry == nullptr) return;
  entry->mark = mark;
  entry->connection_mark = connection_mark;
  entry->first_counter = static_cast<std::uint32_t>(counters_.size());
  entry->counter_count = static_cast<std::uint16_t>(notes.counters().size());
  counters_.insert(counters_.end(), notes.counters().begin(), notes.counters().end());
}

void WalkMemory::give_counts(const Entry& entry) const {
  for (std::uint32_t i = 0; i < entry.counter_count; ++i) {
    Counter& counter = *counters_[entry.first_counter + i];
    counter.packets += entry.packets;
    counter.bytes += entry.bytes;
  }
}

void WalkMemory::settle() {
  for (Entry& entry : entries_) {
    give_counts(entry);
    entry = Entry();
  }
  counters_.clear();
  full_ = false;
}

void WalkMemory::resize(std::size_t size) {
  entries_.assign(size + probes - 1, {});
  shift_ = static_cast<unsigned>(64 - std::countr_zero(size));
}

WalkMemory::Entry* WalkMemory::free_place(const WalkKey& key) {
  std::size_t at = place(key);
  for (unsigned probe = 0; probe < probes; ++probe, ++at) {
    if (entries_[at].kind == Entry::Kind::free) return &entries_[at];
  }
  return nullptr;
}

WalkMemory::Entry* WalkMemory::make(const WalkKey& key, Entry::Kind kind) {
  if (entries_.empty()) resize(least);
  Entry* entry = free_place(key);
  while (entry == nullptr) {
    const std::size_t size = entries_.size() + 1 - probes;
    if (size >= most) {
      full_ = true;
      return nullptr;
    }
    const std::vector<Entry> old = std::move(entries_);
    resize(2 * size);
    for (const Entry& moved : old) {
      if (moved.kind == Entry::Kind::free) continue;
      if (Entry* to = free_place(moved.key)) {
        *to = moved;
      } else {
        give_counts(moved);
      }
    }
    entry = free_place(key);
  }
  entry->key = key;
  entry->kind = kind;
  return entry;
}

}  // namespace ekspath
