#include "tools/frame_filter.hh"

#include "pcap/linux_sll2.hh"
#include "sim/packet/headers.hh"

namespace ekspath {
namespace {

class EthernetFilter final : public FrameFilter {
 public:
  explicit EthernetFilter(CaptureFilter filter) : filter_(std::move(filter)) {}
  bool matches(PlaceId, Direction, const Packet& frame) const override {
    return filter_.matches(frame.bytes());
  }

 private:
  CaptureFilter filter_;
};

/// `-i any` sees another link header in front of the packet.
class AnyFilter final : public FrameFilter {
 public:
  AnyFilter(CaptureFilter filter, const World& world) : filter_(std::move(filter)), world_(&world) {
    learn_interfaces();
  }
  bool matches(PlaceId interface, Direction direction, const Packet& frame) const override {
    // One that came to be in the run.
    if (interface.value() >= interfaces_.size()) learn_interfaces();
    const auto bytes = frame.bytes();
    const Sll2Header header = sll2_header(interfaces_[interface.value()], direction, bytes);
    scratch_.assign(header.begin(), header.end());
    scratch_.insert(scratch_.end(), bytes.begin() + EthernetView::size, bytes.end());
    return filter_.matches(scratch_);
  }

 private:
  void learn_interfaces() const {
    for (const auto& netns : world_->namespaces()) {
      for (const Interface* interface : netns->interfaces()) {
        if (interfaces_.size() <= interface->place.value()) interfaces_.resize(interface->place.value() + 1);
        interfaces_[interface->place.value()] = {interface->index, interface->mac,
                                                 interface->kind == InterfaceKind::loopback};
      }
    }
  }

  CaptureFilter filter_;
  const World* world_;
  mutable std::vector<Sll2Interface> interfaces_;  // by place
  mutable std::vector<std::uint8_t> scratch_;
};

}  // namespace

FilterNames filter_names(const World& world) {
  FilterNames names;
  for (const auto& host : world.hosts()) names[host->name] = {host->address};
  return names;
}

CompileFilter filter_compiler(const World& world) {
  return [&world](std::string_view expression, bool any, std::string& error) -> std::unique_ptr<FrameFilter> {
    Diagnostics diagnostics;
    auto filter = CaptureFilter::compile(expression, any ? LinkType::linux_sll2 : LinkType::ethernet,
                                         filter_names(world), {}, diagnostics);
    if (!filter) {
      const ScenarioError& first = diagnostics.errors().front();
      error = first.found;
      if (!first.expected.empty()) error += "; expected " + first.expected;
      if (!first.hint.empty()) error += "; " + first.hint;
      return nullptr;
    }
    if (any) return std::make_unique<AnyFilter>(std::move(*filter), world);
    return std::make_unique<EthernetFilter>(std::move(*filter));
  };
}

}  // namespace ekspath
