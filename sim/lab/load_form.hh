#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/base/diagnostics.hh"
#include "sim/base/ipv4_address.hh"
#include "sim/base/nanoseconds.hh"
#include "sim/base/near_miss.hh"
#include "sim/base/prefix.hh"
#include "sim/lab/load_yaml.hh"
#include "sim/lab/scenario.hh"
#include "sim/lab/schema.hh"

/// The schema layer: a Form<T> knows what a T looks like in YAML (its Shape) and reads one. Forms are put
/// together from tables, so that what is read, what messages say is expected, and the JSON Schema are one and
/// the same.
namespace ekspath {

/// What a form reads with: where errors go, and the key that is being read, for their text.
struct Reading {
  Diagnostics& diagnostics;
  std::string key;
  bool whole = true;  // the mapping that is being converted had no mistake: what it lacks it lacks indeed

  void wrong(const YamlNode& node, std::string expected, std::string hint = {}) const {
    diagnostics.report(
        {node.where, fmt::format("{} for '{}'", node.describe(), key), std::move(expected), std::move(hint)});
  }
};

/// Reads a T, or reports why not and returns false; what could be read of an object is kept even then.
template <class T>
struct Form {
  Shape shape;
  std::function<bool(const YamlNode&, T&, Reading&)> read;
};

template <class T>
struct Field {
  FieldShape shape;
  std::function<bool(const YamlNode&, T&, Reading&)> read;
};

inline std::string did_you_mean(const std::string& near) {
  return near.empty() ? std::string() : fmt::format("did you mean '{}'?", near);
}

/// "one of a, b, c"; a long list is cut.
[[nodiscard]] std::string one_of(const std::vector<std::string>& words);

// ---- how a value reaches its member
// -----------------------------------------------------------------------------------

template <class T>
bool read_into(T& member, const Form<T>& form, const YamlNode& node, Reading& reading) {
  return form.read(node, member, reading);
}

template <class T>
bool read_into(Located<T>& member, const Form<T>& form, const YamlNode& node, Reading& reading) {
  const bool good = form.read(node, member.value, reading);
  if (good) member.where = node.where;
  return good;
}

template <class Member, class T>
bool read_into(std::optional<Member>& member, const Form<T>& form, const YamlNode& node, Reading& reading) {
  Member value{};
  const bool good = read_into(value, form, node, reading);
  // What of a mapping or a list could be read is kept: the checks to come find the names that others refer
  // to.
  if (good || node.kind == YamlNode::Kind::map || node.kind == YamlNode::Kind::list)
    member = std::move(value);
  return good;
}

enum class Presence : std::uint8_t { optional, required };

template <class Owner, class Member, class T>
Field<Owner> field(std::string name, Member Owner::*member, Form<T> form, std::string about,
                   Presence presence = Presence::optional) {
  FieldShape shape{std::move(name), std::move(about), presence == Presence::required, form.shape};
  return {std::move(shape),
          [member, form = std::move(form)](const YamlNode& node, Owner& owner, Reading& reading) {
            return read_into(owner.*member, form, node, reading);
          }};
}

// ---- forms made of forms
// ----------------------------------------------------------------------------------------------

template <class T>
concept HasPlace = requires(T& value) {
  { value.where } -> std::same_as<Location&>;
};

/// A mapping with known keys. `what` is "a pod"; an owner with a `where` is told its place.
template <class Owner>
Form<Owner> record(std::string what, std::vector<Field<Owner>> fields) {
  Shape shape;
  shape.kind = Shape::Kind::object;
  shape.what = std::move(what);
  for (const auto& one : fields) shape.fields.push_back(one.shape);
  auto read = [fields = std::move(fields), shape](const YamlNode& node, Owner& owner, Reading& reading) {
    if constexpr (HasPlace<Owner>) owner.where = node.where;
    if (node.kind != YamlNode::Kind::map) {
      reading.wrong(node, fmt::format("{} (a mapping with the keys {})", shape.what,
                                      fmt::join(shape.field_names(), ", ")));
      return false;
    }
    bool good = true;
    const std::string outer_key = reading.key;
    for (const auto& entry : node.entries) {
      const auto known =
          std::ranges::find_if(fields, [&](const auto& one) { return one.shape.name == entry.key; });
      if (known == fields.end()) {
        const auto names = shape.field_names();
        reading.diagnostics.report({entry.where, fmt::format("unknown key '{}' in {}", entry.key, shape.what),
                                    one_of(names), did_you_mean(near_miss(entry.key, names))});
        good = false;
        continue;
      }
      reading.key = entry.key;
      if (!known->read(entry.value, owner, reading)) good = false;
    }
    reading.key = outer_key;
    for (const auto& one : fields) {
      if (!one.shape.required || node.find(one.shape.name) != nullptr) continue;
      reading.diagnostics.report({node.where,
                                  fmt::format("{} without '{}'", shape.what, one.shape.name),
                                  fmt::format("'{}': {}", one.shape.name, one.shape.about),
                                  {}});
      good = false;
    }
    return good;
  };
  return {shape, std::move(read)};
}

/// A list; items that cannot be read at all are left out, those with a mistake inside are kept for the checks
/// to come.
template <class T>
Form<std::vector<T>> list_of(Form<T> item) {
  Shape shape;
  shape.kind = Shape::Kind::list;
  shape.what = fmt::format("a list of {}s", item.shape.what.substr(item.shape.what.find(' ') + 1));
  shape.expected = fmt::format("a list: each item {}", item.shape.what);
  shape.parts.push_back(item.shape);
  return {shape, [item = std::move(item), expected = shape.expected](const YamlNode& node,
                                                                     std::vector<T>& list, Reading& reading) {
            if (node.kind != YamlNode::Kind::list) {
              reading.wrong(node, expected);
              return false;
            }
            bool good = true;
            for (const auto& element : node.items) {
              T value{};
              const bool read = item.read(element, value, reading);
              good = good && read;
              if (read || element.kind == YamlNode::Kind::map) list.push_back(std::move(value));
            }
            return good;
          }};
}

template <class T>
Form<Located<T>> located(Form<T> form) {
  Shape shape = form.shape;
  return {std::move(shape),
          [form = std::move(form)](const YamlNode& node, Located<T>& value, Reading& reading) {
            return read_into(value, form, node, reading);
          }};
}

/// A mapping whose keys are names: each value is a T whose `name` is its key.
template <class T>
Form<std::vector<T>> map_of(std::string what, Form<T> value_form) {
  Shape shape;
  shape.kind = Shape::Kind::map;
  shape.what = std::move(what);
  shape.parts.push_back(value_form.shape);
  return {shape, [form = std::move(value_form), what = shape.what](const YamlNode& node, std::vector<T>& list,
                                                                   Reading& reading) {
            if (node.kind != YamlNode::Kind::map) {
              reading.wrong(node, fmt::format("{} (a mapping)", what));
              return false;
            }
            bool good = true;
            for (const auto& entry : node.entries) {
              T value{};
              value.name = {entry.key, entry.where};
              reading.key = entry.key;
              if (form.read(entry.value, value, reading)) {
                list.push_back(std::move(value));
              } else {
                good = false;
              }
            }
            return good;
          }};
}

/// Reads a Raw, the shape of the file, and turns it into a T. `turn` reports what does not fit and returns
/// false.
template <class Raw, class T>
Form<T> converted(Form<Raw> form, std::function<bool(const Raw&, T&, Reading&)> turn) {
  Shape shape = form.shape;
  return {std::move(shape),
          [form = std::move(form), turn = std::move(turn)](const YamlNode& node, T& value, Reading& reading) {
            Raw raw{};
            const bool read = form.read(node, raw, reading);
            if (!read && node.kind != YamlNode::Kind::map) return false;  // nothing to turn
            reading.whole = read;
            return turn(raw, value, reading) && read;
          }};
}

// ---- forms of single values
// -------------------------------------------------------------------------------------------

/// A scalar that is text. A plain number or boolean is refused unless the shape admits it; where it would
/// serve as text, with the advice to quote it.
[[nodiscard]] std::optional<std::string> read_text(const YamlNode& node, const Shape& shape, Reading& reading,
                                                   const std::function<bool(const std::string&)>& serves);

/// Text that `parse` understands. `advise` may add a hint to the refusal.
template <class T>
Form<T> parsed(Shape shape, std::function<std::optional<T>(const std::string&)> parse,
               std::function<std::string(const std::string&)> advise = {}) {
  return {shape, [shape, parse = std::move(parse), advise = std::move(advise)](const YamlNode& node, T& value,
                                                                               Reading& reading) {
            const auto text = read_text(node, shape, reading,
                                        [&](const std::string& plain) { return parse(plain).has_value(); });
            if (!text) return false;
            auto got = parse(*text);
            if (!got) {
              reading.wrong(node, shape.expectation(), advise ? advise(*text) : std::string());
              return false;
            }
            value = std::move(*got);
            return true;
          }};
}

/// One word of a closed list; a near miss is pointed out.
template <class T>
Form<T> word(std::string what, std::vector<std::pair<std::string, T>> choices) {
  Shape shape;
  shape.what = std::move(what);
  for (const auto& choice : choices) shape.words.push_back(choice.first);
  shape.expected = one_of(shape.words);
  const std::vector<std::string> words = shape.words.size() > 1 ? shape.words : std::vector<std::string>();
  return parsed<T>(
      shape,
      [choices = std::move(choices)](const std::string& text) -> std::optional<T> {
        for (const auto& [name, value] : choices) {
          if (name == text) return value;
        }
        return std::nullopt;
      },
      [words](const std::string& text) { return did_you_mean(near_miss(text, words)); });
}

[[nodiscard]] std::optional<std::int64_t> read_integer(const YamlNode& node, const Shape& shape,
                                                       Reading& reading);

template <std::integral T>
Form<T> integer_form(std::string what, std::int64_t least, std::int64_t most) {
  Shape shape;
  shape.kind = Shape::Kind::integer;
  shape.expected = fmt::format("{}: a whole number from {} to {}", what, least, most);
  shape.what = std::move(what);
  shape.least = least;
  shape.most = most;
  return {shape, [shape](const YamlNode& node, T& value, Reading& reading) {
            const auto number = read_integer(node, shape, reading);
            if (number) value = static_cast<T>(*number);
            return number.has_value();
          }};
}

[[nodiscard]] Form<bool> boolean_form();
/// Any text but the empty one.
[[nodiscard]] Form<std::string> text_form(std::string what, std::string expected = {});
/// [a-z0-9-]+, at most 63 characters.
[[nodiscard]] Form<std::string> name_form(std::string what);
/// A DNS name such as dns.google.
[[nodiscard]] Form<std::string> host_name_form();
[[nodiscard]] Form<Nanoseconds> duration_form();
[[nodiscard]] Form<Prefix> cidr_form();
[[nodiscard]] Form<Ipv4Address> address_form();
[[nodiscard]] Form<std::uint16_t> port_form();
/// "0.1%" -> 1000 of a million.
[[nodiscard]] Form<std::uint32_t> loss_form();
/// "5Gbps" -> bits a second.
[[nodiscard]] Form<std::uint64_t> rate_form();
/// RFC 3339, to nanoseconds since 1970.
[[nodiscard]] Form<Nanoseconds> timestamp_form();
/// {name: text, ...}, in order of name; values are strings.
[[nodiscard]] Form<std::vector<Setting>> settings_form(std::string what);

struct PortSpan {
  std::uint16_t first = 0;
  std::uint16_t last = 65535;
};
/// 80 or 1024-65535.
[[nodiscard]] Form<PortSpan> port_range_form();

/// all, icmp, tcp, udp, or an IANA number.
struct ProtocolChoice {
  std::optional<std::uint8_t> number;
};
[[nodiscard]] Form<ProtocolChoice> protocol_form();

}  // namespace ekspath
