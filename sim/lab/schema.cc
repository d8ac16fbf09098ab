#include "sim/lab/schema.hh"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace ekspath {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

/// "a security group rule" -> "securityGroupRule".
std::string definition_name(std::string_view what) {
  what.remove_prefix(what.find(' ') + 1);
  std::string name;
  bool upper = false;
  for (const char c : what) {
    if (c == ' ' || c == '-') {
      upper = true;
    } else {
      name += upper ? static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c) : c;
      upper = false;
    }
  }
  return name;
}

class SchemaWriter {
 public:
  std::string document(const Shape& root, std::string_view title) {
    const std::string body = object(root, "  ");
    std::string text = fmt::format(
        "{{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n  \"title\": {},\n{}",
        quoted(title), body);
    text += ",\n  \"$defs\": {";
    const char* separator = "\n";
    for (const auto& [name, definition] : definitions_) {
      text += fmt::format("{}    {}: {{\n{}\n    }}", separator, quoted(name), definition);
      separator = ",\n";
    }
    return text + "\n  }\n}\n";
  }

 private:
  /// The members of an object's schema, without the braces.
  std::string object(const Shape& shape, const std::string& indent) {
    std::string text = indent + "\"type\": \"object\",\n" + indent + "\"additionalProperties\": false,\n";
    std::string required;
    for (const auto& field : shape.fields) {
      if (field.required) required += (required.empty() ? "" : ", ") + quoted(field.name);
    }
    if (!required.empty()) text += fmt::format("{}\"required\": [{}],\n", indent, required);
    text += indent + "\"properties\": {";
    const char* separator = "\n";
    for (const auto& field : shape.fields) {
      text += fmt::format("{}{}  {}: {{\"description\": {}, {}}}", separator, indent, quoted(field.name),
                          quoted(field.about), members(field.shape));
      separator = ",\n";
    }
    return text + "\n" + indent + "}";
  }

  /// The members of any shape's schema on one line; an object becomes a reference to its definition.
  std::string members(const Shape& shape) {
    switch (shape.kind) {
      case Shape::Kind::boolean:
        return "\"type\": \"boolean\"";
      case Shape::Kind::integer:
        return fmt::format("\"type\": \"integer\", \"minimum\": {}, \"maximum\": {}", shape.least,
                           shape.most);
      case Shape::Kind::text:
        return text_members(shape);
      case Shape::Kind::list:
        return fmt::format("\"type\": \"array\", \"items\": {{{}}}", members(shape.parts.front()));
      case Shape::Kind::map:
        return fmt::format("\"type\": \"object\", \"additionalProperties\": {{{}}}",
                           members(shape.parts.front()));
      case Shape::Kind::object:
        return reference(shape);
      case Shape::Kind::anything:
        return R"("description": "a value")";
      case Shape::Kind::any_of:
        break;
    }
    std::string text = "\"anyOf\": [";
    for (std::size_t i = 0; i < shape.parts.size(); ++i) {
      text += fmt::format("{}{{{}}}", i == 0 ? "" : ", ", members(shape.parts[i]));
    }
    return text + "]";
  }

  static std::string text_members(const Shape& shape) {
    if (!shape.words.empty()) {
      std::string words;
      for (const auto& word : shape.words) words += (words.empty() ? "" : ", ") + quoted(word);
      return fmt::format("\"enum\": [{}]", words);
    }
    std::string text = shape.or_number ? R"("type": ["string", "integer"])" : R"("type": "string")";
    if (!shape.pattern.empty()) text += fmt::format(", \"pattern\": {}", quoted(shape.pattern));
    return text;
  }

  std::string reference(const Shape& shape) {
    const std::string name = definition_name(shape.what);
    if (!definitions_.contains(name)) {
      definitions_[name] = "";
      definitions_[name] = object(shape, "      ");
    }
    return fmt::format("\"$ref\": \"#/$defs/{}\"", name);
  }

  std::map<std::string, std::string> definitions_;
};

}  // namespace

const FieldShape* Shape::field(std::string_view name) const {
  const auto found = std::ranges::find(fields, name, &FieldShape::name);
  return found == fields.end() ? nullptr : &*found;
}

std::vector<std::string> Shape::field_names() const {
  std::vector<std::string> names;
  for (const auto& known : fields) names.push_back(known.name);
  return names;
}

std::string json_schema(const Shape& shape, std::string_view title) {
  return SchemaWriter().document(shape, title);
}

}  // namespace ekspath
