#include "sim/apps/dns_settings.hh"

#include <algorithm>

#include "sim/apps/command_line.hh"

namespace ekspath {
namespace {

// glibc resolv/bits/types/res_state.h, resolv/resolv.h
constexpr std::size_t most_nameservers = 3;
constexpr std::int64_t most_ndots = 15, longest_timeout_s = 30, most_attempts = 5;

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    const auto begin = line.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) return words;
    const auto end = std::min(line.find_first_of(" \t\r", begin), line.size());
    words.push_back(line.substr(begin, end - begin));
    line.remove_prefix(end);
  }
}

template <class Take>
void each_line(std::string_view text, Take take) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    take(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

/// "ndots:5": 5, cut to `most`. A number that is none counts as 0, as atoi(3) has it.
std::int64_t option_value(std::string_view word, std::string_view name, std::int64_t most) {
  const auto value = parse_integer(word.substr(name.size()), 0, 1'000'000'000);
  return std::min(value.value_or(0), most);
}

void take_option(ResolvConf& conf, std::string_view word) {
  constexpr std::string_view ndots = "ndots:", timeout = "timeout:", attempts = "attempts:";
  if (word.starts_with(ndots)) {
    conf.ndots = static_cast<unsigned>(option_value(word, ndots, most_ndots));
  } else if (word.starts_with(timeout)) {
    conf.timeout = Nanoseconds(option_value(word, timeout, longest_timeout_s) * 1'000'000'000);
  } else if (word.starts_with(attempts)) {
    conf.attempts = static_cast<unsigned>(option_value(word, attempts, most_attempts));
  } else if (word == "single-request") {
    conf.single_request = true;
  } else if (word == "single-request-reopen") {
    conf.single_request = conf.single_request_reopen = true;
  } else if (word == "use-vc") {
    conf.use_tcp = true;
  }
}

}  // namespace

ResolvConf parse_resolv_conf(std::string_view text) {
  ResolvConf conf;
  each_line(text, [&](std::string_view line) {
    if (line.starts_with("#") || line.starts_with(";")) return;
    const auto words = words_of(line);
    if (words.size() < 2) return;
    if (words[0] == "nameserver") {
      const auto address = Ipv4Address::parse(words[1]);
      if (address && conf.nameservers.size() < most_nameservers) conf.nameservers.push_back(*address);
    } else if (words[0] == "search" || words[0] == "domain") {
      conf.search.clear();
      const std::size_t count = words[0] == "domain" ? 2 : words.size();
      for (std::size_t i = 1; i < count; ++i) {
        if (auto domain = DnsName::parse(words[i])) conf.search.push_back(std::move(*domain));
      }
    } else if (words[0] == "options") {
      for (std::size_t i = 1; i < words.size(); ++i) take_option(conf, words[i]);
    }
  });
  if (conf.nameservers.empty()) conf.nameservers.push_back(Ipv4Address(127, 0, 0, 1));
  return conf;
}

std::vector<HostsLine> parse_hosts_file(std::string_view text) {
  std::vector<HostsLine> lines;
  each_line(text, [&](std::string_view line) {
    const auto words = words_of(line.substr(0, line.find('#')));
    if (words.size() < 2) return;
    HostsLine& entry = lines.emplace_back();
    entry.address = words[0];
    entry.names.assign(words.begin() + 1, words.end());
  });
  return lines;
}

}  // namespace ekspath
