#include <cstdint>
#include <string_view>

#include "sim/base/assert.hh"
#include "sim/linux/netfilter/ipset.hh"
#include "sim/linux/netfilter/iptables_text.hh"
#include "sim/linux/netfilter/rule_store.hh"
#include "sim/linux/netns.hh"

using namespace ekspath;

namespace {

/// iptables-save without its comments is the same with any clock.
std::string saved(Netns& netns) {
  constexpr std::string_view counters[]{"-c"};
  return iptables_save(netns, counters).out;
}

}  // namespace

/// A text as a user pastes it: whatever it is, it is taken or refused with words; and what is printed of the
/// rules reads back as what was printed. Words in quotes may hold blanks that some options print bare, as the
/// real tool does: such a text may be refused the second time.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 16384) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Engine engine;
  PacketPool pool;
  PlaceNames places;
  RuleStore rules;
  const Kernel kernel{engine, pool, places, rules, 1, 0};
  Netns first(kernel, "first");
  Netns second(kernel, "second");
  for (Netns* netns : {&first, &second}) {
    const std::string_view add[]{"add", "n"};
    ASSERT(nfacct(*netns, add).status == 0);
    ASSERT(ipset(*netns, "create s hash:net").status == 0);
  }
  constexpr std::string_view options[]{"-c"};
  const CommandResult loaded = iptables_restore(first, text, options);
  ASSERT((loaded.status == 0) == loaded.err.empty());
  for (const auto* table : {"raw", "mangle", "nat", "filter"}) {
    ASSERT(iptables(first, "-t " + std::string(table) + " -L -v").status == 0);
    ASSERT(iptables(first, "-t " + std::string(table) + " -S -v").status == 0);
  }
  const std::string printed = saved(first);
  const CommandResult again = iptables_restore(second, printed, options);
  const bool quotes = text.find('"') != std::string_view::npos;
  ASSERT(quotes || again.status == 0);
  if (again.status == 0) ASSERT(quotes || saved(second) == printed);
  // A line is a command too.
  (void)iptables(second, text.substr(0, text.find('\n')));
  return 0;
}
