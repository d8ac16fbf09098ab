#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sim/linux/netfilter/rule.hh"

namespace ekspath {

class ChainBlock;
struct Counter;  // netfilter/table.hh

/// What a walk that may be remembered can depend on: packets with equal keys match the same rules. Whole
/// words, put together in registers.
struct WalkKey {
  std::uint64_t interfaces = 0;  // Interface::pattern_class of in << 32 | out; 0: no interface
  std::uint64_t marks = 0;       // the packet's << 32 | its connection's
  std::uint64_t addresses = 0;   // source << 32 | destination, each only if it was asked for
  std::uint64_t rest =
      0;  // ports << 32 and AddressType << 24, if asked for; protocol << 16 | CtInfo << 8 | traits

  static constexpr std::uint8_t tracked = 1, src_nat = 2, dst_nat = 4, has_ports = 8, whole_tcp_header = 16;

  friend bool operator==(const WalkKey&, const WalkKey&) = default;
};

/// What a walk asked of its packet, and what it counted, noted rule by rule.
class WalkNotes {
 public:
  static constexpr std::uint8_t source = 1, destination = 2, ports = 4, type = 8, type_by_in = 16,
                                type_by_out = 32;
  static constexpr std::uint8_t any_type = type | type_by_in | type_by_out;

  void clear() {
    rememberable_ = true;
    asked_ = 0;
    counters_.clear();
  }
  /// The header of this rule was compared, in a chain that may have passed over others by its index.
  void header(const ChainBlock& chain, const Rule& rule);
  void match(const Match& match);
  /// All of the rule fitted: it is counted, and its target is about to act.
  void matched(const ChainBlock& chain, const Rule& rule, Counter& counter);
  void policy(Counter& counter) { counters_.push_back(&counter); }

  [[nodiscard]] bool rememberable() const { return rememberable_ && counters_.size() <= most_counters; }
  [[nodiscard]] std::uint8_t asked() const { return asked_; }
  [[nodiscard]] std::span<Counter* const> counters() const { return counters_; }

 private:
  static constexpr std::size_t most_counters = 256;

  void type_of(const AddrtypeMatch& match);

  bool rememberable_ = true;
  std::uint8_t asked_ = 0;
  std::vector<Counter*> counters_;
};

/// What walks from one built-in chain came to: packets of the same key match the same rules until a rule
/// changes, so the second and later ones are only counted here, and the rules' counters receive what is due
/// to them when somebody wants to see or change the table (settle()). Only walks that accept, and whose
/// rules ask nothing that the key does not hold, are remembered; see WalkNotes.
class WalkMemory {
 public:
  struct alignas(64) Entry {
    /// signpost: the key needs more of the packet. opaque: such packets are walked each time.
    enum class Kind : std::uint8_t { free, walk, signpost, opaque };
    WalkKey key;
    std::uint64_t packets = 0, bytes = 0;
    std::uint32_t mark = 0, connection_mark = 0;  // after the walk
    std::uint32_t first_counter = 0;
    std::uint16_t counter_count = 0;
    Kind kind = Kind::free;
    std::uint8_t asked = 0;  // of a signpost: what of the packet the key needs beside
  };

  /// The walk of this key, or the signpost to it: its key is this one and what was `asked`.
  [[nodiscard]] Entry* find(const WalkKey& key) {
    if (entries_.empty()) [[unlikely]]
      return nullptr;
    std::size_t at = place(key);
    for (unsigned probe = 0; probe < probes; ++probe, ++at) {
      Entry& entry = entries_[at];
      if (entry.kind == Entry::Kind::free) return nullptr;
      if (entry.key == key) return &entry;
    }
    return nullptr;
  }
  /// No walk is learned any more, until settle().
  [[nodiscard]] bool is_full() const { return full_; }
  /// After a walk: what its key needs beside the general one. None: it cannot be remembered.
  [[nodiscard]] std::optional<std::uint8_t> asked_after(const WalkKey& general, const WalkNotes& notes);
  void remember(const WalkKey& key, const WalkNotes& notes, std::uint32_t mark,
                std::uint32_t connection_mark);
  /// Cleared, for the walk at hand.
  [[nodiscard]] WalkNotes& notes() {
    notes_.clear();
    return notes_;
  }

  /// Gives all rules their counts and forgets all walks.
  void settle();

 private:
  static constexpr unsigned probes = 4;
  static constexpr std::size_t least = 8, most = 4096;  // entries, beside the last probes

  [[nodiscard]] std::size_t place(const WalkKey& key) const {
    const std::uint64_t hash =
        (key.interfaces * 0x9e3779b97f4a7c15 ^ key.marks * 0xbf58476d1ce4e5b9 ^
         (key.addresses + key.rest) * 0x94d049bb133111eb ^ key.rest * 0xd6e8feb86659fd93) *
        0x9e3779b97f4a7c15;
    return static_cast<std::size_t>(hash >> shift_);
  }
  void give_counts(const Entry& entry) const;
  void resize(std::size_t size);
  [[nodiscard]] Entry* free_place(const WalkKey& key);
  /// Null: there are too many.
  [[nodiscard]] Entry* make(const WalkKey& key, Entry::Kind kind);

  std::vector<Entry> entries_;
  std::vector<Counter*> counters_;
  WalkNotes notes_;
  unsigned shift_ = 64;
  bool full_ = false;
};

}  // namespace ekspath
