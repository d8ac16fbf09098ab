#include "sim/linux/netfilter/hook.hh"

namespace ekspath {

bool run_hook(Hook, Hop&, PacketRef&) { return true; }

}  // namespace ekspath
