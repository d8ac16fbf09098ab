#include "tests/kernel/case.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <set>

#include "sim/base/ipv4_address.hh"
#include "sim/base/mac_address.hh"
#include "sim/base/prefix.hh"
#include "tests/support/packet/packet_text.hh"

namespace ekspath {
namespace {

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  std::size_t at = 0;
  while (at < line.size()) {
    const std::size_t start = line.find_first_not_of(" \t", at);
    if (start == std::string_view::npos) break;
    const std::size_t end = std::min(line.find_first_of(" \t", start), line.size());
    words.emplace_back(line.substr(start, end - start));
    at = end;
  }
  return words;
}

/// The rest of a line behind its first `count` words.
std::string rest_behind(std::string_view line, std::size_t count) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < count; ++i) {
    at = line.find_first_not_of(" \t", at);
    at = std::min(line.find_first_of(" \t", at), line.size());
  }
  at = line.find_first_not_of(" \t", at);
  return at == std::string_view::npos ? std::string() : std::string(line.substr(at));
}

const std::vector<std::string_view> route_types{"unreachable", "prohibit", "blackhole", "throw", "local"};
const std::vector<std::string_view> route_words{"via",    "dev", "src",    "table",
                                                "metric", "mtu", "onlink", "scope"};
const std::vector<std::string_view> rule_words{
    "not",   "from",     "to",   "iif",         "oif",      "fwmark",    "lookup",
    "table", "priority", "pref", "unreachable", "prohibit", "blackhole", "suppress_prefixlength"};

struct CaseReader {
  std::string file;
  Case read;
  std::size_t line = 0;
  bool in_iptables = false;

  [[noreturn]] void fail(const std::string& reason) const {
    throw CaseError(fmt::format("{}:{}: {}", file, line, reason));
  }
  void need(const std::vector<std::string>& words, std::size_t least, std::string_view form) const {
    if (words.size() < least) fail(fmt::format("expected '{}'", form));
  }
  void known_interface(const std::string& name) const {
    const bool known = std::any_of(read.interfaces.begin(), read.interfaces.end(),
                                   [&](const Case::Interface& one) { return one.name == name; });
    if (!known) fail(fmt::format("no interface '{}' before this line", name));
  }
  Nanoseconds time(const std::string& word) const {
    const auto parsed = Nanoseconds::parse(word);
    if (!parsed) fail(fmt::format("'{}' is no time: expected a number and ns, us, ms or s", word));
    return *parsed;
  }

  unsigned number(const std::string& word) const {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size())
      fail(fmt::format("'{}' is no number", word));
    return value;
  }

  void prefix(const std::string& word) const {
    if (word != "default" && !Prefix::parse_loose(word)) fail(fmt::format("'{}' is no prefix", word));
  }

  /// Words with a value each, but for those that stand alone.
  void known_words(const std::vector<std::string>& words, std::size_t at,
                   const std::vector<std::string_view>& known) const {
    constexpr std::array<std::string_view, 5> alone{"onlink", "not", "unreachable", "prohibit", "blackhole"};
    for (; at < words.size(); ++at) {
      if (std::ranges::find(known, words[at]) == known.end())
        fail(fmt::format("unknown word '{}'", words[at]));
      if (std::ranges::find(alone, words[at]) != alone.end()) continue;
      if (++at == words.size()) fail(fmt::format("expected a value behind '{}'", words.back()));
      if (words[at - 1] == "from" || words[at - 1] == "to") {
        if (words[at] != "all") prefix(words[at]);
      }
    }
  }

  /// A frame whose numbers hosts draw can be read only when they have drawn them.
  void check_frame(const Case::Frame& incoming) const {
    if (incoming.text.find('{') != std::string::npos) return;
    PacketPool pool;
    try {
      (void)frame(pool, read.frame_text(incoming, [](auto&&...) { return std::string(); }));
    } catch (const std::exception& error) {
      fail(error.what());
    }
  }

  void take(std::string_view text) {
    if (in_iptables) {
      if (text == "end") {
        in_iptables = false;
      } else {
        read.iptables.emplace_back(text);
      }
      return;
    }
    const auto words = words_of(text);
    if (words.empty()) return;
    const std::string& word = words.front();
    if (word.front() == '#') {
      read.comments.emplace_back(text.substr(std::min<std::size_t>(text.find('#') + 2, text.size())));
    } else if (word == "interface") {
      need(words, 3, "interface NAME MAC [mtu N]");
      if (!MacAddress::parse(words[2])) fail(fmt::format("'{}' is no MAC address", words[2]));
      Case::Interface added{words[1], words[2]};
      if (words.size() == 5 && words[3] == "mtu") added.mtu = number(words[4]);
      read.interfaces.push_back(added);
    } else if (word == "address") {
      need(words, 3, "address INTERFACE ADDRESS/LENGTH");
      known_interface(words[1]);
      if (words[2].find('/') == std::string::npos || !Prefix::parse_loose(words[2])) {
        fail(fmt::format("'{}' is no address with a length", words[2]));
      }
      read.addresses.push_back({words[1], words[2]});
    } else if (word == "neighbour") {
      need(words, 4, "neighbour INTERFACE ADDRESS MAC");
      known_interface(words[1]);
      if (!Ipv4Address::parse(words[2])) fail(fmt::format("'{}' is no address", words[2]));
      if (!MacAddress::parse(words[3])) fail(fmt::format("'{}' is no MAC address", words[3]));
      read.neighbours.push_back({words[1], words[2], words[3]});
    } else if (word == "sysctl") {
      need(words, 3, "sysctl NAME VALUE");
      read.sysctls.push_back({words[1], words[2]});
    } else if (word == "route") {
      need(words, 2, "route [TYPE] PREFIX [via A] [dev I] ...");
      const bool typed = std::ranges::find(route_types, words[1]) != route_types.end();
      if (typed) need(words, 3, "route TYPE PREFIX ...");
      prefix(words[typed ? 2 : 1]);
      known_words(words, typed ? 3 : 2, route_words);
      read.routes.push_back(rest_behind(text, 1));
    } else if (word == "rule") {
      need(words, 2, "rule from PREFIX ... lookup TABLE priority N");
      known_words(words, 1, rule_words);
      read.rules.push_back(rest_behind(text, 1));
    } else if (word == "ipset") {
      need(words, 3, "ipset create|add NAME ...");
      read.ipsets.push_back(rest_behind(text, 1));
    } else if (word == "iptables-restore") {
      in_iptables = true;
    } else if (word == "frame") {
      need(words, 4, "frame TIME INTERFACE PACKET");
      known_interface(words[2]);
      read.frames.push_back({time(words[1]), words[2], rest_behind(text, 3)});
      check_frame(read.frames.back());
      if (read.frames.size() > 1 && read.frames.back().time < read.frames[read.frames.size() - 2].time) {
        fail("frames must stand in order of time");
      }
    } else if (word == "until") {
      need(words, 2, "until TIME");
      read.until = time(words[1]);
    } else {
      fail(fmt::format("unknown word '{}'", word));
    }
  }
};

}  // namespace

std::string Case::peer_mac(std::size_t interface) const {
  return fmt::format("02:ff:00:00:00:{:02x}", interface + 1);
}

std::string Case::iptables_text() const {
  std::string text;
  for (const auto& line : iptables) text.append(line).append("\n");
  return text;
}

std::string Case::ipset_text() const {
  std::string text;
  for (const auto& line : ipsets) text.append(line).append("\n");
  return text;
}

std::vector<std::string> Case::questions() const {
  std::set<std::string> tables{"local", "main"};
  for (const auto& route : routes) {
    const auto words = words_of(route);
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
      if (words[i] == "table") tables.insert(words[i + 1]);
    }
  }
  std::vector<std::string> commands{"ip addr", "ip -br addr", "ip link", "ip neigh",
                                    "ss -tan", "route -n",    "ip rule"};
  for (const auto& table : tables) commands.push_back("ip route show table " + table);
  for (const auto& line : iptables) {
    if (!line.starts_with('*')) continue;
    const std::string of_table = "iptables -t " + line.substr(1);
    commands.push_back(of_table + " -S");
    commands.push_back(of_table + " -L -n -v");
    commands.push_back(of_table + " -L -n -v -x --line-numbers");
    commands.push_back(of_table + " -L -n");
  }
  return commands;
}

Case parse_case(std::string_view text, const std::string& file) {
  CaseReader reader{file, {}};
  const std::size_t slash = file.find_last_of('/');
  reader.read.name = slash == std::string::npos ? file : file.substr(slash + 1);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    ++reader.line;
    reader.take(text.substr(at, end - at));
    at = end + 1;
  }
  if (reader.in_iptables) reader.fail("'iptables-restore' has no 'end'");
  if (reader.read.interfaces.empty()) reader.fail("a host without an interface");
  return reader.read;
}

std::string print_case(const Case& described) {
  std::string text;
  auto out = std::back_inserter(text);
  for (const auto& comment : described.comments) fmt::format_to(out, "# {}\n", comment);
  for (const auto& one : described.interfaces) {
    fmt::format_to(out, "interface {} {} mtu {}\n", one.name, one.mac, one.mtu);
  }
  for (const auto& one : described.addresses)
    fmt::format_to(out, "address {} {}\n", one.interface, one.address);
  for (const auto& one : described.sysctls) fmt::format_to(out, "sysctl {} {}\n", one.name, one.value);
  for (const auto& one : described.neighbours) {
    fmt::format_to(out, "neighbour {} {} {}\n", one.interface, one.address, one.mac);
  }
  for (const auto& one : described.routes) fmt::format_to(out, "route {}\n", one);
  for (const auto& one : described.rules) fmt::format_to(out, "rule {}\n", one);
  for (const auto& one : described.ipsets) fmt::format_to(out, "ipset {}\n", one);
  if (!described.iptables.empty()) {
    fmt::format_to(out, "iptables-restore\n{}end\n", described.iptables_text());
  }
  for (const auto& one : described.frames)
    fmt::format_to(out, "frame {} {} {}\n", one.time, one.interface, one.text);
  if (described.until > Nanoseconds()) fmt::format_to(out, "until {}\n", described.until);
  return text;
}

}  // namespace ekspath
