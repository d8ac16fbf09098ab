#include "sim/lab/commands/ip.hh"

#include <algorithm>
#include <cstring>

#include "sim/lab/commands/commands.hh"
#include "sim/lab/commands/immediate.hh"

namespace ekspath {
namespace {

struct Invocation {
  IpToolOptions options;
  std::string object;  // "address", "link", "route", "rule", "neighbour"
  std::vector<std::string> words;
  std::string error;
};

/// Objects may be shortened to any prefix, the first in this order wins. iproute2 ip/ip.c cmds[]
std::string object_of(std::string_view word) {
  if (word == "neigh" || word == "neighbor") return "neighbour";
  for (const std::string_view object : {"address", "route", "rule", "neighbour", "link"}) {
    if (object.starts_with(word)) return std::string(object);
  }
  return {};
}

Invocation parse(const std::vector<std::string>& words) {
  Invocation invocation;
  std::size_t at = 1;
  for (; at < words.size() && words[at].starts_with("-"); ++at) {
    const std::string& word = words[at];
    if (word == "-br" || word == "-brief") {
      invocation.options.brief = true;
    } else if (word == "-s" || word == "-stats" || word == "-statistics") {
      invocation.options.statistics = true;
    } else if (word == "-4") {
      invocation.options.ipv4_only = true;
    } else {
      invocation.error = fmt::format("ip: option '{}' is not modelled; expected -br, -s, -4", word);
      return invocation;
    }
  }
  if (at == words.size()) {
    invocation.error = "ip: expected an object: addr, link, route, rule or neigh";
    return invocation;
  }
  invocation.object = object_of(words[at]);
  if (invocation.object.empty()) {
    invocation.error =
        fmt::format("ip: object '{}' is not modelled; expected addr, link, route, rule or neigh", words[at]);
  }
  const bool of_links = invocation.object == "address" || invocation.object == "link";
  if (invocation.error.empty() && !of_links && (invocation.options.brief || invocation.options.statistics)) {
    invocation.error =
        fmt::format("ip: {} is not modelled for {}", invocation.options.brief ? "-br" : "-s", words[at]);
  }
  invocation.words.assign(words.begin() + static_cast<std::ptrdiff_t>(at) + 1, words.end());
  return invocation;
}

std::string check(const std::vector<std::string>& words) {
  const Invocation invocation = parse(words);
  if (!invocation.error.empty()) return invocation.error;
  if (invocation.object == "address") return check_ip_address(invocation.words);
  if (invocation.object == "link") return check_ip_link(invocation.words);
  if (invocation.object == "neighbour") return check_ip_neigh(invocation.words);
  if (invocation.object == "rule") return check_ip_rule(invocation.words);
  return check_ip_route(invocation.words);
}

CommandResult run(const IpSubject& subject, const Invocation& invocation) {
  if (invocation.object == "address") return ip_address(subject, invocation.options, invocation.words);
  if (invocation.object == "link") return ip_link(subject, invocation.options, invocation.words);
  if (invocation.object == "neighbour") return ip_neigh(subject.netns, invocation.words);
  if (invocation.object == "rule") return ip_rule(subject.netns, invocation.words);
  return ip_route(subject.netns, invocation.words);
}

bool changes(const Invocation& invocation) {
  constexpr std::string_view verbs[] = {"add",    "del",    "delete", "replace",
                                        "append", "change", "flush",  "set"};
  return !invocation.words.empty() && std::ranges::find(verbs, invocation.words.front()) != std::end(verbs);
}

std::unique_ptr<RunningCommand> start(CommandContext& context, const std::vector<std::string>& words,
                                      CommandEnded ended) {
  const Invocation invocation = parse(words);
  if (changes(invocation) && !context.root) {
    return end_at_once(context, ended, {2, "", "RTNETLINK answers: Operation not permitted\n"});
  }
  return end_at_once(context, ended, run({context.world, *context.host->netns}, invocation));
}

}  // namespace

CommandResult netlink_answer(int error_number) {
  if (error_number == 0) return {};
  return {2, "", fmt::format("RTNETLINK answers: {}\n", std::strerror(error_number))};
}

CommandKind ip_command() { return {"ip", start, check}; }

}  // namespace ekspath
