#include "sim/lab/commands/kubectl_jsonpath_parse.hh"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace ekspath {
namespace {

using Kind = JsonPathNode::Kind;

JsonPathNode literal(Document value) {
  JsonPathNode node;
  node.kind = Kind::literal;
  node.value = std::move(value);
  return node;
}

JsonPathNode named(Kind kind, std::string name) {
  JsonPathNode node;
  node.kind = kind;
  node.name = std::move(name);
  return node;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
  return c == '_' || is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80) != 0;
}
/// What ends a field or an identifier.
bool is_terminator(char c) { return std::string_view(" \t\r\n.,[]$@{}").find(c) != std::string_view::npos; }

class TemplateParser {
 public:
  TemplateParser(std::string_view text, std::string& error) : text_(text), error_(error) {}

  std::vector<JsonPathNode> parse() {
    std::vector<JsonPathNode> nodes;
    while (at_ < text_.size() && error_.empty()) {
      const std::size_t brace = std::min(text_.find('{', at_), text_.size());
      if (brace > at_) nodes.push_back(literal(std::string(text_.substr(at_, brace - at_))));
      at_ = brace;
      if (at_ == text_.size()) break;
      ++at_;
      JsonPathNode list;
      list.nodes = action();
      nodes.push_back(std::move(list));
    }
    return nodes;
  }

 private:
  [[nodiscard]] bool next_is(std::string_view what) const { return text_.substr(at_).starts_with(what); }

  /// Behind "{", to behind "}".
  std::vector<JsonPathNode> action() {
    std::vector<JsonPathNode> nodes;
    while (error_.empty()) {
      if (next_is("}")) {
        ++at_;
        break;
      }
      if (next_is("[?(")) {
        filter(nodes);
      } else if (next_is("..")) {
        recursive(nodes);
      } else if (at_ == text_.size() || text_[at_] == '\n' || text_[at_] == '\r') {
        error_ = "unclosed action";
      } else {
        step(nodes);
      }
    }
    return nodes;
  }

  void step(std::vector<JsonPathNode>& nodes) {
    const char c = text_[at_];
    if (c == ' ' || c == '@' || c == '$') {
      ++at_;
    } else if (c == '[') {
      array(nodes);
    } else if (c == '"' || c == '\'') {
      quoted(nodes);
    } else if (c == '.') {
      ++at_;
      field(nodes);
    } else if (c == '+' || c == '-' || is_digit(c)) {
      number(nodes);
    } else if (is_word(c)) {
      const std::string word = until_terminator();
      if (word == "true" || word == "false") {
        nodes.push_back(literal(word == "true"));
      } else {
        nodes.push_back(named(Kind::identifier, word));
      }
    } else {
      error_ = fmt::format("unrecognized character in action: U+{:04X} '{}'", static_cast<unsigned>(c), c);
    }
  }

  std::string until_terminator() {
    const std::size_t from = at_;
    while (at_ < text_.size() && !is_terminator(text_[at_])) ++at_;
    return std::string(text_.substr(from, at_ - from));
  }

  /// Behind the dot; a backslash takes its meaning from what follows it.
  void field(std::vector<JsonPathNode>& nodes) {
    std::string name;
    for (; at_ < text_.size() && !is_terminator(text_[at_]); ++at_) {
      if (text_[at_] == '\\' && ++at_ == text_.size()) break;
      if (text_[at_] != '\\') name += text_[at_];
    }
    nodes.push_back(name == "*" ? named(Kind::wildcard, "") : named(Kind::field, name));
  }

  void recursive(std::vector<JsonPathNode>& nodes) {
    if (!nodes.empty() && nodes.back().kind == Kind::recursive) {
      error_ = "invalid multiple recursive descent";
      return;
    }
    at_ += 2;
    nodes.push_back(named(Kind::recursive, ""));
    if (at_ < text_.size() && is_word(text_[at_])) field(nodes);
  }

  void number(std::vector<JsonPathNode>& nodes) {
    const std::size_t from = at_;
    if (text_[at_] == '+' || text_[at_] == '-') ++at_;
    while (at_ < text_.size() && (text_[at_] == '.' || is_digit(text_[at_]))) ++at_;
    std::string_view digits = text_.substr(from, at_ - from);
    if (digits.starts_with("+")) digits.remove_prefix(1);
    std::int64_t whole = 0;
    double real = 0;
    const char* end = digits.data() + digits.size();
    if (std::from_chars(digits.data(), end, whole).ptr == end && !digits.empty()) {
      nodes.push_back(literal(whole));
    } else if (std::from_chars(digits.data(), end, real).ptr == end && !digits.empty()) {
      nodes.push_back(literal(real));
    } else {
      error_ = fmt::format("cannot parse number {}", text_.substr(from, at_ - from));
    }
  }

  void quoted(std::vector<JsonPathNode>& nodes) {
    const char quote = text_[at_];
    std::string value;
    for (++at_;; ++at_) {
      if (at_ >= text_.size() || text_[at_] == '\n') {
        error_ = "unterminated quoted string";
        return;
      }
      if (text_[at_] == quote) break;
      if (text_[at_] != '\\') {
        value += text_[at_];
        continue;
      }
      ++at_;
      constexpr std::string_view letters = "abfnrtv\\'\"", meanings = "\a\b\f\n\r\t\v\\'\"";
      const std::size_t known = at_ < text_.size() ? letters.find(text_[at_]) : std::string_view::npos;
      if (known == std::string_view::npos) {
        error_ = fmt::format("unquote string {} error invalid syntax", text_);
        return;
      }
      value += meanings[known];
    }
    ++at_;
    nodes.push_back(literal(value));
  }

  void array(std::vector<JsonPathNode>& nodes) {
    const std::size_t end = text_.find_first_of("]\n", at_);
    if (end == std::string_view::npos || text_[end] == '\n') {
      error_ = "unterminated array";
      return;
    }
    std::string_view inside = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    if (inside == "*") inside = ":";
    if (inside.find(',') != std::string_view::npos) {
      nodes.push_back(union_of(inside));
    } else if (inside.size() >= 2 && inside.starts_with("'") && inside.ends_with("'") &&
               inside.find('\'', 1) == inside.size() - 1) {
      // ['metadata.name'] is a path too: only \. is a dot of the name.
      for (JsonPathNode& node : part(fmt::format(".{}", inside.substr(1, inside.size() - 2))))
        nodes.push_back(std::move(node));
    } else {
      slice(inside, nodes);
    }
  }

  /// A template of its own within this one.
  std::vector<JsonPathNode> part(const std::string& text) {
    const std::string braced = "{" + text + "}";
    std::vector<JsonPathNode> parsed = TemplateParser(braced, error_).parse();
    return parsed.empty() ? std::vector<JsonPathNode>() : std::move(parsed.front().nodes);
  }

  JsonPathNode union_of(std::string_view inside) {
    JsonPathNode node = named(Kind::union_of, "");
    for (std::size_t from = 0; error_.empty();) {
      const std::size_t comma = inside.find(',', from);
      std::string_view one = inside.substr(from, comma - from);
      one.remove_prefix(std::min(one.find_first_not_of(' '), one.size()));
      one.remove_suffix(one.size() - (one.find_last_not_of(' ') + 1));
      JsonPathNode list;
      list.nodes = part(fmt::format("[{}]", one));
      node.nodes.push_back(std::move(list));
      if (comma == std::string_view::npos) break;
      from = comma + 1;
    }
    return node;
  }

  /// [3], [-1], [1:3], [::2]
  void slice(std::string_view inside, std::vector<JsonPathNode>& nodes) {
    JsonPathNode node = named(Kind::array, "");
    std::size_t at = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      JsonPathNode::Bound& bound = node.bounds[i];
      const bool written = i == 0 || (at < inside.size() && inside[at] == ':');
      if (!written) {
        if (i == 1) bound = {true, true, node.bounds[0].value + 1};
        continue;
      }
      if (i > 0) ++at;
      const std::size_t end = std::min(inside.find(':', at), inside.size());
      const std::string_view digits = inside.substr(at, end - at);
      bound.known = !digits.empty();
      const auto [stop, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), bound.value);
      if (bound.known && (failure != std::errc() || stop != digits.data() + digits.size())) {
        error_ =
            digits == "-" ? "array index - is not a number" : fmt::format("invalid array index {}", inside);
        return;
      }
      at = end;
    }
    if (at < inside.size()) error_ = fmt::format("invalid array index {}", inside);
    nodes.push_back(std::move(node));
  }

  void filter(std::vector<JsonPathNode>& nodes) {
    const std::size_t from = at_ + 3;
    char quote = 0;
    bool closed = false;
    for (at_ = from;; ++at_) {
      if (at_ >= text_.size() || text_[at_] == '\n') {
        error_ = "unterminated filter";
        return;
      }
      const char c = text_[at_];
      if (quote == 0 && (c == '"' || c == '\'')) {
        quote = c;
      } else if (quote != 0 && c == quote && text_[at_ - 1] != '\\') {
        closed = true;
      } else if (c == ')' && (quote != 0) == closed) {
        break;
      }
    }
    const std::string_view inside = text_.substr(from, at_ - from);
    if (++at_ >= text_.size() || text_[at_] != ']') {
      error_ = "unclosed array expect ]";
      return;
    }
    ++at_;
    nodes.push_back(condition(inside));
  }

  /// `@.a=="b"`, or `@.a` alone, which asks whether it is there.
  JsonPathNode condition(std::string_view inside) {
    constexpr std::string_view signs = "!<>=";
    const std::size_t left_end = inside.find_first_of(signs);
    JsonPathNode node = named(Kind::filter, "exists");
    node.nodes.resize(2);
    if (left_end == std::string_view::npos || left_end == 0 || left_end + 1 >= inside.size()) {
      node.nodes[0].nodes = part(std::string(inside));
      return node;
    }
    std::size_t right = std::min(inside.find_first_not_of(signs, left_end), inside.size() - 1);
    node.name = inside.substr(left_end, right - left_end);
    node.nodes[0].nodes = part(std::string(inside.substr(0, left_end)));
    node.nodes[1].nodes = part(std::string(inside.substr(right)));
    return node;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string& error_;
};

}  // namespace

std::vector<JsonPathNode> parse_jsonpath(std::string_view text, std::string& error) {
  return TemplateParser(text, error).parse();
}

}  // namespace ekspath
