#include "sim/eks/api/object_body.hh"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace ekspath {
namespace {

constexpr std::size_t most_names = 0xffff;

/// Fields whose texts two pods of one shape may differ by; `values` are those of a node affinity.
bool holds_names(std::string_view field) {
  return field == "name" || field == "nodeName" || field == "values" || field == "hostname";
}

/// Calls `change` with each leaf below fields that hold names.
template <class Change>
void for_each_name(Document& part, bool is_name, const Change& change) {
  if (part.is_object()) {
    for (auto member = part.begin(); member != part.end(); ++member)
      for_each_name(member.value(), holds_names(member.key()), change);
  } else if (part.is_array()) {
    for (Document& element : part) for_each_name(element, is_name, change);
  } else if (is_name) {
    change(part);
  }
}

/// A name's number stands as a byte string: no document that came as JSON or YAML has one.
Document numbered(std::size_t number) {
  return Document::binary({static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number & 0xff)});
}

/// Takes the names out of the document.
std::vector<SharedText> take_names(Document& document) {
  std::vector<SharedText> names;
  for_each_name(document, false, [&](Document& leaf) {
    if (!leaf.is_string() || names.size() == most_names) return;
    const auto& name = leaf.get_ref<const std::string&>();
    const auto same = std::ranges::find(names, name, &SharedText::text);
    const auto number = static_cast<std::size_t>(same - names.begin());
    if (same == names.end()) names.emplace_back(name);
    leaf = numbered(number);
  });
  names.shrink_to_fit();
  return names;
}

void put_names_back(Document& document, const std::vector<SharedText>& names) {
  for_each_name(document, false, [&](Document& leaf) {
    if (!leaf.is_binary()) return;
    const auto& number = leaf.get_binary();
    leaf = names.at(std::size_t{number[0]} << 8 | number[1]);
  });
}

}  // namespace

std::shared_ptr<BodyShape> BodyShapes::intern(std::string packed) {
  if (const auto known = shapes_.find(packed); known != shapes_.end()) return *known;
  if (shapes_.size() >= sweep_at_) {
    std::erase_if(shapes_, [](const auto& one) { return one.use_count() == 1; });
    sweep_at_ = std::max(sweep_at_, 2 * shapes_.size());
  }
  packed.shrink_to_fit();
  return *shapes_.insert(std::make_shared<BodyShape>(std::move(packed))).first;
}

Document& ObjectBody::open() {
  if (std::holds_alternative<Packed>(form_)) form_ = read();
  return std::get<Document>(form_);
}

Document ObjectBody::read() const {
  if (const auto* document = std::get_if<Document>(&form_)) return *document;
  const auto& packed = std::get<Packed>(form_);
  if (!packed.shape) return Document::object();
  Document document = Document::from_cbor(packed.shape->packed);
  put_names_back(document, packed.names);
  return document;
}

void ObjectBody::pack(BodyShapes& shapes) {
  auto* document = std::get_if<Document>(&form_);
  if (document == nullptr) return;
  Packed packed;
  if (!document->empty()) {
    packed.names = take_names(*document);
    std::string text;
    Document::to_cbor(*document, text);
    packed.shape = shapes.intern(std::move(text));
  }
  form_ = std::move(packed);
}

void ObjectBody::share_names(std::span<const SharedText> known) {
  auto* packed = std::get_if<Packed>(&form_);
  if (packed == nullptr) return;
  std::vector<SharedText>& names = packed->names;
  for (SharedText& name : names) {
    for (const SharedText& one : known) name.join(one);
  }
  if (packed->shape == nullptr) return;
  const std::vector<SharedText>& first = packed->shape->names;
  for (std::size_t i = 0; i < std::min(names.size(), first.size()); ++i) names[i].join(first[i]);
  if (first.empty()) packed->shape->names = names;
}

BodyShape* ObjectBody::shape() const {
  const auto* packed = std::get_if<Packed>(&form_);
  return packed == nullptr ? nullptr : packed->shape.get();
}

bool ObjectBody::empty() const {
  if (const auto* document = std::get_if<Document>(&form_)) return document->empty();
  return std::get<Packed>(form_).shape == nullptr;
}

}  // namespace ekspath
