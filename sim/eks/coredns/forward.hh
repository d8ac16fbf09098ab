#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "sim/apps/dns_client.hh"
#include "sim/apps/running_program.hh"
#include "sim/apps/task.hh"
#include "sim/eks/coredns/corefile.hh"
#include "sim/engine/random.hh"
#include "sim/linux/socket/udp_socket.hh"

namespace ekspath {

/// CoreDNS's `forward`: asks the upstream servers one after the other until one answers or five seconds are
/// over. Each query that is under way has a socket of its own; a socket is used again within ten seconds.
/// coredns 1.11.3 plugin/forward/forward.go ServeDNS(), plugin/pkg/proxy/connect.go. Not modelled: health
/// checks, and so max_fails (with one upstream they change nothing); a server that refuses a datagram is
/// not asked again for the same query.
class DnsForwarder {
 public:
  DnsForwarder(RunningProgram& self, CorefileForward settings);

  /// "" in `error`: there is an answer, with the id of the query.
  struct Outcome {
    std::optional<DnsMessage> answer;
    std::string error;  // in Go's words
  };
  [[nodiscard]] Task<Outcome> ask(DnsMessage query);

 private:
  struct Door {
    Door(Scheduler& scheduler, Netns& netns) : socket(netns), readable(scheduler) {
      socket.on_readable = [this] { readable.raise(); };
    }
    UdpSocket socket;
    Signal readable;
    Nanoseconds used;
  };
  struct Upstream {
    Endpoint remote;
    std::vector<std::unique_ptr<Door>> idle;  // the latest used last
  };

  [[nodiscard]] std::vector<std::size_t> order();
  [[nodiscard]] Task<Outcome> ask_by_udp(Upstream& upstream, DnsMessage query);
  [[nodiscard]] Task<Outcome> ask_by_tcp(Upstream& upstream, DnsMessage query);

  RunningProgram& self_;
  CorefileForward settings_;
  Random draws_;
  std::deque<Upstream> upstreams_;
  std::size_t turn_ = 0;
};

}  // namespace ekspath
