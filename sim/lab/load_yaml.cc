#include "sim/lab/load_yaml.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <sstream>

namespace ekspath {
namespace {

struct Refused {
  ScenarioError error;
};

/// Where the text stops being text: a byte that is neither printable UTF-8 (RFC 3629, 4) nor white space.
/// npos: nowhere.
std::size_t first_non_text(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if ((lead < 0x20 && lead != '\t' && lead != '\n' && lead != '\r') || lead == 0x7f) return i;
    std::size_t length = 1;
    if (lead >= 0x80) {
      if (lead < 0xc2 || lead > 0xf4) return i;
      length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
      if (i + length > text.size()) return i;
      const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[i + k]); };
      for (std::size_t k = 1; k < length; ++k) {
        if ((byte(k) & 0xc0U) != 0x80U) return i;
      }
      const bool overlong = (lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xf0 && byte(1) < 0x90);
      const bool surrogate = lead == 0xed && byte(1) >= 0xa0;
      if (overlong || surrogate || (lead == 0xf4 && byte(1) >= 0x90)) return i;
    }
    i += length;
  }
  return std::string_view::npos;
}

Location place_of(std::string_view text, std::size_t offset, const std::string& file) {
  const std::string_view before = text.substr(0, offset);
  const auto line = std::ranges::count(before, '\n');
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return {file, static_cast<int>(line) + 1, static_cast<int>(offset - line_start) + 1};
}

std::string with_unit(std::uint64_t bytes) {
  return bytes >= (1U << 20U) ? fmt::format("{} MiB", bytes >> 20U) : fmt::format("{} bytes", bytes);
}

/// An open file, closed when it goes out of sight.
class OpenFile {
 public:
  explicit OpenFile(const std::string& path)
      : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

/// Builds the tree from the scanner's events, and refuses early what would grow without bound.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const std::string& file, Diagnostics& diagnostics, YamlLimits limits)
      : file_(file), diagnostics_(diagnostics), limits_(limits) {}

  YamlNode take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    finish(YamlNode::nothing_at(place(mark)), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) refuse(place(mark), "an alias inside of what it stands for", {});
    count(size_of(found->second), place(mark));
    finish(found->second, YAML::NullAnchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    // yaml-cpp names the tag of a plain scalar "?", of a quoted one "!", and "" when there is only an anchor.
    const Location where = place(mark);
    const bool plain = tag == "?" || tag.empty();
    if (!plain && tag != "!") refuse_tag(where, tag);
    YamlNode node = YamlNode::scalar_at(where, value, tag == "!");
    if (plain && (value == "~" || value == "null" || value == "Null" || value == "NULL" || value.empty())) {
      node = YamlNode::nothing_at(where);
    }
    finish(std::move(node), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::list, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    YamlNode node;
    YAML::anchor_t anchor = YAML::NullAnchor;
    bool at_key = true;
    bool keep = true;  // false: the value of a duplicate key, read and thrown away
    std::string key;
    Location key_place;
    std::map<std::string, Location, std::less<>> seen;
  };

  [[nodiscard]] Location place(const YAML::Mark& mark) const {
    return {file_, mark.line + 1, mark.column + 1};
  }

  [[noreturn]] static void refuse(Location where, std::string found, std::string expected) {
    throw Refused{{std::move(where), std::move(found), std::move(expected), {}}};
  }
  [[noreturn]] static void refuse_tag(const Location& where, const std::string& tag) {
    refuse(where, fmt::format("the YAML tag '{}'", tag), "plain YAML: tags are not supported");
  }

  static std::uint32_t size_of(const YamlNode& node) {
    std::uint32_t size = 1;
    for (const auto& item : node.items) size += size_of(item);
    for (const auto& entry : node.entries) size += size_of(entry.value);
    return size;
  }

  void count(std::uint32_t nodes, const Location& where) {
    count_ += nodes;
    if (count_ > limits_.nodes) {
      refuse(where, fmt::format("more than {} YAML nodes (aliases counted where they stand)", limits_.nodes),
             "a smaller file");
    }
  }

  void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    const Location where = place(mark);
    if (tag != "?" && !tag.empty() && tag != "!") refuse_tag(where, tag);
    if (stack_.size() >= limits_.depth) {
      refuse(where, fmt::format("YAML nested more than {} deep", limits_.depth), {});
    }
    Open opened;
    opened.node.kind = kind;
    opened.node.where = where;
    opened.anchor = anchor;
    stack_.push_back(std::move(opened));
  }

  void close() {
    Open closed = std::move(stack_.back());
    stack_.pop_back();
    finish(std::move(closed.node), closed.anchor);
  }

  void finish(YamlNode node, YAML::anchor_t anchor) {
    count(1, node.where);
    if (anchor != YAML::NullAnchor) {
      count(size_of(node), node.where);
      anchors_.insert_or_assign(anchor, node);
    }
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = stack_.back();
    if (parent.node.kind == YamlNode::Kind::list) {
      parent.node.items.push_back(std::move(node));
    } else if (parent.at_key) {
      take_key(parent, node);
    } else {
      if (node.is_null())
        node.where = parent.key_place;  // "key:" and nothing: yaml-cpp marks what comes next
      if (parent.keep) parent.node.entries.push_back({parent.key, parent.key_place, std::move(node)});
      parent.at_key = true;
    }
  }

  void take_key(Open& parent, const YamlNode& key) {
    parent.at_key = false;
    parent.keep = true;
    parent.key = key.text;
    parent.key_place = key.where;
    if (key.kind != YamlNode::Kind::scalar) {
      diagnostics_.report({key.where, fmt::format("{} as a key", key.describe()), "a word", {}});
      parent.keep = false;
    } else if (key.text == "<<" && !key.quoted) {
      diagnostics_.report(
          {key.where, "a merge key '<<'", "the keys themselves: merge keys are not supported", {}});
      parent.keep = false;
    } else if (const auto [first, fresh] = parent.seen.emplace(key.text, key.where); !fresh) {
      diagnostics_.report({key.where, fmt::format("duplicate key '{}'", key.text), "each key once",
                           fmt::format("the first stands at line {}", first->second.line)});
      parent.keep = false;
    }
  }

  std::string file_;
  Diagnostics& diagnostics_;
  YamlLimits limits_;
  std::uint64_t count_ = 0;
  std::vector<Open> stack_;
  std::map<YAML::anchor_t, YamlNode> anchors_;
  YamlNode root_;
};

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

YamlNode YamlNode::nothing_at(Location where) {
  YamlNode node;
  node.where = std::move(where);
  return node;
}

YamlNode YamlNode::scalar_at(Location where, std::string text, bool quoted) {
  YamlNode node;
  node.kind = Kind::scalar;
  node.quoted = quoted;
  node.where = std::move(where);
  node.text = std::move(text);
  return node;
}

const YamlNode* YamlNode::find(std::string_view key) const {
  const auto found = std::ranges::find(entries, key, &YamlEntry::key);
  return found == entries.end() ? nullptr : &found->value;
}

YamlNode* YamlNode::find(std::string_view key) {
  const auto found = std::ranges::find(entries, key, &YamlEntry::key);
  return found == entries.end() ? nullptr : &found->value;
}

bool YamlNode::is_integer() const {
  if (kind != Kind::scalar || quoted) return false;
  const std::string_view digits =
      text.starts_with('-') || text.starts_with('+') ? std::string_view(text).substr(1) : text;
  return is_digits(digits);
}

bool YamlNode::is_number() const {
  if (is_integer()) return true;
  if (kind != Kind::scalar || quoted) return false;
  const std::string_view number =
      text.starts_with('-') || text.starts_with('+') ? std::string_view(text).substr(1) : text;
  const std::size_t dot = number.find('.');
  return dot != std::string_view::npos && (dot == 0 || is_digits(number.substr(0, dot))) &&
         is_digits(number.substr(dot + 1));
}

bool YamlNode::is_boolean() const {
  static constexpr std::array<std::string_view, 6> words{"true", "True", "TRUE", "false", "False", "FALSE"};
  return kind == Kind::scalar && !quoted && std::ranges::find(words, text) != words.end();
}

std::string YamlNode::describe() const {
  switch (kind) {
    case Kind::null:
      return "nothing";
    case Kind::list:
      return "a list";
    case Kind::map:
      return "a mapping";
    case Kind::scalar:
      break;
  }
  const std::string shown = text.size() <= 60 ? text : text.substr(0, 57) + "...";
  if (is_boolean()) return fmt::format("the boolean {}", shown);
  if (is_number()) return fmt::format("the number {}", shown);
  return fmt::format("'{}'", shown);
}

std::optional<std::string> read_text_file(const std::string& path, std::string_view what,
                                          const Location& named_at, Diagnostics& diagnostics,
                                          YamlLimits limits) {
  const auto refuse = [&](std::string found, std::string expected) {
    diagnostics.report({named_at, std::move(found), std::move(expected), {}});
    return std::nullopt;
  };
  const std::string named =
      named_at.file == path ? fmt::format("the {}", what) : fmt::format("the {} '{}'", what, path);
  const OpenFile file(path);
  if (file.descriptor() < 0) {
    if (errno == ENOENT)
      return refuse(fmt::format("no such {} file{}", what, named_at.file == path ? "" : ": " + path), {});
    return refuse(fmt::format("{} cannot be read: {}", named, std::strerror(errno)), {});
  }
  struct stat status {};
  if (::fstat(file.descriptor(), &status) != 0) {
    return refuse(fmt::format("{} cannot be read: {}", named, std::strerror(errno)), {});
  }
  if (S_ISDIR(status.st_mode)) return refuse(fmt::format("{} is a directory", named), "a YAML file");
  const std::string most = fmt::format("at most {}", with_unit(limits.bytes));
  if (S_ISREG(status.st_mode) && static_cast<std::uint64_t>(status.st_size) > limits.bytes) {
    return refuse(
        fmt::format("{} is too large: {}", named, with_unit(static_cast<std::uint64_t>(status.st_size))),
        most);
  }
  if (!S_ISREG(status.st_mode)) ::fcntl(file.descriptor(), F_SETFL, 0);  // a FIFO: wait for its writer
  std::string text;
  std::array<char, 65536> chunk{};
  for (;;) {
    const ssize_t got = ::read(file.descriptor(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return refuse(fmt::format("{} cannot be read: {}", named, std::strerror(errno)), {});
    if (got == 0) break;
    text.append(chunk.data(), static_cast<std::size_t>(got));
    if (text.size() > limits.bytes) return refuse(fmt::format("{} is too large", named), most);
  }
  return text;
}

namespace {

/// Hands each document to `take` until that says no. What is no YAML is reported; false then.
template <class Take>
bool scan_documents(const std::string& text, const std::string& file, Diagnostics& diagnostics,
                    YamlLimits limits, Take take) {
  if (const std::size_t bad = first_non_text(text); bad != std::string::npos) {
    diagnostics.report(
        {place_of(text, bad, file),
         fmt::format("the byte 0x{:02x}: this is no text file", static_cast<unsigned char>(text[bad])),
         "YAML in UTF-8",
         {}});
    return false;
  }
  std::istringstream stream(text);
  try {
    YAML::Parser parser(stream);
    for (bool more = true; more;) {
      TreeBuilder builder(file, diagnostics, limits);
      more = parser.HandleNextDocument(builder) && take(builder.take());
    }
    return true;
  } catch (const Refused& refused) {
    diagnostics.report(refused.error);
  } catch (const YAML::Exception& error) {
    Location where{file, 0, 0};
    if (!error.mark.is_null()) where = {file, error.mark.line + 1, error.mark.column + 1};
    diagnostics.report({where, fmt::format("this is not YAML: {}", error.msg), {}, {}});
  }
  return false;
}

}  // namespace

std::optional<YamlNode> parse_yaml(const std::string& text, const std::string& file, Diagnostics& diagnostics,
                                   YamlLimits limits) {
  std::optional<YamlNode> root;
  const bool scanned = scan_documents(text, file, diagnostics, limits, [&](YamlNode document) {
    if (!root) {
      root = std::move(document);
      return true;
    }
    diagnostics.report({document.where, "a second YAML document", "one document a file", {}});
    return false;
  });
  if (!scanned) return std::nullopt;
  return root ? std::move(root) : YamlNode::nothing_at({file, 1, 1});
}

std::vector<YamlNode> parse_yaml_documents(const std::string& text, const std::string& file,
                                           Diagnostics& diagnostics, YamlLimits limits) {
  std::vector<YamlNode> documents;
  (void)scan_documents(text, file, diagnostics, limits, [&](YamlNode document) {
    documents.push_back(std::move(document));
    return true;
  });
  return documents;
}

}  // namespace ekspath
