#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/nanoseconds.hh"

namespace ekspath {

/// A host and the frames that come to it, as a text that reads like the commands which build it:
///
///   # What the case shows, in a sentence or two.
///   interface eth0 02:00:00:00:00:01 mtu 9001        (mtu 1500 when left out)
///   address eth0 10.0.0.1/24
///   sysctl net.ipv4.ip_forward 1
///   neighbour eth0 10.0.0.5 02:ff:00:00:00:05
///   route default via 10.1.0.2 dev eth1 table 2      (the words of `ip route add`)
///   rule from 10.0.0.5 lookup 2 priority 1536        (the words of `ip rule add`)
///   ipset create pods hash:ip                        (the words of `ipset`)
///   iptables-restore
///   *nat
///   ...
///   COMMIT
///   end
///   frame 0s eth0 10.0.0.5.4242 > 8.8.8.8.53: UDP 12
///   frame 10ms eth1 8.8.8.8.53 > 192.168.1.251.{eth1#1.sport}: UDP 40
///   until 3s                                         (how long to look on after the last frame)
///
/// A frame is in the packet text of tests/support/packet; without MAC addresses it comes from the interface's
/// neighbour at the other end of the wire. {eth1#2.sport} stands for what the second frame that left by eth1
/// had there (sport, dport, icmpid, source, destination), so that an answer finds the port that a host drew.
struct Case {
  struct Interface {
    std::string name;
    std::string mac;
    unsigned mtu = 1500;
  };
  struct Address {
    std::string interface;
    std::string address;
  };
  struct Neighbour {
    std::string interface;
    std::string address;
    std::string mac;
  };
  struct Sysctl {
    std::string name;
    std::string value;
  };
  struct Frame {
    Nanoseconds time;
    std::string interface;
    std::string text;
  };

  std::string name;
  std::vector<std::string> comments;
  std::vector<Interface> interfaces;
  std::vector<Address> addresses;
  std::vector<Neighbour> neighbours;
  std::vector<Sysctl> sysctls;
  std::vector<std::string> routes;
  std::vector<std::string> rules;
  std::vector<std::string> ipsets;    // what is said to ipset, before the rules
  std::vector<std::string> iptables;  // lines for iptables-restore
  std::vector<Frame> frames;
  Nanoseconds until;

  /// The MAC address of the wire's other end.
  [[nodiscard]] std::string peer_mac(std::size_t interface) const;
  [[nodiscard]] std::string iptables_text() const;
  [[nodiscard]] std::string ipset_text() const;
  /// The commands whose output the hosts are asked for in the end: routes, rules and tables that the case
  /// speaks of.
  [[nodiscard]] std::vector<std::string> questions() const;
  /// The frame's text with its MAC addresses and with `{...}` replaced by what `lookup(name, number, field)`
  /// says.
  template <class Lookup>
  [[nodiscard]] std::string frame_text(const Frame& frame, Lookup lookup) const;
};

/// A case that cannot be read: "FILE:LINE: reason".
struct CaseError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

[[nodiscard]] Case parse_case(std::string_view text, const std::string& file);
/// The text that parse_case() reads back to the same case.
[[nodiscard]] std::string print_case(const Case& described);

template <class Lookup>
std::string Case::frame_text(const Frame& frame, Lookup lookup) const {
  std::string text = frame.text;
  if (text.find(" | ") == std::string::npos) {
    for (std::size_t i = 0; i < interfaces.size(); ++i) {
      if (interfaces[i].name == frame.interface) {
        text.insert(0, peer_mac(i) + " > " + interfaces[i].mac + " | ");
        break;
      }
    }
  }
  for (std::size_t open = text.find('{'); open != std::string::npos; open = text.find('{')) {
    const std::size_t hash = text.find('#', open);
    const std::size_t dot = text.find('.', hash);
    const std::size_t close = text.find('}', dot);
    const std::string value =
        lookup(text.substr(open + 1, hash - open - 1), std::stoul(text.substr(hash + 1, dot - hash - 1)),
               text.substr(dot + 1, close - dot - 1));
    if (value.empty()) return {};
    text.replace(open, close - open + 1, value);
  }
  return text;
}

}  // namespace ekspath
