#include "sim/linux/socket/socket_tables.hh"
#include "sim/linux/walk.hh"

namespace ekspath {

void Sockets::receive_tcp(Hop& hop, PacketRef packet) {
  drop(hop.netns, hop.in, Stage::local_in, DropReason::no_socket, std::move(packet));
}

}  // namespace ekspath
