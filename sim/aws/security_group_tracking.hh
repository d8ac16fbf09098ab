#pragma once

#include <cstdint>

#include "sim/aws/flow_table.hh"
#include "sim/aws/traffic_filter.hh"
#include "sim/base/nanoseconds.hh"

namespace ekspath {

/// EC2 guide: security group connection tracking, idle timeouts. A TCP flow that was reset or closed from
/// both sides goes sooner; how much sooner AWS does not say, so these two are Linux's own.
struct TrackingTimeouts {
  Nanoseconds tcp_established{432'000'000'000'000};
  Nanoseconds udp_stream{180'000'000'000};
  Nanoseconds udp_one_way{30'000'000'000};
  Nanoseconds other{600'000'000'000};
  Nanoseconds tcp_closed{120'000'000'000};
  Nanoseconds tcp_reset{10'000'000'000};
};

/// The flows of one ENI that its security groups admitted: their replies pass whatever the rules say.
class SecurityGroupTracking {
 public:
  /// The packet belongs to a live flow, in either of its directions; the flow is refreshed.
  [[nodiscard]] bool admits(TrafficDirection direction, const Tuple& tuple, std::uint8_t tcp_flags,
                            Nanoseconds now, const TrackingTimeouts& timeouts);
  /// A hint: admits() will be asked soon.
  void fetch(TrafficDirection direction, const Tuple& tuple) const {
    flows_[static_cast<std::size_t>(direction)].fetch(tuple);
  }
  void begin(TrafficDirection direction, const Tuple& tuple, Nanoseconds now,
             const TrackingTimeouts& timeouts);

  [[nodiscard]] std::size_t size() const { return flows_[0].size() + flows_[1].size(); }

 private:
  struct Flow {
    Nanoseconds expires;
    bool replied = false;
    bool fin_original = false;
    bool fin_reply = false;
    bool reset = false;
  };
  [[nodiscard]] static Nanoseconds lifetime(const Tuple& tuple, const Flow& flow,
                                            const TrackingTimeouts& timeouts);

  FlowTable<Flow> flows_[2];  // by the direction of the first packet
};

}  // namespace ekspath
