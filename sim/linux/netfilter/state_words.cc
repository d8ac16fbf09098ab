#include "sim/linux/netfilter/state_words.hh"

#include <fmt/format.h>

#include <algorithm>

#include "sim/linux/netfilter/iptables_error.hh"

namespace ekspath {

std::uint16_t parse_state_words(std::string_view text, std::span<const StateWord> words,
                                std::string_view what) {
  std::uint16_t bits = 0;
  while (true) {
    const std::size_t comma = text.find(',');
    const auto found = std::ranges::find(words, text.substr(0, comma), &StateWord::name);
    // What is left of the list is quoted: NEW,FOO,RELATED ends with Bad ctstate "FOO,RELATED".
    if (found == words.end()) usage_error(fmt::format("Bad {} \"{}\"", what, text));
    bits = static_cast<std::uint16_t>(bits | found->bit);
    if (comma == std::string_view::npos) return bits;
    text.remove_prefix(comma + 1);
  }
}

void append_state_words(std::string& out, std::uint16_t bits, std::span<const StateWord> words) {
  char separator = ' ';
  for (const StateWord& word : words) {
    if ((bits & word.bit) == 0) continue;
    out += separator;
    out += word.name;
    separator = ',';
  }
}

}  // namespace ekspath
