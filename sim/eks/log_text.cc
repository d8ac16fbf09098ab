#include "sim/eks/log_text.hh"

#include <fmt/args.h>
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "sim/eks/agent_log.hh"

namespace ekspath {
namespace {

/// A string's own growth is twofold, and thousands of nodes have two logs each.
constexpr std::size_t least_growth = 256;

/// LEB128: seven bits a byte, the least first.
std::uint64_t take_number(std::string_view from, std::size_t& at) {
  std::uint64_t number = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto byte = static_cast<std::uint8_t>(from[at++]);
    number |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return number;
  }
}

/// An argument's number is even and twice its length when its text follows, else odd and tells which of the
/// latest texts it is.
std::string_view take_text(std::string_view from, std::size_t& at) {
  const std::size_t size = take_number(from, at) / 2;
  at += size;
  return from.substr(at - size, size);
}

}  // namespace

std::string LogLine::text() const {
  fmt::dynamic_format_arg_store<fmt::format_context> store;
  for (const std::string& argument : arguments) store.push_back(std::cref(argument));
  return fmt::format(R"({{"level":"{}","ts":"{}","caller":"{}","msg":{}}})", level, log_time(time), caller,
                     json_quoted(fmt::vformat(pattern, store)));
}

/// Reads a log from its beginning.
struct LogText::Reader {
  const LogText& log;
  std::size_t at = 0;
  Recent recent = {};
  Nanoseconds time = {};

  [[nodiscard]] bool at_end() const { return at == log.packed_.size(); }
  [[nodiscard]] std::uint64_t number() { return take_number(log.packed(), at); }
  [[nodiscard]] std::string_view literal() { return (*log.literals_)[number()]; }

  [[nodiscard]] std::string argument() {
    const std::size_t start = at;
    if (const std::uint64_t code = number(); code % 2 == 1) {
      std::size_t known = recent.starts[code / 2];
      return std::string(take_text(log.packed(), known));
    }
    at = start;
    recent.add(start);
    return std::string(take_text(log.packed(), at));
  }

  [[nodiscard]] LogLine line() {
    LogLine line;
    line.time = time += Nanoseconds(static_cast<std::int64_t>(number()));
    line.level = literal();
    line.caller = literal();
    line.pattern = literal();
    line.arguments.resize(number());
    for (std::string& one : line.arguments) one = argument();
    return line;
  }
};

void LogText::append(const LogLine& line) {
  pack(line);
  if (text_size_ > bound) drop_oldest();
}

std::string LogText::text() const {
  std::string text;
  text.reserve(text_size_);
  for (Reader reader{*this}; !reader.at_end();) text += reader.line().text() + '\n';
  return text;
}

void LogText::pack(const LogLine& line) {
  std::size_t most = 64;
  for (const std::string& argument : line.arguments) most += argument.size() + 2;
  if (packed_.capacity() < packed_.size() + most)
    packed_.reserve(packed_.size() + std::max({most, least_growth, packed_.size() / 8}));

  put(static_cast<std::uint64_t>((line.time - last_).count()));
  last_ = line.time;
  for (const std::string_view literal : {line.level, line.caller, line.pattern}) put_literal(literal);
  put(line.arguments.size());
  for (const std::string& argument : line.arguments) put_argument(argument);
  text_size_ += line.text().size() + 1;
}

void LogText::put(std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) packed_.push_back(static_cast<char>(0x80 | (number & 0x7f)));
  packed_.push_back(static_cast<char>(number));
}

void LogText::put_literal(std::string_view literal) {
  const auto known = std::ranges::find(*literals_, literal);
  put(static_cast<std::uint64_t>(known - literals_->begin()));
  if (known == literals_->end()) literals_.write().push_back(literal);
}

void LogText::put_argument(std::string_view text) {
  const std::size_t known = std::min<std::size_t>(recent_.count, recent_.starts.size());
  for (std::size_t i = 0; i < known; ++i) {
    std::size_t start = recent_.starts[i];
    if (take_text(packed(), start) == text) return put(2 * i + 1);
  }
  recent_.add(packed_.size());
  put(2 * text.size());
  packed_.insert(packed_.end(), text.begin(), text.end());
}

/// A quarter at a time, so that a full log does not move with every line.
void LogText::drop_oldest() {
  const std::size_t least = text_size_ - bound + bound / 4;
  LogText kept;
  std::size_t dropped = 0;
  for (Reader reader{*this}; !reader.at_end();) {
    const LogLine line = reader.line();
    if (dropped > least) {
      kept.pack(line);
    } else {
      dropped += line.text().size() + 1;
    }
  }
  *this = std::move(kept);
}

}  // namespace ekspath
