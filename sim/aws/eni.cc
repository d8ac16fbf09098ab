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
void Eni::expect(const PacketRef& frame, unsigned stage) const {
  if (stage == 0) __builtin_prefetch(&tracking_);
  if (stage == 2) {
    const FlowHint flow = flow_of_frame(*frame);
    if (flow.readable) tracking_.fetch(TrafficDirection::egress, flow.tuple);
  }
}
void Eni::Arrival::expect(const PacketRef& frame, unsigned stage) const {
  if (stage == 0) {
    __builtin_prefetch(eni_);
    __builtin_prefetch(&eni_->host_);
    __builtin_prefetch(&eni_->tracking_);
    return;
  }
  if (eni_->host_ == nullptr) return;
  if (stage == 1) {
    __builtin_prefetch(eni_->host_);
    return;
  }
  if (stage == 2) {
    const FlowHint flow = flow_of_frame(*frame);
    if (flow.readable) eni_->tracking_.fetch(TrafficDirection::ingress, flow.tuple);
  }
  eni_->host_->expect(frame, stage);
}
void Eni::Arrival::receive(PacketRef frame) { eni_->fabric_->arrive(*eni_, std::move(frame)); }

}  // namespace ekspath
