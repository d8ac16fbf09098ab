#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "sim/aws/ids.hh"
#include "sim/base/ipv4_address.hh"
#include "sim/packet/fate.hh"
#include "sim/packet/packet.hh"

namespace ekspath {

class Eni;

/// What answers on the hypervisor itself. Security groups and network ACLs never see it.
enum class LocalService : std::uint8_t { resolver, metadata, time_sync };
[[nodiscard]] std::string_view to_string(LocalService service);
/// "the instance metadata service is not modelled here"
[[nodiscard]] std::string_view unmodelled(LocalService service);

constexpr Ipv4Address link_local_resolver{169, 254, 169, 253};
constexpr Ipv4Address metadata_address{169, 254, 169, 254};
constexpr Ipv4Address time_sync_address{169, 254, 169, 123};

/// Whoever models the services: given to Fabric::serve_locally(). Without one, their packets are dropped by
/// name.
class LocalServices {
 public:
  /// Why a packet dies here.
  struct Refusal {
    DropReason reason = DropReason::none;
    std::string_view why;
  };
  /// None: the service took it. `packet` begins with its IPv4 header; an answer goes out by
  /// Fabric::answer(from, reply).
  [[nodiscard]] virtual std::optional<Refusal> ask(LocalService service, Eni& from, const Packet& packet) = 0;

 protected:
  ~LocalServices() = default;
};

}  // namespace ekspath
