#include "sim/lab/commands/kubectl_yaml.hh"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace ekspath {
namespace {

/// goyaml.v2 emitterc.go: a line is broken at the first space behind this column.
constexpr std::size_t fold_column = 80;

bool is_letter(unsigned char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80; }
bool is_digit(unsigned char c) { return c >= '0' && c <= '9'; }

/// goyaml.v2 sorter.go keyList.Less(): numbers within names by their value, other signs before letters.
bool sorts_before(std::string_view a, std::string_view b) {
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
    if (a[i] == b[i]) continue;
    const auto left = static_cast<unsigned char>(a[i]), right = static_cast<unsigned char>(b[i]);
    if (is_letter(left) && is_letter(right)) return left < right;
    if (is_letter(left) || is_letter(right)) return is_letter(right);
    std::uint64_t left_number = 0, right_number = 0;
    if (a[i] == '0' || b[i] == '0') {
      for (std::size_t j = i; j > 0 && is_digit(static_cast<unsigned char>(a[j - 1])); --j) {
        if (a[j - 1] != '0') left_number = right_number = 1;
      }
    }
    std::size_t left_end = i, right_end = i;
    for (; left_end < a.size() && is_digit(static_cast<unsigned char>(a[left_end])); ++left_end)
      left_number = left_number * 10 + static_cast<std::uint64_t>(a[left_end] - '0');
    for (; right_end < b.size() && is_digit(static_cast<unsigned char>(b[right_end])); ++right_end)
      right_number = right_number * 10 + static_cast<std::uint64_t>(b[right_end] - '0');
    if (left_number != right_number) return left_number < right_number;
    if (left_end != right_end) return left_end < right_end;
    return left < right;
  }
  return a.size() < b.size();
}

/// Reads a text from left to right, as far as it fits.
class TextScan {
 public:
  explicit TextScan(std::string_view text) : rest_(text) {}

  /// How many characters of `set` come next, `most` at most; they are taken.
  std::size_t take(std::string_view set, std::size_t most = std::string_view::npos) {
    const std::size_t count = std::min({rest_.find_first_not_of(set), rest_.size(), most});
    rest_.remove_prefix(count);
    return count;
  }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

constexpr std::string_view digits = "0123456789";

/// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?, or an integer of strconv.ParseInt(text, 0, 64).
bool is_number(std::string_view text) {
  TextScan decimal(text);
  decimal.take("-+", 1);
  const std::size_t whole = decimal.take(digits);
  const bool point = decimal.take(".", 1) == 1;
  const std::size_t fraction = point ? decimal.take(digits) : 0;
  bool fits = whole + fraction > 0;
  if (decimal.take("eE", 1) == 1) {
    decimal.take("-+", 1);
    fits = fits && decimal.take(digits) > 0;
  }
  if (fits && decimal.at_end()) return true;
  TextScan other(text);
  other.take("-+", 1);
  if (other.take("0", 1) == 0) return false;
  const bool hex = other.take("xX", 1) == 1, binary = !hex && other.take("bB", 1) == 1;
  if (!hex && !binary) other.take("oO", 1);
  const std::size_t count = other.take(hex ? "0123456789abcdefABCDEF" : binary ? "01" : "01234567");
  return count > 0 && other.at_end();
}

/// [-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?: a number of base 60, as YAML 1.1 has them.
bool is_base_60(std::string_view text) {
  TextScan scan(text);
  scan.take("-+", 1);
  if (scan.take(digits, 1) == 0) return false;
  scan.take("0123456789_");
  std::size_t groups = 0;
  for (; scan.take(":", 1) == 1; ++groups) {
    const bool two = scan.take("012345", 1) == 1;
    if (scan.take(digits, 1) == 0 && !two) return false;
  }
  if (scan.take(".", 1) == 1) scan.take("0123456789_");
  return groups > 0 && scan.at_end();
}

/// 2026-01-01, 2026-01-01T00:00:00Z, 2026-1-1 0:0:0.5
bool is_time(std::string_view text) {
  TextScan scan(text);
  const auto one_or_two = [&] { return scan.take(digits, 2) > 0; };
  const bool date = scan.take(digits, 5) == 4 && scan.take("-", 1) == 1 && one_or_two() &&
                    scan.take("-", 1) == 1 && one_or_two();
  if (!date || scan.at_end()) return date;
  const bool with_zone = scan.take("Tt", 1) == 1;
  if (!with_zone && scan.take(" ", 1) == 0) return false;
  const bool clock =
      one_or_two() && scan.take(":", 1) == 1 && one_or_two() && scan.take(":", 1) == 1 && one_or_two();
  if (!clock) return false;
  if (scan.take(".", 1) == 1 && scan.take(digits) == 0) return false;
  if (!with_zone) return scan.at_end();
  if (scan.take("Z", 1) == 1) return scan.at_end();
  return scan.take("-+", 1) == 1 && scan.take(digits, 2) == 2 && scan.take(":", 1) == 1 &&
         scan.take(digits, 2) == 2 && scan.at_end();
}

/// goyaml.v2 resolve.go: whether the text alone would be read as a number, a truth, nothing, a time.
bool reads_as_other_than_text(std::string_view text) {
  constexpr std::string_view words[] = {"",      "~",     "null",  "Null",  "NULL",  "y",     "Y",     "yes",
                                        "Yes",   "YES",   "on",    "On",    "ON",    "n",     "N",     "no",
                                        "No",    "NO",    "off",   "Off",   "OFF",   "true",  "True",  "TRUE",
                                        "false", "False", "FALSE", ".nan",  ".NaN",  ".NAN",  ".inf",  ".Inf",
                                        ".INF",  "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF", "<<"};
  if (std::ranges::find(words, text) != std::end(words)) return true;
  if (std::string_view("+-.0123456789").find(text.front()) == std::string_view::npos) return false;
  if (is_base_60(text) || is_time(text)) return true;
  std::string plain(text);
  std::erase(plain, '_');
  return is_number(plain);
}

/// goyaml.v2 emitterc.go yaml_emitter_analyze_scalar(): which styles can hold a text.
struct ScalarForms {
  bool plain = true;
  bool single_quoted = true;
  bool block = true;
};

ScalarForms forms_of(std::string_view text) {
  ScalarForms forms;
  const auto blank_or_end = [&](std::size_t at) {
    return at >= text.size() || text[at] == ' ' || text[at] == '\t' || text[at] == '\n';
  };
  if (text.starts_with("---") || text.starts_with("...")) forms.plain = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool after_break = i > 0 && text[i - 1] == '\n',
               before_break = i + 1 < text.size() && text[i + 1] == '\n';
    if (i == 0 && std::string_view("#,[]{}&*!|>'\"%@`").find(c) != std::string_view::npos)
      forms.plain = false;
    if (i == 0 && (c == '-' || c == '?') && blank_or_end(1)) forms.plain = false;
    if (c == ':' && blank_or_end(i + 1)) forms.plain = false;
    if (c == '#' && i > 0 && blank_or_end(i - 1)) forms.plain = false;
    if ((c < 0x20 && c >= 0 && c != '\n') || c == 0x7f) forms = {false, false, false};
    if (c == ' ') {
      if (i == 0 || i + 1 == text.size()) forms.plain = false;
      if (i + 1 == text.size()) forms.block = false;
      if (after_break) forms.plain = forms.single_quoted = false;
      if (before_break) forms = {false, false, false};
    }
    if (c == '\n') forms.plain = false;
  }
  return forms;
}

class YamlWriter {
 public:
  std::string text(const Document& value) {
    node(value, 0);
    return std::move(text_);
  }

 private:
  [[nodiscard]] std::size_t column() const {
    const std::size_t line = text_.rfind('\n');
    return line == std::string::npos ? text_.size() : text_.size() - line - 1;
  }
  void new_line(std::size_t indent) {
    text_ += '\n';
    text_.append(indent, ' ');
  }

  /// At the place where the value begins; ends its last line.
  void node(const Document& value, std::size_t indent) {
    if (value.is_object() && !value.empty()) return mapping(value, indent);
    if (value.is_array() && !value.empty()) return sequence(value, indent);
    scalar(value, indent);
    text_ += '\n';
  }

  void mapping(const Document& value, std::size_t indent) {
    std::vector<std::string> names;
    for (const auto& [name, child] : value.items()) names.push_back(name);
    std::ranges::sort(names, sorts_before);
    bool first = true;
    for (const std::string& name : names) {
      if (!first) text_.append(indent, ' ');
      first = false;
      string(name, indent, false);
      text_ += ':';
      const Document& child = value[name];
      if (child.is_structured() && !child.empty()) {
        const std::size_t inner = child.is_array() ? indent : indent + 2;
        new_line(inner);
        node(child, inner);
      } else {
        text_ += ' ';
        node(child, indent);
      }
    }
  }

  void sequence(const Document& value, std::size_t indent) {
    bool first = true;
    for (const Document& child : value) {
      if (!first) text_.append(indent, ' ');
      first = false;
      text_ += "- ";
      node(child, child.is_structured() ? indent + 2 : indent);
    }
  }

  void scalar(const Document& value, std::size_t indent) {
    if (value.is_string()) {
      string(value.get_ref<const std::string&>(), indent, true);
    } else if (value.is_object()) {
      text_ += "{}";
    } else if (value.is_array()) {
      text_ += "[]";
    } else {
      text_ += value.dump();
    }
  }

  /// goyaml.v2 encode.go stringv(), emitterc.go yaml_emitter_select_scalar_style()
  void string(std::string_view value, std::size_t indent, bool may_break) {
    const ScalarForms forms = forms_of(value);
    if (value.find('\n') != std::string_view::npos) {
      if (forms.block && may_break) return literal(value, indent + 2);
    } else if (!reads_as_other_than_text(value)) {
      if (forms.plain) return folded(value, indent + 2, may_break);
      if (forms.single_quoted) return single_quoted(value, indent + 2, may_break);
    }
    double_quoted(value, indent + 2, may_break);
  }

  /// A space at which the line may end: one alone, behind the last column.
  [[nodiscard]] bool folds_at(std::string_view value, std::size_t at, bool may_break) const {
    return may_break && value[at] == ' ' && (at == 0 || value[at - 1] != ' ') && column() > fold_column &&
           at + 1 < value.size() && value[at + 1] != ' ';
  }

  void folded(std::string_view value, std::size_t indent, bool may_break) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (folds_at(value, i, may_break)) {
        new_line(indent);
      } else {
        text_ += value[i];
      }
    }
  }

  void single_quoted(std::string_view value, std::size_t indent, bool may_break) {
    text_ += '\'';
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (i > 0 && folds_at(value, i, may_break)) {
        new_line(indent);
        continue;
      }
      if (value[i] == '\'') text_ += '\'';
      text_ += value[i];
    }
    text_ += '\'';
  }

  void double_quoted(std::string_view value, std::size_t indent, bool may_break) {
    text_ += '"';
    for (std::size_t i = 0; i < value.size(); ++i) {
      const char c = value[i];
      constexpr std::string_view special = "\"\\\n\t\r\a\b\f\v\0", letters = "\"\\ntrabfv0";
      constexpr std::string_view specials(special.data(), 9);
      if (const std::size_t known = specials.find(c); known != std::string_view::npos) {
        text_ += '\\';
        text_ += letters[known];
      } else if (c >= 0 && c < 0x20) {
        text_ += c == 0x1b ? std::string("\\e") : fmt::format("\\x{:02X}", static_cast<unsigned>(c));
      } else if (c == ' ' && may_break && i > 0 && i + 1 < value.size() && value[i - 1] != ' ' &&
                 column() > fold_column) {
        new_line(indent);
        if (value[i + 1] == ' ') text_ += '\\';
      } else {
        text_ += c;
      }
    }
    text_ += '"';
  }

  void literal(std::string_view value, std::size_t indent) {
    text_ += '|';
    if (value.front() == ' ' || value.front() == '\n') text_ += '2';
    if (!value.ends_with('\n')) {
      text_ += '-';
    } else if (value == "\n" || value.ends_with("\n\n")) {
      text_ += '+';
    }
    bool line_begins = true;
    text_ += '\n';
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (line_begins && value[i] != '\n') text_.append(indent, ' ');
      text_ += value[i];
      line_begins = value[i] == '\n';
    }
    // The line's end comes from whoever wrote the node.
    if (value.ends_with('\n')) text_.pop_back();
  }

  std::string text_;
};

}  // namespace

std::string yaml_text(const Document& value) { return YamlWriter().text(value); }

}  // namespace ekspath
