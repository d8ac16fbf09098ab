#include "sim/linux/netfilter/netfilter.hh"

#include "sim/linux/netns.hh"

namespace ekspath {

struct TableState {};

std::string_view to_string(TableName table) {
  constexpr std::array<std::string_view, 4> names{"raw", "mangle", "nat", "filter"};
  return names[static_cast<std::size_t>(table)];
}

Netfilter::Netfilter(Netns& netns) : netns_(&netns) {}
Netfilter::~Netfilter() = default;

TableVerdict Netfilter::traverse(TableName, Hook, Hop&, PacketRef&) { return TableVerdict::accept; }
void Netfilter::interfaces_changed() {}

}  // namespace ekspath
