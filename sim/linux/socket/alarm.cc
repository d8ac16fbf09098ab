#include "sim/linux/socket/alarm.hh"

#include "sim/linux/socket/socket_tables.hh"

namespace ekspath {

Alarm::Alarm(Netns& netns, std::function<void()> callback)
    : netns_(&netns),
      slot_(netns.ensure_sockets().tables().alarms.take(this)),
      timer_(netns, Netns::socket_timer, TimerArgument::pack(TimerArgument::Owner::alarm, slot_)),
      callback_(std::move(callback)) {}

Alarm::~Alarm() { netns_->sockets->tables().alarms.release(slot_); }

}  // namespace ekspath
