#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/nanoseconds.hh"
#include "sim/eks/api/shared.hh"

namespace ekspath {

/// One line of a log of aws-node's. What is the same in every node's log is a literal of the program; the
/// rest is `arguments`, which stand in the pattern's "{}" one after the other.
struct LogLine {
  Nanoseconds time;  // since 1970
  std::string_view level;
  std::string_view caller;
  std::string_view pattern;
  std::vector<std::string> arguments;

  /// {"level":...,"ts":...,"caller":...,"msg":...}, without a newline. amazon-vpc-cni-k8s pkg/utils/logger
  /// (zap)
  [[nodiscard]] std::string text() const;
};

/// The lines of one log, kept as values and written as text when somebody reads them: on each of thousands of
/// nodes every pod leaves a kilobyte of text, and hardly any is ever read. A log that outgrows its bound
/// loses its oldest lines, as lumberjack's rotation makes `cat` of the current file lose them.
class LogText {
 public:
  /// Of the text, in bytes.
  static constexpr std::size_t bound = std::size_t{1} << 20;

  /// `level`, `caller` and `pattern` are literals. Lines come in the order of their times.
  void append(const LogLine& line);
  [[nodiscard]] std::string text() const;
  /// Holds with `other` what both say alike: logs of one kind name the same literals.
  void join(const LogText& other) { literals_.join(other.literals_); }

 private:
  /// Where texts stand that arguments of late were: one that comes again is a number instead.
  struct Recent {
    std::array<std::uint32_t, 16> starts{};
    std::uint32_t count = 0;
    void add(std::size_t start) { starts[count++ % starts.size()] = static_cast<std::uint32_t>(start); }
  };
  struct Reader;

  void pack(const LogLine& line);
  void put(std::uint64_t number);
  void put_literal(std::string_view literal);
  void put_argument(std::string_view text);
  void drop_oldest();
  [[nodiscard]] std::string_view packed() const { return {packed_.data(), packed_.size()}; }

  std::vector<char> packed_;
  Shared<std::vector<std::string_view>> literals_;  // that lines name by number
  Recent recent_;
  Nanoseconds last_;
  std::size_t text_size_ = 0;
};

}  // namespace ekspath
