#include "sim/lab/manifest.hh"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace ekspath {
namespace {

bool is_among(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, text) != words.end();
}

/// strconv.ParseInt(text, 0, 64) with underscores taken out: decimal, 0x, 0o or a leading 0, 0b.
bool read_integer(std::string_view text, Document& value) {
  std::string plain;
  for (const char c : text) {
    if (c != '_') plain += c;
  }
  const bool negative = plain.starts_with("-");
  std::string_view digits = plain;
  if (negative || digits.starts_with("+")) digits.remove_prefix(1);
  int base = 10;
  if (digits.size() > 1 && digits.front() == '0') {
    const char sign = static_cast<char>(digits[1] | 0x20);
    base = sign == 'x' ? 16 : sign == 'b' ? 2 : 8;
    digits.remove_prefix(sign == 'x' || sign == 'b' || sign == 'o' ? 2 : 1);
  }
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size() || number > most)
    return false;
  value = negative ? -static_cast<std::int64_t>(number) : static_cast<std::int64_t>(number);
  return true;
}

/// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?  goyaml.v2 resolve.go yamlStyleFloat
bool read_real(std::string_view text, Document& value) {
  std::string_view rest = text;
  if (rest.starts_with("-") || rest.starts_with("+")) rest.remove_prefix(1);
  const bool begins = !rest.empty() && (rest.front() == '.' || (rest.front() >= '0' && rest.front() <= '9'));
  double number = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (!begins || error != std::errc() || end != rest.data() + rest.size()) return false;
  value = text.starts_with("-") ? -number : number;
  return true;
}

Document scalar(const YamlNode& node) {
  if (node.quoted) return node.text;
  if (is_among(node.text, {"y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"}))
    return true;
  if (is_among(node.text, {"n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"}))
    return false;
  Document value;
  if (read_integer(node.text, value) || read_real(node.text, value)) return value;
  return node.text;
}

/// A List's items stand for themselves: resource.Builder Flatten().
void add(YamlNode tree, std::vector<ManifestDocument>& documents) {
  const YamlNode* kind = tree.find("kind");
  const YamlNode* items = tree.find("items");
  if (kind != nullptr && kind->text == "List" && items != nullptr && items->kind == YamlNode::Kind::list) {
    for (const YamlNode& item : items->items) add(item, documents);
    return;
  }
  Document document = to_json(tree);
  documents.push_back({std::move(document), std::move(tree)});
}

}  // namespace

Document to_json(const YamlNode& tree) {
  switch (tree.kind) {
    case YamlNode::Kind::null:
      return nullptr;
    case YamlNode::Kind::scalar:
      return scalar(tree);
    case YamlNode::Kind::list: {
      Document list = Document::array();
      for (const YamlNode& item : tree.items) list.push_back(to_json(item));
      return list;
    }
    case YamlNode::Kind::map: {
      Document map = Document::object();
      for (const YamlEntry& entry : tree.entries) map[entry.key] = to_json(entry.value);
      return map;
    }
  }
  return nullptr;
}

std::vector<ManifestDocument> parse_manifest(const std::string& text, const std::string& path,
                                             Diagnostics& diagnostics) {
  std::vector<ManifestDocument> documents;
  for (YamlNode& tree : parse_yaml_documents(text, path, diagnostics)) {
    if (tree.is_null()) continue;
    if (tree.kind != YamlNode::Kind::map) {
      diagnostics.report({tree.where,
                          fmt::format("{} as a manifest", tree.describe()),
                          "an object with apiVersion and kind",
                          {}});
      continue;
    }
    add(std::move(tree), documents);
  }
  return documents;
}

Location place_of_field(const YamlNode& tree, const std::string& path) {
  const YamlNode* at = &tree;
  Location place = tree.where;
  for (std::size_t from = 0; from < path.size();) {
    if (path[from] == '[') {
      std::size_t index = 0;
      const std::size_t end = std::min(path.find(']', from), path.size());
      (void)std::from_chars(path.data() + from + 1, path.data() + end, index);
      if (index >= at->items.size()) break;
      at = &at->items[index];
      place = at->where;
      from = end + 1;
    } else {
      const std::size_t end = std::min(path.find_first_of(".[", from), path.size());
      const auto entry = std::ranges::find(at->entries, path.substr(from, end - from), &YamlEntry::key);
      if (entry == at->entries.end()) break;
      place = entry->where;
      at = &entry->value;
      from = end;
    }
    if (from < path.size() && path[from] == '.') ++from;
  }
  return place;
}

}  // namespace ekspath
