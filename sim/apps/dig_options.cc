#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/apps/command_line.hh"
#include "sim/apps/dig.hh"

namespace ekspath {
namespace {

struct DigSwitch {
  std::string_view name;
  bool DigOptions::*member;
};
constexpr std::array<DigSwitch, 16> switches{{{"search", &DigOptions::search},
                                              {"short", &DigOptions::short_form},
                                              {"tcp", &DigOptions::tcp},
                                              {"vc", &DigOptions::tcp},
                                              {"recurse", &DigOptions::recurse},
                                              {"rec", &DigOptions::recurse},
                                              {"edns", &DigOptions::edns},
                                              {"cookie", &DigOptions::cookie},
                                              {"cmd", &DigOptions::command},
                                              {"comments", &DigOptions::comments},
                                              {"question", &DigOptions::question},
                                              {"answer", &DigOptions::answer},
                                              {"authority", &DigOptions::authority},
                                              {"additional", &DigOptions::additional},
                                              {"stats", &DigOptions::statistics},
                                              {"defname", &DigOptions::search}}};

/// "+name", "+noname", "+name=value". "" or what is wrong.
std::string take_plus(DigOptions& options, std::string_view word) {
  std::string_view name = word.substr(1);
  std::string_view value;
  if (const auto equals = name.find('='); equals != std::string_view::npos) {
    value = name.substr(equals + 1);
    name = name.substr(0, equals);
    const auto number = parse_integer(value, 0, 65535);
    if (!number) return fmt::format("dig: '{}': a number is expected", word);
    if (name == "time" || name == "timeout") {
      options.timeout_s = std::max<std::int64_t>(*number, 1);
    } else if (name == "tries") {
      options.tries = std::max<std::int64_t>(*number, 1);
    } else if (name == "retry") {
      options.tries = *number + 1;
    } else if (name == "ndots") {
      options.ndots = static_cast<unsigned>(*number);
      options.search = true;
    } else {
      return fmt::format("dig: {} is not modelled", word);
    }
    return {};
  }
  const bool on = !name.starts_with("no");
  if (!on) name.remove_prefix(2);
  if (name == "all") {
    options.comments = options.question = options.answer = options.authority = options.additional =
        options.statistics = on;
    options.all_off = !on;
    return {};
  }
  const auto known = std::ranges::find(switches, name, &DigSwitch::name);
  if (known == switches.end()) return fmt::format("dig: {} is unknown or not modelled", word);
  options.*(known->member) = on;
  return {};
}

}  // namespace

std::variant<DigOptions, CommandError> parse_dig(const std::vector<std::string>& arguments) {
  DigOptions options;
  bool has_name = false;
  const auto take_name = [&](const std::string& text) -> std::string {
    if (has_name) return fmt::format("dig: a second name ('{}') is not modelled", text);
    if (!DnsName::parse(text)) return fmt::format("dig: '{}' is not a legal name", text);
    options.name = text;
    has_name = true;
    return {};
  };
  const auto take_type = [&](const std::string& text) -> std::string {
    const auto type = parse_dns_type(text);
    if (!type || *type == DnsType::axfr || *type == DnsType::opt)
      return fmt::format("dig: type '{}' is not modelled", text);
    options.type = *type;
    options.type_given = true;
    return {};
  };
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    std::string error;
    const bool takes_value = word.size() == 2 && word[0] == '-' &&
                             std::string_view("tqxpc").find(word[1]) != std::string_view::npos;
    if (takes_value && i + 1 >= arguments.size())
      return CommandError{fmt::format("dig: {} needs an argument", word)};
    if (word.starts_with('@')) {
      options.server = word.substr(1);
    } else if (word.starts_with('+')) {
      error = take_plus(options, word);
    } else if (word == "-t") {
      error = take_type(arguments[++i]);
    } else if (word == "-q") {
      error = take_name(arguments[++i]);
    } else if (word == "-x") {
      const auto address = Ipv4Address::parse(arguments[++i]);
      if (!address) return CommandError{fmt::format("dig: invalid IP address {}", arguments[i])};
      error = take_name(DnsName::reverse_of(*address).text());
      options.type = DnsType::ptr;
      options.type_given = true;
    } else if (word == "-p") {
      const auto port = parse_integer(arguments[++i], 1, 65535);
      if (!port) return CommandError{fmt::format("dig: invalid port '{}'", arguments[i])};
      options.port = static_cast<std::uint16_t>(*port);
    } else if (word == "-c") {
      if (arguments[++i] != "IN" && arguments[i] != "in")
        return CommandError{fmt::format("dig: class '{}' is not modelled", arguments[i])};
    } else if (word.starts_with('-') && word != "-4") {
      return CommandError{fmt::format("dig: {} is not modelled", word)};
    } else if (word == "IN" || word == "in" || word == "-4") {
    } else if (parse_dns_type(word) && !options.type_given) {
      error = take_type(word);
    } else {
      error = take_name(word);
    }
    if (!error.empty()) return CommandError{error};
  }
  if (!has_name && !options.type_given) options.type = DnsType::ns;
  return options;
}

}  // namespace ekspath
