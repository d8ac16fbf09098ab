#include "sim/aws/internet.hh"

#include <fmt/format.h>

#include "sim/aws/fabric.hh"

namespace ekspath {
namespace {

MacAddress draw_host_mac(std::uint64_t seed, std::string_view name) {
  const std::uint64_t bits = Random(seed, name, "mac").next();
  MacAddress mac{{0x02, 0, 0, 0, 0, 0}};
  for (std::size_t i = 1; i < mac.bytes.size(); ++i)
    mac.bytes[i] = static_cast<std::uint8_t>(bits >> (8 * i));
  return mac;
}

}  // namespace

InternetHost::InternetHost(Fabric& fabric, InternetHostId id, InternetHostSpec spec, std::uint64_t seed)
    : Entity(fabric.engine_),
      fabric_(&fabric),
      host_id_(id),
      mac_(draw_host_mac(seed, spec.name)),
      arrival_(*this),
      uplink_(attachment_delay),
      loss_(seed, spec.name, "loss"),
      spec_(std::move(spec)) {}

void InternetHost::receive(PacketRef frame) { fabric_->leave(*this, std::move(frame)); }
void InternetHost::Arrival::receive(PacketRef frame) { host_->fabric_->arrive(*host_, std::move(frame)); }

Ipv4Address Internet::router(VpcId vpc, unsigned hop) const {
  Random luck(seed_, fmt::format("internet router {} of vpc {}", hop, vpc.value()), "address");
  const auto octet = [&] { return static_cast<std::uint8_t>(luck.between(1, 254)); };
  const std::uint8_t c = octet(), d = octet();
  switch (hop) {
    case 1:
      return {244, 5, c, d};
    case 2:
      return {240, static_cast<std::uint8_t>(luck.between(0, 9)), c, d};
    case 3:
      return {242, static_cast<std::uint8_t>(luck.between(0, 9)), c, d};
    default:
      return {100, 66, c, d};
  }
}

}  // namespace ekspath
