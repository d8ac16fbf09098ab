#include "sim/linux/conntrack/nat.hh"

namespace ekspath {

bool set_up_nat(Hop&, Packet&, const NatRange&, Manip) { return true; }
bool set_up_masquerade(Hop&, Packet&, NatRange) { return true; }
bool set_up_redirect(Hook, Hop&, Packet&, NatRange) { return true; }
bool nat_hook(Hook, Hop&, PacketRef&) { return true; }

}  // namespace ekspath
