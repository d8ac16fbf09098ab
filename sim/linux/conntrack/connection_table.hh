#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "sim/base/fetch_line.hh"
#include "sim/linux/conntrack/connection.hh"

namespace ekspath {

/// Finds a 32-bit reference by a hash: open addressing, linear probing, deletion by shifting back, so that a
/// table whose entries come and go for ever neither degrades nor allocates. The caller compares what the
/// references stand for.
class ReferenceIndex {
 public:
  static constexpr std::uint32_t none = 0xffffffff;

  void insert(std::uint32_t hash, std::uint32_t reference);
  void erase(std::uint32_t hash, std::uint32_t reference);
  /// Puts another reference in the place of one.
  void replace(std::uint32_t hash, std::uint32_t from, std::uint32_t to);

  /// The first reference under `hash` for which `same` is true, or none.
  template <class Same>
  [[nodiscard]] std::uint32_t find(std::uint32_t hash, Same same) const {
    if (entries_.empty()) return none;
    for (std::size_t at = hash & mask(); entries_[at].reference != none; at = (at + 1) & mask()) {
      if (entries_[at].hash == hash && same(entries_[at].reference)) return entries_[at].reference;
    }
    return none;
  }

 private:
  struct Entry {
    std::uint32_t hash = 0;
    std::uint32_t reference = none;
  };
  [[nodiscard]] std::size_t mask() const { return entries_.size() - 1; }
  [[nodiscard]] std::size_t position(std::uint32_t hash, std::uint32_t reference) const;
  [[gnu::cold]] void grow();

  std::vector<Entry> entries_;
  std::size_t used_ = 0;
};

/// The connections of one namespace in a pool of chunks (addresses are stable), found by either tuple and by
/// their original source. An id is the slot's number and its generation: an id from before a slot's reuse
/// finds nothing.
class ConnectionTable {
 public:
  static constexpr std::uint32_t most = (1U << 22) - 1;

  struct alignas(64) Slot {
    // With what each packet asks of its connection, one cache line.
    std::uint16_t generation = 0;
    bool in_use = false;
    bool by_source = false;
    bool changed = false;  // the listener is to be told at the next confirm
    Connection connection;
    std::uint32_t next = none;   // free: the next free slot; dying: the next dying one
    std::uint32_t newer = none;  // of one source: those set up after and before this one
    std::uint32_t older = none;
    std::uint32_t reported_mark = 0;  // the mark that the listener knows
  };
  struct Found {
    ConnectionId id;
    Connection* connection = nullptr;
    bool reply = false;
  };
  static constexpr std::uint32_t none = 0xffffffff;

  /// An empty, unconfirmed connection that no tuple finds yet.
  [[nodiscard]] ConnectionId create();
  /// From here on both tuples find it. nf_conntrack_hash_check_insert()
  void link(ConnectionId id);
  /// No tuple finds it any longer, but its id does until reap().
  void unlink(ConnectionId id);
  void destroy(ConnectionId id);

  [[nodiscard]] Connection* find(ConnectionId id) {
    Slot* slot = slot_of(id);
    return slot != nullptr ? &slot->connection : nullptr;
  }
  [[nodiscard]] Slot* slot_of(ConnectionId id);
  [[nodiscard]] Found find(const Tuple& tuple);
  /// A hint for a later find().
  void fetch(ConnectionId id) const {
    if (index_of(id) < slots_) fetch_line(&slot(index_of(id)));
  }

  /// Remembers the connection by its original source: what SNAT looks at to keep a mapping. hash_by_src()
  void add_source(ConnectionId id);
  /// The connections of one original source (address, port or id, protocol), the newest first; `use` says
  /// when to stop.
  template <class Use>
  void each_of_source(const Tuple& original, Use use) {
    const std::uint32_t head = source_head(original);
    for (std::uint32_t at = head; at != none; at = slot(at).older) {
      if (use(slot(at).connection)) return;
    }
  }

  [[nodiscard]] std::uint32_t slots() const { return slots_; }
  [[nodiscard]] Slot& slot(std::uint32_t index) { return (*chunks_[index / chunk_size])[index % chunk_size]; }
  [[nodiscard]] const Slot& slot(std::uint32_t index) const {
    return (*chunks_[index / chunk_size])[index % chunk_size];
  }
  [[nodiscard]] ConnectionId id_of(std::uint32_t index) const {
    return ConnectionId(std::uint32_t{slot(index).generation} << 22 | index);
  }
  /// Created and not destroyed, unlinked ones apart.
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  static constexpr std::uint32_t chunk_size = 64;
  using Chunk = std::array<Slot, chunk_size>;

  [[nodiscard]] static std::uint32_t index_of(ConnectionId id) { return id.value() & most; }
  [[nodiscard]] std::uint32_t source_head(const Tuple& original) const;
  void remove_source(std::uint32_t index);

  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::uint32_t slots_ = 0;
  std::uint32_t free_ = none;
  std::size_t count_ = 0;
  ReferenceIndex by_tuple_;   // slot * 2 + (1 for the reply)
  ReferenceIndex by_source_;  // the newest slot of a source
};

}  // namespace ekspath
