#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "sim/packet/headers.hh"
#include "sim/packet/tuple.hh"

namespace ekspath {

/// Remembers the ports of first fragments, so that the later ones of a datagram are judged as the first was.
/// Holds the last few datagrams; a later fragment that comes before its first one has no ports. Most ENIs
/// never see a fragment: their room is taken with the first.
class FragmentPorts {
 public:
  /// The tuple by which rules judge this packet.
  [[nodiscard]] Tuple tuple(const Packet& packet) {
    Tuple tuple = tuple_of(packet);
    const Ipv4View ip = ipv4(packet);
    if (!ip.is_fragment()) [[likely]]
      return tuple;
    if (ip.fragment_offset() == 0) {
      if (datagrams_ == nullptr) datagrams_ = std::make_unique<Datagrams>();
      (*datagrams_)[next_++ % datagrams_->size()] = {tuple, ip.identification(), true};
    } else if (const Datagram* known = find(tuple, ip.identification())) {
      tuple = known->tuple;
    }
    return tuple;
  }

 private:
  struct Datagram {
    Tuple tuple;
    std::uint16_t identification = 0;
    bool used = false;
  };
  using Datagrams = std::array<Datagram, 8>;

  [[nodiscard]] const Datagram* find(const Tuple& part, std::uint16_t identification) const {
    if (datagrams_ == nullptr) return nullptr;
    for (const Datagram& known : *datagrams_) {
      if (known.used && known.identification == identification && known.tuple.source == part.source &&
          known.tuple.destination == part.destination && known.tuple.protocol == part.protocol) {
        return &known;
      }
    }
    return nullptr;
  }

  std::unique_ptr<Datagrams> datagrams_;
  std::uint32_t next_ = 0;
};

}  // namespace ekspath
