#include "sim/lab/commands/kubectl_arguments.hh"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "sim/base/near_miss.hh"

namespace ekspath {

KubectlArguments::KubectlArguments(std::string_view command, std::span<const std::string> words,
                                   std::span<const KubectlOption> known)
    : command_name_(command), known_(known) {
  for (std::size_t at = 0; at < words.size() && error_.empty(); ++at) {
    if (words[at] == "--") {
      has_command_ = true;
      command_.assign(words.begin() + static_cast<std::ptrdiff_t>(at) + 1, words.end());
      break;
    }
    if (words[at].starts_with("--")) {
      long_option(words, at);
    } else if (words[at].size() > 1 && words[at].front() == '-') {
      short_options(words, at);
    } else {
      words_.push_back(words[at]);
    }
  }
}

void KubectlArguments::unknown(const std::string& option) {
  std::vector<std::string> names;
  for (const KubectlOption& one : known_) names.push_back(fmt::format("--{}", one.name));
  const std::string near = near_miss(option, names);
  error_ = fmt::format("kubectl {}: option '{}' is not modelled; expected one of {}{}", command_name_, option,
                       fmt::join(names, ", "), near.empty() ? "" : fmt::format("; did you mean '{}'?", near));
}

void KubectlArguments::long_option(std::span<const std::string> words, std::size_t& at) {
  const std::string& word = words[at];
  const std::size_t equals = word.find('=');
  const std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
  const auto found = std::ranges::find(known_, name, &KubectlOption::name);
  if (found == known_.end()) return unknown("--" + name);
  if (equals != std::string::npos) {
    values_[name].push_back(word.substr(equals + 1));
  } else if (found->takes == KubectlOption::Takes::nothing) {
    values_[name].push_back("true");
  } else if (at + 1 < words.size()) {
    values_[name].push_back(words[++at]);
  } else {
    error_ = fmt::format("error: flag needs an argument: --{}", name);
  }
}

void KubectlArguments::short_options(std::span<const std::string> words, std::size_t& at) {
  const std::string& word = words[at];
  for (std::size_t i = 1; i < word.size(); ++i) {
    const auto found = std::ranges::find(known_, word[i], &KubectlOption::letter);
    if (found == known_.end()) return unknown(fmt::format("-{}", word[i]));
    std::vector<std::string>& values = values_[std::string(found->name)];
    if (found->takes == KubectlOption::Takes::nothing) {
      values.push_back("true");
      continue;
    }
    const std::string rest = word.substr(i + 1);
    if (!rest.empty()) {
      values.push_back(rest.front() == '=' ? rest.substr(1) : rest);
    } else if (at + 1 < words.size()) {
      values.push_back(words[++at]);
    } else {
      error_ = fmt::format("error: flag needs an argument: '{}' in {}", word[i], word);
    }
    return;
  }
}

std::string KubectlArguments::value(std::string_view option) const {
  const auto found = values_.find(option);
  return found == values_.end() ? std::string() : found->second.back();
}

std::vector<std::string> KubectlArguments::values(std::string_view option) const {
  const auto found = values_.find(option);
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

bool KubectlArguments::is_on(std::string_view option, bool otherwise) const {
  return has(option) ? value(option) != "false" : otherwise;
}

std::string KubectlArguments::name_space() const { return has("namespace") ? value("namespace") : "default"; }

}  // namespace ekspath
