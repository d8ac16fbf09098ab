#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/diagnostics.hh"

namespace ekspath {

struct YamlEntry;

/// One node of a YAML document with its place in the file. A tree of values: aliases are copied in where they
/// stand, so that a change of one place (a variant, --set) never changes another.
struct YamlNode {
  enum class Kind : std::uint8_t { null, scalar, list, map };

  Kind kind = Kind::null;
  bool quoted =
      false;  // the scalar stood in quotes or in a block (`|`, `>`): it is text, whatever it looks like
  bool untyped =
      false;  // the scalar came from a command line, where nobody quotes: it may be text or a number
  Location where;
  std::string text;                // scalar
  std::vector<YamlNode> items;     // list
  std::vector<YamlEntry> entries;  // map, in the order of the file, each key once

  [[nodiscard]] static YamlNode nothing_at(Location where);
  [[nodiscard]] static YamlNode scalar_at(Location where, std::string text, bool quoted);

  [[nodiscard]] const YamlNode* find(std::string_view key) const;
  [[nodiscard]] YamlNode* find(std::string_view key);
  /// "a list", "a number (5)", "nothing", ...: for messages.
  [[nodiscard]] std::string describe() const;

  /// What the YAML 1.2 core schema makes of a plain scalar.
  [[nodiscard]] bool is_null() const { return kind == Kind::null; }
  [[nodiscard]] bool is_integer() const;
  [[nodiscard]] bool is_number() const;
  [[nodiscard]] bool is_boolean() const;
};

struct YamlEntry {
  std::string key;
  Location where;
  YamlNode value;
};

/// What a file may cost before it is refused: far above any scenario, far below what hurts.
struct YamlLimits {
  std::uint64_t bytes = 16U << 20U;
  std::uint32_t nodes = 1'000'000;  // with aliases copied in: "billions of laughs" end here
  std::uint32_t depth = 64;
};

/// The text of a file the user named. Reports what is missing, a directory, unreadable, too large (by its
/// size, before a byte is read, and again while reading what has no size): `what` names it ("scenario",
/// "manifest"), `named_at` is where a file names it, or the path itself.
[[nodiscard]] std::optional<std::string> read_text_file(const std::string& path, std::string_view what,
                                                        const Location& named_at, Diagnostics& diagnostics,
                                                        YamlLimits limits = {});

/// The one document of a text. Reports what is no UTF-8, syntax errors, duplicate keys, keys that are no
/// text, tags, merge keys, a second document, and what goes beyond the limits. yaml-cpp's scanner under our
/// own tree: it counts lines from 0 and lets duplicate keys pass.
[[nodiscard]] std::optional<YamlNode> parse_yaml(const std::string& text, const std::string& file,
                                                 Diagnostics& diagnostics, YamlLimits limits = {});

/// Every document of a text that may have several, such as a Kubernetes manifest. The same is reported, but
/// for the second document; an empty one is null.
[[nodiscard]] std::vector<YamlNode> parse_yaml_documents(const std::string& text, const std::string& file,
                                                         Diagnostics& diagnostics, YamlLimits limits = {});

}  // namespace ekspath
