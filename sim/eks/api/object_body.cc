#include "sim/eks/api/object_body.hh"

#include <utility>

namespace ekspath {

Document& ObjectBody::open() {
  if (std::holds_alternative<Packed>(form_)) form_ = read();
  return std::get<Document>(form_);
}

Document ObjectBody::read() const {
  if (const auto* document = std::get_if<Document>(&form_)) return *document;
  const auto& packed = std::get<Packed>(form_);
  return packed.empty() ? Document::object() : Document::from_cbor(packed);
}

void ObjectBody::pack() {
  const auto* document = std::get_if<Document>(&form_);
  if (document == nullptr) return;
  Packed packed;
  if (!document->empty()) packed = Document::to_cbor(*document);
  packed.shrink_to_fit();
  form_ = std::move(packed);
}

bool ObjectBody::empty() const {
  if (const auto* document = std::get_if<Document>(&form_)) return document->empty();
  return std::get<Packed>(form_).empty();
}

}  // namespace ekspath
