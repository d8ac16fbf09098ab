#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "sim/engine/random.hh"
#include "sim/linux/ip_id.hh"
#include "sim/linux/netns.hh"
#include "sim/linux/socket/socket_options.hh"
#include "sim/packet/tuple.hh"

namespace ekspath {

class Alarm;
class PingSocket;
class RawSocket;
class TcpConnection;
class TcpListener;
class TcpSocket;
class UdpSocket;
struct TcpPortUse;

template <class Value>
using PortMap = boost::unordered_flat_map<std::uint32_t, Value, MixedHash>;

/// What a socket_timer event's argument says: which kind of owner, and its slot.
struct TimerArgument {
  enum class Owner : std::uint32_t { alarm, tcp_retransmit, tcp_delayed_ack };
  static constexpr std::uint32_t pack(Owner owner, std::uint32_t slot) {
    return (slot << 2) | static_cast<std::uint32_t>(owner);
  }
  static constexpr Owner owner(std::uint32_t argument) { return Owner{argument & 3}; }
  static constexpr std::uint32_t slot(std::uint32_t argument) { return argument >> 2; }
};

/// Places with small numbers for what timers point at. A number is used again: a Timer finds out by itself
/// that an event was its predecessor's.
template <class T>
class Slots {
 public:
  std::uint32_t take(T value) {
    if (free_.empty()) {
      slots_.push_back(std::move(value));
      return static_cast<std::uint32_t>(slots_.size() - 1);
    }
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    slots_[slot] = std::move(value);
    return slot;
  }
  void release(std::uint32_t slot) {
    slots_[slot] = T{};
    free_.push_back(slot);
  }
  [[nodiscard]] T& operator[](std::uint32_t slot) { return slots_[slot]; }
  [[nodiscard]] const T& operator[](std::uint32_t slot) const { return slots_[slot]; }
  [[nodiscard]] std::size_t size() const { return slots_.size(); }
  [[nodiscard]] auto begin() const { return slots_.begin(); }
  [[nodiscard]] auto end() const { return slots_.end(); }

 private:
  std::vector<T> slots_;
  std::vector<std::uint32_t> free_;
};

/// The bound UDP sockets, by local port; those of one port in the order in which they were bound. Most
/// namespaces hear one port: the one last asked for is known without a search.
class UdpPorts {
 public:
  void add(UdpSocket& socket);
  void remove(UdpSocket& socket);
  /// The first of the port, or null; then next().
  [[nodiscard]] UdpSocket* first(std::uint16_t port) const {
    if (port != last_port_) {
      const auto found = firsts_.find(port);
      if (found == firsts_.end()) return nullptr;
      last_port_ = port;
      last_first_ = found->second;
    }
    return last_first_;
  }
  [[nodiscard]] static UdpSocket* next(const UdpSocket& socket);
  /// The socket that a packet to `local` from `remote` fits best, the first of equals; null: none.
  [[nodiscard]] UdpSocket* best(const Endpoint& local, const Endpoint& remote,
                                std::uint32_t in_interface) const;
  /// If it is the port last asked for: its first socket. For hints.
  [[nodiscard]] const UdpSocket* guess(std::uint16_t port) const {
    return port == last_port_ ? last_first_ : nullptr;
  }
  [[nodiscard]] const PortMap<UdpSocket*>& firsts() const { return firsts_; }

 private:
  mutable UdpSocket* last_first_ = nullptr;
  mutable std::uint32_t last_port_ = 0;  // 0: none
  PortMap<UdpSocket*> firsts_;
};

/// Everything that Sockets holds for one namespace. In front what datagrams and alarms need.
struct alignas(64) SocketTables final : Sockets {
  explicit SocketTables(Netns& owner);
  ~SocketTables() override;

  // tcp_tables.cc
  TcpConnection& add_connection(const Endpoint& local, const Endpoint& remote, const IpOptions& options);
  /// Forgets the connection if it is over and nobody holds it.
  void reap(TcpConnection& connection);
  [[nodiscard]] TcpListener* listener_for(const Endpoint& local, std::uint32_t in_interface) const;
  void hold_port(const TcpPortUse& use);
  void release_port(const TcpPortUse& use);
  [[nodiscard]] bool may_bind(const TcpPortUse& wanted) const;
  /// A port for bind(0). inet_csk_find_open_port(); 0: none is free.
  [[nodiscard]] std::uint16_t port_to_bind(TcpPortUse wanted);
  /// A port for connect(). __inet_hash_connect(); 0: none is free.
  [[nodiscard]] std::uint16_t port_to_connect(Ipv4Address local, const Endpoint& remote);

  std::vector<RawSocket*> raw;
  UdpPorts udp;
  Slots<Alarm*> alarms;

  Netns& netns;
  Random ports;            // ephemeral ports
  Random sequences;        // initial sequence numbers, timestamp offsets
  Random identifications;  // the first IP id of a connected socket

  PortMap<std::vector<PingSocket*>> ping;                                   // by id
  boost::unordered_flat_map<Tuple, TcpConnection*, TupleHash> connections;  // by the tuple of what comes in
  // Small when there is one, as on most nodes.
  std::multimap<std::uint16_t, TcpListener*> listeners;       // by local port
  std::multimap<std::uint16_t, const TcpPortUse*> tcp_ports;  // who has one, not accepted on it

  std::uint16_t connect_secret = 0;           // of the hash that port_to_connect() begins at
  std::uint32_t connect_step = 0;             // table_perturb
  std::uint16_t last_process_id = 0;          // of the programs of this namespace; 0: none ran yet
  Slots<std::unique_ptr<TcpConnection>> tcp;  // last: a connection gives its port back when it goes
};

}  // namespace ekspath
