#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ekspath {

/// An option of a kubectl command.
struct KubectlOption {
  std::string_view name;  // without its dashes: "namespace"
  char letter = 0;        // 0: none
  enum class Takes : std::uint8_t { nothing, value } takes = Takes::value;
};

/// The words behind a command of kubectl, options taken out as pflag does: `-n kube-system`, `-nkube-system`,
/// `--namespace=kube-system`, `-it`, `--wait=false`.
class KubectlArguments {
 public:
  /// `words` begin behind the command. What is wrong (an option that is not among `known`, one that lacks its
  /// value) is in error(); "" when nothing is.
  KubectlArguments(std::string_view command, std::span<const std::string> words,
                   std::span<const KubectlOption> known);

  [[nodiscard]] const std::string& error() const { return error_; }
  [[nodiscard]] const std::vector<std::string>& words() const { return words_; }
  /// What stands behind "--"; `has_command` also when nothing does.
  [[nodiscard]] const std::vector<std::string>& command() const { return command_; }
  [[nodiscard]] bool has_command() const { return has_command_; }
  [[nodiscard]] bool has(std::string_view option) const { return values_.contains(option); }
  /// Of the last time that it was given; "" when it was not.
  [[nodiscard]] std::string value(std::string_view option) const;
  [[nodiscard]] std::vector<std::string> values(std::string_view option) const;
  /// Of an option without a value: given, and not as --option=false.
  [[nodiscard]] bool is_on(std::string_view option, bool otherwise = false) const;
  /// -n, or "default".
  [[nodiscard]] std::string name_space() const;

 private:
  void long_option(std::span<const std::string> words, std::size_t& at);
  void short_options(std::span<const std::string> words, std::size_t& at);
  void unknown(const std::string& option);

  std::string command_name_;
  std::span<const KubectlOption> known_;
  std::vector<std::string> words_, command_;
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
  bool has_command_ = false;
  std::string error_;
};

}  // namespace ekspath
