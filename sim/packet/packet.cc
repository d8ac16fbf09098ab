#include "sim/packet/packet.hh"

#include <algorithm>
#include <new>

namespace ekspath {

PacketPool::~PacketPool() {
  ASSERT(in_use_ == 0);  // a packet that outlives its pool would be given back to nobody
  for (Packet* packet : free_) {
    while (packet != nullptr) {
      Packet* next = packet->next_;
      packet->~Packet();
      ::operator delete(packet, std::align_val_t(alignof(Packet)));
      packet = next;
    }
  }
}

PacketRef PacketPool::allocate(std::size_t bytes) {
  std::uint8_t size_class = 0;
  while (bytes > Packet::class_bytes[size_class]) {
    ++size_class;
    ASSERT(size_class < size_classes);
  }
  Packet* packet = free_[size_class];
  if (packet != nullptr) {
    free_[size_class] = packet->next_;
  } else {
    const std::size_t size = sizeof(Packet) + Packet::headroom + Packet::class_bytes[size_class];
    packet = new (::operator new(size, std::align_val_t(alignof(Packet)))) Packet;
    packet->pool_ = this;
    packet->size_class_ = size_class;
    ++created_;
  }
  packet->meta.clear();
  packet->next_ = nullptr;
  packet->begin_ = packet->end_ = packet->network_ = packet->transport_ = Packet::headroom;
  ++in_use_;
  return PacketRef(packet);
}

PacketRef PacketPool::clone(const Packet& packet) {
  // A packet that was pulled begins behind the headroom; the headers that it was pulled over stay readable.
  PacketRef copy = allocate(packet.end_ - std::min(packet.end_, Packet::headroom));
  copy->meta = packet.meta;
  copy->begin_ = packet.begin_;
  copy->end_ = packet.end_;
  copy->network_ = packet.network_;
  copy->transport_ = packet.transport_;
  const std::uint32_t first = std::min<std::uint32_t>(packet.begin_, packet.network_);
  std::memcpy(copy->storage() + first, packet.storage() + first, packet.end_ - std::min(packet.end_, first));
  return copy;
}

void PacketPool::release(Packet* packet) {
  packet->next_ = free_[packet->size_class_];
  free_[packet->size_class_] = packet;
  --in_use_;
}

}  // namespace ekspath
