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
// The ENI itself is its node's: what all its packets need is in the caches.
void Eni::expect(const PacketRef& frame, unsigned stage) const {
  if (stage != 1) return;
  const FlowHint flow = flow_of_frame(*frame);
  if (flow.readable) tracking_.fetch(TrafficDirection::egress, flow.tuple);
}
void Eni::Arrival::expect(const PacketRef& frame, unsigned stage) const {
  if (eni_->host_ == nullptr) return;
  if (stage == 1) {
    const FlowHint flow = flow_of_frame(*frame);
    if (flow.readable) eni_->tracking_.fetch(TrafficDirection::ingress, flow.tuple);
  }
  eni_->host_->expect(frame, stage);
}
void Eni::Arrival::receive(PacketRef frame) { eni_->fabric_->arrive(*eni_, std::move(frame)); }

}  // namespace ekspath
