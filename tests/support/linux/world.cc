#include "tests/support/linux/world.hh"

#include <fmt/format.h>

#include <algorithm>
#include <queue>
#include <stdexcept>

#include "sim/linux/walk.hh"
#include "sim/packet/headers.hh"
#include "tests/support/packet/packet_text.hh"

namespace ekspath {
namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \n\t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \n\t") - first + 1);
}

std::vector<std::string_view> split(std::string_view text, std::string_view by) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(by);
    parts.push_back(trimmed(text.substr(0, end)));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + by.size());
  }
}

InterfaceAddress address_of(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = Ipv4Address::parse(text.substr(0, slash));
  if (!address) throw std::invalid_argument(fmt::format("no address: '{}'", text));
  InterfaceAddress own;
  own.address = *address;
  own.prefix_length = 24;
  if (slash != std::string_view::npos) {
    own.prefix_length = static_cast<std::uint8_t>(std::stoi(std::string(text.substr(slash + 1))));
  }
  return own;
}

/// Without the IP id, which is a draw.
std::string without_id(std::string line) {
  const std::size_t first = line.find(", id ");
  if (first == std::string::npos) return line;
  return line.erase(first, line.find_first_not_of("0123456789", first + 5) - first);
}

bool is_arp(std::string_view line) { return line.find("| ARP ") != std::string_view::npos; }

}  // namespace

class LinuxWorld::Recorder final : public Tap, public Observer {
 public:
  struct Frame {
    std::string place;
    Direction direction;
    Nanoseconds time;
    std::string link;  // the frame with its link header
    std::string datagram;
  };

  explicit Recorder(const PlaceNames& places) : places_(places) {}

  void frame(PlaceId interface, Direction direction, const Packet& packet, Nanoseconds time) override {
    Frame seen{std::string(places_.name(interface)), direction, time, describe_frame(packet), {}};
    const std::size_t bar = seen.link.find("| ");
    seen.datagram = bar == std::string::npos ? seen.link : seen.link.substr(bar + 2);
    frames.push_back(std::move(seen));
  }
  void decided(const Decision& decision) override {
    const std::string_view place = places_.name(decision.where);
    walk += fmt::format("{} {} {} {}", decision.time, place, to_string(decision.stage),
                        to_string(decision.verdict));
    if (decision.reason != DropReason::none) {
      walk += fmt::format(" {}", to_string(decision.reason));
      drops += fmt::format("{} {} {}\n", place, to_string(decision.stage), to_string(decision.reason));
    }
    walk += fmt::format(" | {}", decision.before);
    if (decision.after != decision.before) walk += fmt::format(" => {}", decision.after);
    if (!decision.rule.empty()) walk += fmt::format(" | {}", decision.rule);
    walk += '\n';
  }

  std::vector<Frame> frames;
  std::string walk;
  std::string drops;

 private:
  const PlaceNames& places_;
};

LinuxWorld::LinuxWorld(std::string_view rows, std::uint64_t seed)
    : kernel{engine, pool, places, rules, seed, 0}, recorder_(std::make_unique<Recorder>(places)) {
  for (const std::string_view row : split(rows, ";")) build_row(row);
  add_routes();
}

LinuxWorld::~LinuxWorld() = default;

Netns& LinuxWorld::operator[](std::string_view host) {
  const auto found = hosts_.find(host);
  if (found == hosts_.end()) throw std::invalid_argument(fmt::format("no host '{}'", host));
  return *found->second;
}

Interface& LinuxWorld::at(std::string_view place) {
  const std::size_t slash = place.find('/');
  Interface* interface = (*this)[place.substr(0, slash)].find_interface(place.substr(slash + 1));
  if (interface == nullptr) throw std::invalid_argument(fmt::format("no interface '{}'", place));
  return *interface;
}

Netns& LinuxWorld::add_host(std::string name) {
  const auto [found, is_new] = hosts_.try_emplace(name);
  if (is_new) {
    found->second = std::make_unique<Netns>(kernel, name);
    found->second->observer = recorder_.get();
    watch(found->second->loopback());
    order_.push_back(std::move(name));
  }
  return *found->second;
}

void LinuxWorld::watch(Interface& interface) { interface.tap = recorder_.get(); }

void LinuxWorld::join(std::string_view a, std::string_view address_a, std::string_view b,
                      std::string_view address_b, const LinkSpec& link) {
  Netns& first = (*this)[a];
  Netns& second = (*this)[b];
  const auto mac = [this](const Netns& host, std::size_t number) {
    std::uint8_t position = 1;
    for (const std::string& name : order_) {
      if (name == host.name()) break;
      ++position;
    }
    return MacAddress{{0x02, 0, 0, 0, position, static_cast<std::uint8_t>(number)}};
  };
  const auto next = [](const Netns& host) { return host.interfaces().size() - 1; };  // lo is not one of them
  const std::string name_a = fmt::format("e{}", next(first));
  const std::string name_b = fmt::format("e{}", next(second));
  Netns::add_veth(first, name_a, mac(first, next(first)), second, name_b, mac(second, next(second)), 1500,
                  link);
  for (const auto& [host, name, address] :
       {std::tuple{&first, name_a, address_a}, std::tuple{&second, name_b, address_b}}) {
    Interface& interface = *host->find_interface(name);
    watch(interface);
    if (address != "-") {
      if (host->add_address(interface, address_of(address)) != 0)
        throw std::invalid_argument("address twice");
    }
    host->set_up(interface, true);
  }
}

void LinuxWorld::build_row(std::string_view row) {
  struct Mention {
    std::string name;
    std::vector<std::string_view> addresses;
    std::size_t used = 0;
    std::string_view next() { return used < addresses.size() ? addresses[used++] : std::string_view("-"); }
  };
  std::vector<Mention> mentions;
  for (const std::string_view part : split(row, "--")) {
    const std::size_t open = part.find('(');
    Mention mention{std::string(trimmed(part.substr(0, open))), {}};
    if (open != std::string_view::npos) {
      const std::string_view inside = part.substr(open + 1, part.rfind(')') - open - 1);
      mention.addresses = split(inside, ",");
    }
    add_host(mention.name);
    mentions.push_back(std::move(mention));
  }
  for (std::size_t i = 0; i + 1 < mentions.size(); ++i) {
    const std::string_view left = mentions[i].next();
    const std::string_view right = mentions[i + 1].next();
    join(mentions[i].name, left, mentions[i + 1].name, right);
  }
}

/// Shortest ways, host by host; the first address of the next host's end is the gateway.
void LinuxWorld::add_routes() {
  for (const std::string& name : order_) {
    Netns& host = *hosts_.at(name);
    const bool is_leaf = host.interfaces().size() <= 2;
    if (!is_leaf) (void)write_sysctl(host, "net.ipv4.ip_forward", "1");
    struct Step {
      Netns* at;
      Interface* out;
      Ipv4Address gateway;
    };
    std::queue<Step> frontier;
    std::vector<const Netns*> seen{&host};
    frontier.push({&host, nullptr, {}});
    while (!frontier.empty()) {
      const Step step = frontier.front();
      frontier.pop();
      for (Interface* interface : step.at->interfaces()) {
        if (interface->peer == nullptr) continue;
        Interface& far = *interface->peer;
        if (step.at != &host && !is_leaf && !interface->addresses.empty()) {
          Route route;
          route.prefix = interface->addresses.front().prefix();
          route.gateway = step.gateway;
          route.out_interface = step.out->index;
          (void)host.routing.add_route(route_table::main, route);  // EEXIST: it is nearer another way
        }
        if (std::find(seen.begin(), seen.end(), far.netns) != seen.end()) continue;
        seen.push_back(far.netns);
        Interface* out = step.out != nullptr ? step.out : interface;
        Ipv4Address gateway = step.gateway;
        if (step.at == &host && !far.addresses.empty()) gateway = far.addresses.front().address;
        if (is_leaf && step.at == &host && !gateway.is_unspecified()) {
          Route route;
          route.gateway = gateway;
          route.out_interface = out->index;
          (void)host.routing.add_route(route_table::main, route);  // a leaf has one link
        }
        frontier.push({far.netns, out, gateway});
      }
    }
  }
}

int LinuxWorld::send(std::string_view host, std::string_view text) {
  Netns& netns = (*this)[host];
  PacketRef sent = packet(pool, text);
  FlowKey key;
  key.source = ipv4(*sent).source();
  key.destination = ipv4(*sent).destination();
  const RouteResult route = netns.routing.lookup(key);
  if (!route.found()) return errno_of(route.outcome);
  sent->meta.trace = netns.next_trace();
  return local_out(netns, std::move(sent), route);
}

void LinuxWorld::inject(std::string_view place, std::string_view text) {
  PacketRef arriving = frame(pool, text);
  Interface& in = at(place);
  arriving->meta.trace = in.netns->next_trace();
  ingress(in, std::move(arriving));
}

std::string LinuxWorld::capture(std::string_view place) const {
  std::string lines;
  for (const auto& frame : recorder_->frames) {
    if (is_arp(frame.link) || (!place.empty() && frame.place != place)) continue;
    lines += fmt::format("{} {} {}\n", frame.place, frame.direction == Direction::in ? "in" : "out",
                         without_id(frame.datagram));
  }
  return lines;
}

std::string LinuxWorld::capture_frames(std::string_view place) const {
  std::string lines;
  for (const auto& frame : recorder_->frames) {
    if (!place.empty() && frame.place != place) continue;
    lines +=
        fmt::format("{} {} {}\n", frame.place, frame.direction == Direction::in ? "in" : "out", frame.link);
  }
  return lines;
}

std::vector<Nanoseconds> LinuxWorld::times(std::string_view place) const {
  std::vector<Nanoseconds> all;
  for (const auto& frame : recorder_->frames) {
    if (frame.place == place) all.push_back(frame.time);
  }
  return all;
}

std::string LinuxWorld::drops() const { return recorder_->drops; }
std::string LinuxWorld::walk() const { return recorder_->walk; }

void LinuxWorld::forget() {
  recorder_->frames.clear();
  recorder_->walk.clear();
  recorder_->drops.clear();
}

}  // namespace ekspath
