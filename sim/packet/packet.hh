#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

#include "sim/base/assert.hh"
#include "sim/base/id.hh"
#include "sim/base/fetch_line.hh"

namespace ekspath {

class PacketPool;

using ConnectionId = Id<struct ConnectionTag>;

/// How a packet relates to its connection. Linux 6.1 include/uapi/linux/netfilter/nf_conntrack_common.h
/// ip_conntrack_info
enum class CtInfo : std::uint8_t {
  none,  // conntrack has not seen it, or it could not be tracked: ctstate INVALID
  untracked,
  established,
  related,
  new_,
  established_reply,
  related_reply,
};
[[nodiscard]] constexpr bool is_reply(CtInfo info) {
  return info == CtInfo::established_reply || info == CtInfo::related_reply;
}

/// How the frame was addressed. Linux 6.1 include/uapi/linux/if_packet.h
enum class PacketType : std::uint8_t { host = 0, broadcast = 1, multicast = 2, other_host = 3, outgoing = 4 };

/// What travels beside the bytes. Belongs to the namespace that holds the packet: see Packet::scrub().
struct PacketMeta {
  std::uint64_t trace = 0;  // one number from birth to death, across NAT and namespaces
  std::uint32_t mark = 0;
  std::uint32_t in_interface = 0;  // index of the interface it came in by, 0 for none
  ConnectionId connection;
  CtInfo ct_info = CtInfo::none;
  PacketType type = PacketType::host;
  bool ct_forced_untracked = false;    // NOTRACK was said in raw
  std::uint16_t largest_fragment = 0;  // of a reassembled packet: Linux IPCB(skb)->frag_max_size
  bool fragments_had_df = false;       // Linux IPCB(skb)->flags & IPSKB_FRAG_PMTU

  /// As new, member by member: a whole object assigned is built aside and copied, and the copy waits for it.
  void clear() {
    trace = 0;
    forget();
  }
  /// All but the trace.
  void forget() {
    mark = 0;
    in_interface = 0;
    connection = ConnectionId();
    ct_info = CtInfo::none;
    type = PacketType::host;
    ct_forced_untracked = false;
    largest_fragment = 0;
    fragments_had_df = false;
  }
};

/// A pooled buffer of bytes with room in front for headers, the offsets of the headers in it, and its meta
/// data. The bytes stand behind the object, in the same block; the object is one cache line, the headers of a
/// small packet are in the third and the fourth.
class alignas(64) Packet {
 public:
  static constexpr std::uint32_t headroom =
      128;  // Ethernet, IPv4 and TCP with options, in front of a payload
  /// Most packets are control and echo; a full segment of MTU 1500; a jumbo frame; a reassembled datagram.
  static constexpr std::uint32_t class_bytes[] = {128, 1600, 9200, 65535 + 64};

  Packet(const Packet&) = delete;
  Packet& operator=(const Packet&) = delete;

  [[nodiscard]] std::uint8_t* data() { return storage() + begin_; }
  [[nodiscard]] const std::uint8_t* data() const { return storage() + begin_; }
  [[nodiscard]] std::size_t size() const { return end_ - begin_; }
  [[nodiscard]] std::span<std::uint8_t> bytes() { return {data(), size()}; }
  [[nodiscard]] std::span<const std::uint8_t> bytes() const { return {data(), size()}; }

  /// Opens `n` bytes in front and returns them.
  std::uint8_t* push(std::size_t n) {
    ASSERT(n <= begin_);
    begin_ -= static_cast<std::uint32_t>(n);
    return data();
  }
  /// Drops `n` bytes from the front.
  void pull(std::size_t n) {
    ASSERT(n <= size());
    begin_ += static_cast<std::uint32_t>(n);
  }
  /// Opens `n` bytes at the end and returns them.
  std::uint8_t* append(std::size_t n) {
    ASSERT(n <= tailroom());
    std::uint8_t* at = storage() + end_;
    end_ += static_cast<std::uint32_t>(n);
    return at;
  }
  /// Cuts the packet to `n` bytes.
  void trim(std::size_t n) {
    ASSERT(n <= size());
    end_ = begin_ + static_cast<std::uint32_t>(n);
  }
  [[nodiscard]] std::size_t tailroom() const { return headroom + class_bytes[size_class_] - end_; }

  /// A hint: the packet will be looked at soon.
  void expect() const {
    fetch_line(this);
    fetch_lines(storage() + headroom - 64, 2);
  }

  /// Where the IPv4 header and what follows it begin; set by parse_ipv4() or by a builder, kept by push() and
  /// pull().
  [[nodiscard]] std::uint8_t* network() { return storage() + network_; }
  [[nodiscard]] const std::uint8_t* network() const { return storage() + network_; }
  [[nodiscard]] std::uint8_t* transport() { return storage() + transport_; }
  [[nodiscard]] const std::uint8_t* transport() const { return storage() + transport_; }
  [[nodiscard]] std::size_t network_size() const { return end_ - network_; }
  [[nodiscard]] std::size_t transport_size() const { return end_ - transport_; }
  void mark_network() {
    ASSERT(begin_ <= 0xffff);
    network_ = static_cast<std::uint16_t>(begin_);
  }
  void mark_transport(std::size_t header_size) {
    transport_ = static_cast<std::uint16_t>(network_ + header_size);
  }
  /// The packet begins with its IPv4 header again (a link header in front is dropped).
  void pull_to_network() { begin_ = network_; }

  /// What the kernel forgets when a frame crosses a veth into another namespace: mark, conntrack, reassembly.
  /// Linux 6.1 net/core/skbuff.c skb_scrub_packet(); the trace id stays.
  void scrub() { meta.forget(); }

  PacketMeta meta;

 private:
  friend class PacketPool;
  friend class PacketRef;
  friend class PacketQueue;
  Packet() = default;

  [[nodiscard]] std::uint8_t* storage() { return reinterpret_cast<std::uint8_t*>(this + 1); }
  [[nodiscard]] const std::uint8_t* storage() const {
    return reinterpret_cast<const std::uint8_t*>(this + 1);
  }

  PacketPool* pool_ = nullptr;
  Packet* next_ = nullptr;
  std::uint32_t begin_ = 0;
  std::uint32_t end_ = 0;
  std::uint16_t network_ = 0;  // headers stand in the headroom or just behind it
  std::uint16_t transport_ = 0;
  std::uint8_t size_class_ = 0;
};
static_assert(sizeof(Packet) == 64);

/// The only owner of a packet; move-only. A dying one gives the buffer back to its pool.
class PacketRef {
 public:
  PacketRef() = default;
  explicit PacketRef(Packet* packet) : packet_(packet) {}
  PacketRef(PacketRef&& other) noexcept : packet_(std::exchange(other.packet_, nullptr)) {}
  PacketRef& operator=(PacketRef&& other) noexcept {
    if (this != &other) {
      reset();
      packet_ = std::exchange(other.packet_, nullptr);
    }
    return *this;
  }
  ~PacketRef() { reset(); }

  [[nodiscard]] Packet& operator*() const { return *packet_; }
  [[nodiscard]] Packet* operator->() const { return packet_; }
  [[nodiscard]] explicit operator bool() const { return packet_ != nullptr; }
  inline void reset();

 private:
  friend class PacketQueue;
  Packet* packet_ = nullptr;
};

/// Gives out packets and takes them back, last in first out, from blocks of four sizes. Nothing is returned
/// to the system before the pool dies, which it does after its last packet. Not shared between logical
/// processes.
class PacketPool {
 public:
  PacketPool() = default;
  ~PacketPool();
  PacketPool(const PacketPool&) = delete;
  PacketPool& operator=(const PacketPool&) = delete;

  /// An empty packet with `headroom` in front and room for at least `bytes` behind; at most largest_packet.
  [[nodiscard]] PacketRef allocate(std::size_t bytes);
  /// A copy of everything, meta data included: for taps and multicast only.
  [[nodiscard]] PacketRef clone(const Packet& packet);
  static constexpr std::size_t largest_packet = Packet::class_bytes[3];

  [[nodiscard]] std::size_t in_use() const { return in_use_; }
  /// How many packets the system was ever asked for: constant in the steady state.
  [[nodiscard]] std::size_t created() const { return created_; }

 private:
  friend class PacketRef;
  void release(Packet* packet);

  static constexpr std::size_t size_classes = 4;
  Packet* free_[size_classes] = {};
  std::size_t in_use_ = 0;
  std::size_t created_ = 0;
};

inline void PacketRef::reset() {
  if (Packet* packet = std::exchange(packet_, nullptr)) packet->pool_->release(packet);
}

/// Packets that wait in line, linked through themselves: a neighbour's queue, a list of fragments.
class PacketQueue {
 public:
  PacketQueue() = default;
  PacketQueue(PacketQueue&& other) noexcept
      : head_(std::exchange(other.head_, nullptr)),
        tail_(std::exchange(other.tail_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  PacketQueue& operator=(PacketQueue&& other) noexcept {
    std::swap(head_, other.head_);
    std::swap(tail_, other.tail_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~PacketQueue() {
    while (!empty()) pop();
  }

  void push(PacketRef packet) {
    Packet* added = std::exchange(packet.packet_, nullptr);
    added->next_ = nullptr;
    (tail_ != nullptr ? tail_->next_ : head_) = added;
    tail_ = added;
    ++size_;
  }
  [[nodiscard]] PacketRef take() {
    Packet* first = head_;
    head_ = first->next_;
    if (head_ == nullptr) tail_ = nullptr;
    --size_;
    return PacketRef(first);
  }
  void pop() { take().reset(); }
  [[nodiscard]] const Packet* front() const { return head_; }
  [[nodiscard]] const Packet* back() const { return tail_; }
  [[nodiscard]] static const Packet* after(const Packet* packet) { return packet->next_; }
  [[nodiscard]] bool empty() const { return head_ == nullptr; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  Packet* head_ = nullptr;
  Packet* tail_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace ekspath
