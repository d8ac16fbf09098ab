#include "sim/aws/eni.hh"

#include "sim/aws/fabric.hh"
#include "sim/aws/resource_id.hh"

namespace ekspath {

Eni::Eni(Fabric& fabric, EniId id, EniSpec spec, ZoneId zone, VpcId vpc, std::uint64_t seed)
    : Entity(fabric.engine_),
      fabric_(&fabric),
      eni_id_(id),
      vpc_(vpc),
      zone_(zone),
      mac_(*spec.mac),
      uplink_(attachment_delay),
      arrival_(*this),
      loss_(seed, spec.name, "loss"),
      resource_id_(ekspath::resource_id(seed, "eni", spec.name)),
      spec_(std::move(spec)) {}

void Eni::receive(PacketRef frame) { fabric_->leave(*this, std::move(frame)); }
void Eni::Arrival::receive(PacketRef frame) { eni_->fabric_->arrive(*eni_, std::move(frame)); }

}  // namespace ekspath
