#include "tests/kernel/outcome.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <sstream>

#include "sim/packet/checksum.hh"
#include "sim/packet/headers.hh"
#include "tests/support/packet/packet_text.hh"

namespace ekspath {
namespace {

using Bytes = std::vector<std::uint8_t>;

/// A number of a frame that a host may have drawn, and the checksum that covers it (0: none).
struct Field {
  Renaming::Kind kind;
  std::size_t offset;
  std::size_t checksum;
  friend bool operator==(const Field&, const Field&) = default;
};

/// An ICMP message whose checksum covers a quoted datagram.
struct Quote {
  std::size_t offset;
  std::size_t end;
};

struct Layout {
  std::vector<Field> fields;
  std::vector<Quote> quotes;
};

/// Finds the numbers of the datagram at `at`.
void lay_out(const Bytes& bytes, std::size_t at, Layout& layout) {
  if (bytes.size() < at + Ipv4View::minimum_size) return;
  const Ipv4View ip{const_cast<std::uint8_t*>(bytes.data() + at)};
  if (ip.version() != 4) return;
  layout.fields.push_back({Renaming::Kind::ip_id, at + 4, at + 10});
  const std::size_t transport = at + ip.header_size();
  if (ip.fragment_offset() != 0 || bytes.size() < transport + 8) return;
  switch (IpProtocol{ip.protocol()}) {
    case IpProtocol::tcp:
    case IpProtocol::udp: {
      std::size_t sum = transport + (IpProtocol{ip.protocol()} == IpProtocol::tcp ? 16 : 6);
      if (bytes.size() < sum + 2) sum = 0;
      if (IpProtocol{ip.protocol()} == IpProtocol::udp && load16(bytes.data() + sum) == 0) sum = 0;
      layout.fields.push_back({Renaming::Kind::port, transport, sum});
      layout.fields.push_back({Renaming::Kind::port, transport + 2, sum});
      break;
    }
    case IpProtocol::icmp: {
      const IcmpView icmp{const_cast<std::uint8_t*>(bytes.data() + transport)};
      if (icmp.is_error()) {
        layout.quotes.push_back({transport, std::min(bytes.size(), at + ip.total_length())});
        lay_out(bytes, transport + IcmpView::size, layout);
      } else {
        layout.fields.push_back({Renaming::Kind::icmp_id, transport + 4, transport + 2});
      }
      break;
    }
    default:
      break;
  }
}

Layout layout_of(const Bytes& frame) {
  Layout layout;
  if (frame.size() >= 14 && load16(frame.data() + 12) == 0x0800) lay_out(frame, 14, layout);
  return layout;
}

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

bool is_number(const std::string& word) {
  return !word.empty() &&
         std::all_of(word.begin(), word.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

/// Without the comments, which carry a version and a date.
std::string without_comments(const std::string& text) {
  std::istringstream lines(text);
  std::string kept;
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.front() == '#') continue;
    kept += line + "\n";
  }
  return kept;
}

void compare_frames(const Case& tried, const CaseOutcome& kernels, const CaseOutcome& ours,
                    Renaming& renaming, std::string& report) {
  std::size_t worst = SIZE_MAX;  // the incoming frame of the first difference
  for (const auto& interface : tried.interfaces) {
    const auto of = [&](const CaseOutcome& outcome) {
      std::vector<const CaseOutcome::Sent*> sent;
      for (const auto& frame : outcome.frames) {
        if (frame.interface == interface.name) sent.push_back(&frame);
      }
      return sent;
    };
    const auto theirs = of(kernels);
    const auto own = of(ours);
    for (std::size_t i = 0; i < std::max(theirs.size(), own.size()); ++i) {
      if (i < theirs.size() && i < own.size() && same_frame(theirs[i]->bytes, own[i]->bytes, renaming))
        continue;
      const auto words = [&](const auto& sent) {
        return i < sent.size()
                   ? fmt::format("{}  (after frame {})", describe_bytes(sent[i]->bytes), sent[i]->after)
                   : std::string("nothing");
      };
      report += fmt::format("frame {} out of {}\n  kernel: {}\n  ours:   {}\n", i + 1, interface.name,
                            words(theirs), words(own));
      if (i < theirs.size()) worst = std::min(worst, theirs[i]->after);
      if (i < own.size()) worst = std::min(worst, own[i]->after);
      break;  // what follows on this interface is out of step
    }
  }
  if (worst == SIZE_MAX || worst == 0 || worst > tried.frames.size()) return;
  const auto& cause = tried.frames[worst - 1];
  report += fmt::format("frame {} was: {} {} {}\n", worst, cause.time, cause.interface, cause.text);
  if (worst <= ours.decisions.size()) {
    report += "our decisions on it:\n";
    for (const auto& decision : ours.decisions[worst - 1]) report += "  " + decision + "\n";
  }
}

void compare_connections(const CaseOutcome& kernels, const CaseOutcome& ours, Renaming& renaming,
                         std::string& report) {
  std::vector<std::string> theirs = kernels.connections;
  std::vector<std::string> own = ours.connections;
  for (auto line = theirs.begin(); line != theirs.end();) {
    const auto found = std::find_if(own.begin(), own.end(), [&](const std::string& one) {
      return same_connection(*line, one, renaming);
    });
    if (found == own.end()) {
      ++line;
    } else {
      own.erase(found);
      line = theirs.erase(line);
    }
  }
  for (const auto& line : theirs) report += "conntrack: the kernel alone has\n  " + line + "\n";
  for (const auto& line : own) report += "conntrack: we alone have\n  " + line + "\n";
}

/// iptables 1.8.9 prints protocols as numbers in `-L -n`, 1.8.8, which is what AL2023 has, their names
/// (facts/linux-datapath.md 4). Blanks at the end of a line are nobody's concern.
std::string as_al2023_prints(std::string line) {
  static const std::pair<const char*, const char*> names[]{
      {"0", "all"}, {"1", "icmp"}, {"6", "tcp"}, {"17", "udp"}};
  const std::size_t options = line.find(" -- ");
  if (options != std::string::npos) {
    const std::size_t end = line.find_last_not_of(' ', options);
    const std::size_t start = end == std::string::npos ? end : line.find_last_of(" !", end) + 1;
    for (const auto& [number, name] : names) {
      if (start == std::string::npos || line.substr(start, end + 1 - start) != number) continue;
      line.replace(start, options - start, fmt::format("{:<{}}", name, options - start));
      break;
    }
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

/// "eth0@if12   UP": the index of a veth's other end is the machine's to choose, and the column is as wide as
/// what is in it.
std::string without_peer_index(std::string line) {
  const std::size_t at = line.find("@if");
  if (at == std::string::npos) return line;
  std::size_t end = at + 3;
  while (end < line.size() && std::isdigit(static_cast<unsigned char>(line[end])) != 0) ++end;
  const bool padded = end < line.size() && line[end] == ' ';
  while (end < line.size() && line[end] == ' ') ++end;
  return line.replace(at, end - at, padded ? "@if " : "@if");
}

/// How long a neighbour is REACHABLE is drawn (15 to 45 s, neigh_rand_reach_time()); then it is STALE.
std::string without_age(std::string line) {
  const std::size_t at = line.find(" REACHABLE");
  return at == std::string::npos ? line : line.replace(at, 10, " STALE");
}

/// What of the tools' text is compared after a change, whatever the host. docs/kernel.md has the same table.
struct Normalisation {
  std::string_view command;  // the beginning of it
  std::string (*change)(std::string line);
  bool in_any_order = false;
};
constexpr std::array<Normalisation, 5> normalisations{{
    {"iptables ", as_al2023_prints},
    {"ip addr", without_peer_index},
    {"ip -br addr", without_peer_index},
    {"ip link", without_peer_index},
    {"ip neigh", without_age, true},  // in order of the kernel's hash
}};

/// The text of a command as it is compared.
std::string normalised(const std::string& command, const std::string& text) {
  const auto found = std::ranges::find_if(
      normalisations, [&](const Normalisation& one) { return command.starts_with(one.command); });
  if (found == normalisations.end()) return text;
  std::vector<std::string> lines = lines_of(text);
  for (std::string& line : lines) line = found->change(line);
  if (found->in_any_order) std::ranges::sort(lines);
  return fmt::format("{}\n", fmt::join(lines, "\n"));
}

void compare_text(const std::string& title, const std::string& kernels, const std::string& ours,
                  std::string& report) {
  std::istringstream theirs(normalised(title, kernels));
  std::istringstream own(normalised(title, ours));
  for (;;) {
    std::string their_line, our_line;
    const bool more_theirs = static_cast<bool>(std::getline(theirs, their_line));
    const bool more_ours = static_cast<bool>(std::getline(own, our_line));
    if (!more_theirs && !more_ours) return;
    if (their_line == our_line) continue;
    report += fmt::format("{}\n  kernel: {}\n  ours:   {}\n", title, more_theirs ? their_line : "(end)",
                          more_ours ? our_line : "(end)");
    return;
  }
}

void compare_rules(const CaseOutcome& kernels, const CaseOutcome& ours, std::string& report) {
  std::istringstream theirs(without_comments(kernels.rules));
  std::istringstream own(without_comments(ours.rules));
  for (;;) {
    std::string their_line, our_line;
    const bool more_theirs = static_cast<bool>(std::getline(theirs, their_line));
    const bool more_ours = static_cast<bool>(std::getline(own, our_line));
    if (!more_theirs && !more_ours) return;
    if (their_line == our_line) continue;
    report += fmt::format("iptables-save -c\n  kernel: {}\n  ours:   {}\n",
                          more_theirs ? their_line : "(end)", more_ours ? our_line : "(end)");
    if (!more_theirs || !more_ours) return;
  }
}

}  // namespace

std::string describe_bytes(const Bytes& frame) {
  PacketPool pool;
  PacketRef packet = pool.allocate(frame.size());
  std::copy(frame.begin(), frame.end(), packet->append(frame.size()));
  if (frame.size() >= 34 && load16(frame.data() + 12) == 0x0800) {
    packet->pull(14);
    packet->mark_network();
    packet->mark_transport(ipv4(*packet).header_size());
    packet->push(14);
  } else if (frame.size() >= 14) {
    packet->pull(14);
    packet->mark_network();
    packet->push(14);
  }
  return describe_frame(*packet);
}

std::string CaseOutcome::field(const std::string& interface, std::size_t number,
                               const std::string& name) const {
  for (const auto& sent : frames) {
    if (sent.interface != interface || --number != 0) continue;
    if (sent.bytes.size() < 14 + 28 || load16(sent.bytes.data() + 12) != 0x0800) return {};
    const Ipv4View ip{const_cast<std::uint8_t*>(sent.bytes.data() + 14)};
    const std::uint8_t* transport = sent.bytes.data() + 14 + ip.header_size();
    if (name == "source") return fmt::format("{}", ip.source());
    if (name == "destination") return fmt::format("{}", ip.destination());
    if (name == "sport") return std::to_string(load16(transport));
    if (name == "dport") return std::to_string(load16(transport + 2));
    if (name == "icmpid") return std::to_string(load16(transport + 4));
    return {};
  }
  return {};
}

std::string sum_statistics(const std::string& text) {
  std::map<std::string, std::uint64_t> counters;
  std::istringstream stream(text);
  for (std::string word; stream >> word;) {
    const std::size_t equal = word.find('=');
    if (equal == std::string::npos || word.starts_with("cpu")) continue;
    counters[word.substr(0, equal)] += std::stoull(word.substr(equal + 1));
  }
  std::string sums;
  for (const auto& [name, count] : counters) {
    // "found" counts probes of taken ports: luck, and fewer since Linux 6.7 (nf_nat_used_tuple_harder()).
    if (count != 0 && name != "found") sums += fmt::format("{}={} ", name, count);
  }
  return sums;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

void Renaming::given(Kind kind, std::uint16_t number) { given_.emplace(kind, number); }

void Renaming::given(const std::vector<std::uint8_t>& frame) {
  for (const Field& field : layout_of(frame).fields)
    given_.emplace(field.kind, load16(frame.data() + field.offset));
}

bool Renaming::match(Kind kind, std::uint16_t kernels, std::uint16_t ours) {
  const std::pair theirs{kind, kernels};
  const std::pair own{kind, ours};
  const bool both_drawn = kernels != 0 && ours != 0 && !given_.contains(theirs) && !given_.contains(own);
  // Ids of packets are drawn for each anew: there is nothing to be consistent with.
  if (kind == Kind::ip_id) return kernels == ours || both_drawn;
  if (const auto known = ours_of_.find(theirs); known != ours_of_.end()) return known->second == ours;
  if (kernels_of_.contains(own)) return false;
  if (kernels != ours && !both_drawn) return false;
  ours_of_.emplace(theirs, ours);
  kernels_of_.emplace(own, kernels);
  return true;
}

bool same_frame(const Bytes& kernels, const Bytes& ours, Renaming& renaming) {
  if (kernels.size() != ours.size()) return false;
  const Layout layout = layout_of(kernels);
  if (layout.fields != layout_of(ours).fields) return false;
  Renaming learnt = renaming;
  Bytes renamed = kernels;
  std::vector<bool> quote_was_right;
  for (const Quote& quote : layout.quotes) {
    quote_was_right.push_back(checksum(kernels.data() + quote.offset, quote.end - quote.offset) == 0);
  }
  for (const Field& field : layout.fields) {
    const std::uint16_t theirs = load16(kernels.data() + field.offset);
    const std::uint16_t own = load16(ours.data() + field.offset);
    if (!learnt.match(field.kind, theirs, own)) return false;
    store16(renamed.data() + field.offset, own);
    if (field.checksum == 0 || theirs == own) continue;
    std::uint8_t* sum = renamed.data() + field.checksum;
    store16(sum, checksum_update16(load16(sum), theirs, own));
  }
  for (std::size_t i = layout.quotes.size(); i-- > 0;) {
    if (!quote_was_right[i]) continue;
    const Quote& quote = layout.quotes[i];
    store16(renamed.data() + quote.offset + 2, 0);
    store16(renamed.data() + quote.offset + 2,
            checksum(renamed.data() + quote.offset, quote.end - quote.offset));
  }
  if (renamed != ours) return false;
  renaming = learnt;
  return true;
}

bool same_connection(const std::string& kernels, const std::string& ours, Renaming& renaming) {
  std::vector<std::string> theirs = words_of(kernels);
  std::vector<std::string> own = words_of(ours);
  if (theirs.size() != own.size()) return false;
  Renaming learnt = renaming;
  for (std::size_t i = 0; i < theirs.size(); ++i) {
    if (theirs[i] == own[i] && theirs[i].find('=') == std::string::npos) continue;
    if (theirs[i].starts_with("use=") && own[i].starts_with("use=")) continue;
    if (i == 2 && is_number(theirs[i]) && is_number(own[i])) {
      if (std::labs(std::stol(theirs[i]) - std::stol(own[i])) > 1) return false;
      continue;
    }
    const std::size_t equal = theirs[i].find('=');
    if (equal == std::string::npos || theirs[i].substr(0, equal) != own[i].substr(0, own[i].find('=')))
      return false;
    const std::string key = theirs[i].substr(0, equal);
    if (key != "sport" && key != "dport" && key != "id") {
      if (theirs[i] != own[i]) return false;
      continue;
    }
    const auto number = [&](const std::string& word) {
      return static_cast<std::uint16_t>(std::stoul(word.substr(equal + 1)));
    };
    const auto kind = key == "id" ? Renaming::Kind::icmp_id : Renaming::Kind::port;
    if (!learnt.match(kind, number(theirs[i]), number(own[i]))) return false;
  }
  renaming = learnt;
  return true;
}

std::string difference(const Case& tried, const CaseOutcome& kernels, const CaseOutcome& ours) {
  Renaming renaming;
  PacketPool pool;
  for (const auto& incoming : tried.frames) {
    if (incoming.text.find('{') != std::string::npos) continue;
    const PacketRef given = frame(pool, tried.frame_text(incoming, [](auto&&...) { return std::string(); }));
    renaming.given({given->data(), given->data() + given->size()});
  }
  std::string report;
  compare_frames(tried, kernels, ours, renaming, report);
  compare_connections(kernels, ours, renaming, report);
  compare_rules(kernels, ours, report);
  if (kernels.statistics != ours.statistics) {
    report += fmt::format("conntrack -S\n  kernel: {}\n  ours:   {}\n", kernels.statistics, ours.statistics);
  }
  // The real tools are asked for kept cases only.
  for (std::size_t i = 0; i < kernels.texts.size(); ++i) {
    compare_text(kernels.texts[i].first, kernels.texts[i].second, ours.texts[i].second, report);
  }
  return report;
}

}  // namespace ekspath
