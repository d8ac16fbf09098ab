#include "sim/linux/conntrack/connection_table.hh"

#include "sim/base/assert.hh"

namespace ekspath {
namespace {

std::uint32_t hash_of(const Tuple& tuple) { return static_cast<std::uint32_t>(TupleHash{}(tuple) >> 32); }

/// The part of a tuple that names its sender. Linux 6.1 net/netfilter/nf_nat_core.c hash_by_src(), same_src()
Tuple source_of(const Tuple& tuple) {
  return {tuple.source, Ipv4Address(), tuple.source_port, 0, tuple.protocol};
}

}  // namespace

std::size_t ReferenceIndex::position(std::uint32_t hash, std::uint32_t reference) const {
  std::size_t at = hash & mask();
  while (entries_[at].reference != reference || entries_[at].hash != hash) {
    ASSERT(entries_[at].reference != none);
    at = (at + 1) & mask();
  }
  return at;
}

void ReferenceIndex::insert(std::uint32_t hash, std::uint32_t reference) {
  if ((used_ + 1) * 2 > entries_.size()) grow();
  std::size_t at = hash & mask();
  while (entries_[at].reference != none) at = (at + 1) & mask();
  entries_[at] = {hash, reference};
  ++used_;
}

void ReferenceIndex::erase(std::uint32_t hash, std::uint32_t reference) {
  std::size_t hole = position(hash, reference);
  for (std::size_t at = (hole + 1) & mask(); entries_[at].reference != none; at = (at + 1) & mask()) {
    // An entry may fill the hole if the hole lies between where the entry wants to be and where it is.
    const std::size_t wanted = entries_[at].hash & mask();
    if (((at - wanted) & mask()) < ((at - hole) & mask())) continue;
    entries_[hole] = entries_[at];
    hole = at;
  }
  entries_[hole] = {};
  --used_;
}

void ReferenceIndex::replace(std::uint32_t hash, std::uint32_t from, std::uint32_t to) {
  entries_[position(hash, from)].reference = to;
}

void ReferenceIndex::grow() {
  std::vector<Entry> old(entries_.empty() ? 16 : entries_.size() * 2);
  old.swap(entries_);
  used_ = 0;
  for (const Entry& entry : old) {
    if (entry.reference != none) insert(entry.hash, entry.reference);
  }
}

ConnectionId ConnectionTable::create() {
  if (free_ == none) {
    if (slots_ % chunk_size == 0) chunks_.push_back(std::make_unique<Chunk>());
    ASSERT(slots_ < most);
    slot(slots_).next = none;
    free_ = slots_++;
  }
  const std::uint32_t index = free_;
  Slot& taken = slot(index);
  free_ = taken.next;
  taken.connection = Connection{};
  taken.next = taken.newer = taken.older = none;
  taken.reported_mark = 0;
  taken.in_use = true;
  taken.by_source = taken.changed = false;
  ++count_;
  return id_of(index);
}

void ConnectionTable::link(ConnectionId id) {
  const std::uint32_t index = index_of(id);
  Connection& connection = slot(index).connection;
  by_tuple_.insert(hash_of(connection.original), index * 2);
  by_tuple_.insert(hash_of(connection.reply), index * 2 + 1);
  connection.status |= connection_status::confirmed;
}

void ConnectionTable::unlink(ConnectionId id) {
  const std::uint32_t index = index_of(id);
  Connection& connection = slot(index).connection;
  if (connection.has(connection_status::confirmed) && !connection.has(connection_status::dying)) {
    by_tuple_.erase(hash_of(connection.original), index * 2);
    by_tuple_.erase(hash_of(connection.reply), index * 2 + 1);
  }
  remove_source(index);
  if (!connection.has(connection_status::dying)) --count_;
  connection.status |= connection_status::dying;
}

void ConnectionTable::destroy(ConnectionId id) {
  const std::uint32_t index = index_of(id);
  Slot& gone = slot(index);
  ASSERT(gone.in_use);
  unlink(id);
  gone.in_use = false;
  gone.generation = static_cast<std::uint16_t>((gone.generation + 1) & 0x3ff);
  gone.next = free_;
  free_ = index;
}

ConnectionTable::Slot* ConnectionTable::slot_of(ConnectionId id) {
  const std::uint32_t index = index_of(id);
  if (index >= slots_) return nullptr;
  Slot& candidate = slot(index);
  return candidate.in_use && candidate.generation == id.value() >> 22 ? &candidate : nullptr;
}

ConnectionTable::Found ConnectionTable::find(const Tuple& tuple) {
  const std::uint32_t reference = by_tuple_.find(hash_of(tuple), [&](std::uint32_t candidate) {
    return slot(candidate / 2).connection.tuple(candidate % 2 != 0) == tuple;
  });
  if (reference == none) return {};
  return {id_of(reference / 2), &slot(reference / 2).connection, reference % 2 != 0};
}

std::uint32_t ConnectionTable::source_head(const Tuple& original) const {
  const Tuple source = source_of(original);
  return by_source_.find(hash_of(source), [&](std::uint32_t candidate) {
    return source_of(slot(candidate).connection.original) == source;
  });
}

void ConnectionTable::add_source(ConnectionId id) {
  const std::uint32_t index = index_of(id);
  Slot& added = slot(index);
  if (added.by_source) return;
  added.by_source = true;
  const std::uint32_t hash = hash_of(source_of(added.connection.original));
  const std::uint32_t head = source_head(added.connection.original);
  added.older = head;
  if (head == none) {
    by_source_.insert(hash, index);
  } else {
    slot(head).newer = index;
    by_source_.replace(hash, head, index);
  }
}

void ConnectionTable::remove_source(std::uint32_t index) {
  Slot& gone = slot(index);
  if (!gone.by_source) return;
  gone.by_source = false;
  if (gone.older != none) slot(gone.older).newer = gone.newer;
  const std::uint32_t hash = hash_of(source_of(gone.connection.original));
  if (gone.newer != none) {
    slot(gone.newer).older = gone.older;
  } else if (gone.older != none) {
    by_source_.replace(hash, index, gone.older);
  } else {
    by_source_.erase(hash, index);
  }
  gone.newer = gone.older = none;
}

}  // namespace ekspath
