#include "sim/lab/schema.hh"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "sim/lab/load_yaml.hh"
#include "tests/unit/lab/load_lab.hh"

namespace ekspath {
namespace {

using nlohmann::json;

json schema() { return json::parse(json_schema(scenario_shape(), "An ekspath scenario")); }

/// What a YAML reader that knows the core schema hands to a validator.
json as_json(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::null:
      return nullptr;
    case YamlNode::Kind::list: {
      json list = json::array();
      for (const auto& item : node.items) list.push_back(as_json(item));
      return list;
    }
    case YamlNode::Kind::map: {
      json map = json::object();
      for (const auto& entry : node.entries) map[entry.key] = as_json(entry.value);
      return map;
    }
    case YamlNode::Kind::scalar:
      break;
  }
  if (node.is_boolean()) return node.text[0] == 't';
  if (node.is_integer()) return std::stoll(node.text);
  if (node.is_number()) return std::stod(node.text);
  return node.text;
}

/// As much of JSON Schema 2020-12 as ours uses; a keyword that it does not know is a failure.
class Validator {
 public:
  explicit Validator(const json& root) : root_(root) {}

  /// "" or the first thing that is wrong.
  std::string check(const json& value, const json& shape, const std::string& at) {
    for (const auto& [keyword, argument] : shape.items()) {
      const std::string wrong = check_keyword(keyword, argument, shape, value, at);
      if (!wrong.empty()) return wrong;
    }
    return "";
  }

 private:
  static bool has_type(const json& value, const std::string& type) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_boolean();
    return type == "integer" && value.is_number_integer();
  }

  std::string check_keyword(const std::string& keyword, const json& argument, const json& shape,
                            const json& value, const std::string& at) {
    static const std::set<std::string> notes{"$schema", "$defs", "title", "description", "properties"};
    if (notes.contains(keyword)) return "";
    if (keyword == "$ref") {
      const std::string name = argument.get<std::string>().substr(std::string("#/$defs/").size());
      return check(value, root_.at("$defs").at(name), at);
    }
    if (keyword == "type") {
      const auto is = [&](const json& type) { return has_type(value, type); };
      const bool good = argument.is_array() ? std::ranges::any_of(argument, is) : is(argument);
      return good ? "" : at + ": type";
    }
    if (keyword == "enum") return std::ranges::find(argument, value) != argument.end() ? "" : at + ": enum";
    if (keyword == "minimum")
      return !value.is_number() || value.get<double>() >= argument.get<double>() ? "" : at + ": minimum";
    if (keyword == "maximum")
      return !value.is_number() || value.get<double>() <= argument.get<double>() ? "" : at + ": maximum";
    if (keyword == "pattern") {
      const bool good = !value.is_string() ||
                        std::regex_search(value.get<std::string>(), std::regex(argument.get<std::string>()));
      return good ? "" : at + ": pattern";
    }
    if (keyword == "required") {
      if (!value.is_object()) return "";
      for (const auto& key : argument) {
        if (!value.contains(key)) return at + ": required " + key.get<std::string>();
      }
      return "";
    }
    if (keyword == "items") {
      if (!value.is_array()) return "";
      for (std::size_t i = 0; i < value.size(); ++i) {
        const std::string wrong = check(value[i], argument, at + "/" + std::to_string(i));
        if (!wrong.empty()) return wrong;
      }
      return "";
    }
    if (keyword == "anyOf") {
      const bool good =
          std::ranges::any_of(argument, [&](const json& one) { return check(value, one, at).empty(); });
      return good ? "" : at + ": anyOf";
    }
    if (keyword == "additionalProperties") return check_properties(argument, shape, value, at);
    return at + ": the keyword " + keyword;
  }

  std::string check_properties(const json& additional, const json& shape, const json& value,
                               const std::string& at) {
    if (!value.is_object()) return "";
    for (const auto& [key, member] : value.items()) {
      const bool known = shape.contains("properties") && shape["properties"].contains(key);
      if (!known && additional == json(false)) return at + ": unknown " + key;
      const std::string wrong = check(member, known ? shape["properties"][key] : additional, at + "/" + key);
      if (!wrong.empty()) return wrong;
    }
    return "";
  }

  const json& root_;
};

std::string violation(const std::string& text) {
  Diagnostics diagnostics;
  const auto node = parse_yaml(text, "lab.yaml", diagnostics);
  REQUIRE(node.has_value());
  const json root = schema();
  return Validator(root).check(as_json(*node), root, "");
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void collect_keys(const Shape& shape, std::set<std::string>& keys) {
  for (const auto& field : shape.fields) {
    keys.insert(field.name);
    collect_keys(field.shape, keys);
  }
  for (const auto& part : shape.parts) collect_keys(part, keys);
}

TEST_CASE("the JSON Schema is JSON, of the 2020-12 draft, and closed") {
  const json root = schema();
  CHECK(root.at("$schema") == "https://json-schema.org/draft/2020-12/schema");
  CHECK(root.at("additionalProperties") == false);
  CHECK(root.at("$defs").contains("pod"));
  CHECK(root.at("$defs").at("pod").at("required") == json::array({"name", "node"}));
}

TEST_CASE("every scenario of the project fits the schema") {
  CHECK(violation(good_lab) == "");
  for (const auto& entry : std::filesystem::directory_iterator("scenarios")) {
    if (entry.path().extension() == ".yaml")
      CHECK_MESSAGE(violation(text_of(entry.path())) == "", entry.path());
  }
}

TEST_CASE("what the loader refuses by its shape, the schema refuses too") {
  CHECK(violation(lab_with("device: 1}", "device: 1, hostNetwrk: true}")) ==
        "/spec/cluster/pods/1: unknown hostNetwrk");
  CHECK(violation(lab_with("count: 2", "count: two")) == "/spec/cluster/nodeGroups/0/count: type");
  CHECK(violation(lab_with("count: 2", "count: 0")) == "/spec/cluster/nodeGroups/0/count: minimum");
  CHECK(violation(lab_with("version: \"1.19\"", "version: 1.19")) == "/spec/cluster/cni/version: type");
  CHECK(violation(lab_with("rtt: 20ms", "rtt: 20")) == "/spec/internet/hosts/0/rtt: type");
  CHECK(violation(lab_with("rtt: 20ms", "rtt: 20 ms")) == "/spec/internet/hosts/0/rtt: pattern");
  CHECK(violation(lab_with("node: node1, ", "")) == "/spec/cluster/pods/0: required node");
  CHECK(violation(lab_with("kind: Scenario", "kind: Pod")) == "/kind: enum");
}

TEST_CASE("docs/scenario.md speaks of every key that there is") {
  const std::string page = text_of("docs/scenario.md");
  std::set<std::string> keys;
  collect_keys(scenario_shape(), keys);
  for (const auto& key : keys) CHECK_MESSAGE(page.find(key) != std::string::npos, key);
}

}  // namespace
}  // namespace ekspath
