#pragma once

#include <fmt/format.h>

#include <compare>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace ekspath {

/// A text that never changes and that its copies hold once: the name of a pod or a node, which a dozen
/// objects say. It takes a pointer's room, and no block at all when empty.
class SharedText {
 public:
  SharedText() = default;
  template <std::convertible_to<std::string_view> Text>
  requires(!std::same_as<std::remove_cvref_t<Text>, SharedText>) SharedText(const Text& text)
      : block_(made_of(text)) {}
  SharedText(const SharedText& other) : block_(other.block_) {
    if (block_ != nullptr) ++block_->holders;
  }
  SharedText(SharedText&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  SharedText& operator=(SharedText other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~SharedText() {
    if (block_ != nullptr && --block_->holders == 0) ::operator delete(block_);
  }

  [[nodiscard]] std::string_view text() const {
    return block_ == nullptr ? std::string_view()
                             : std::string_view(reinterpret_cast<const char*>(block_ + 1), block_->size);
  }
  operator std::string_view() const { return text(); }
  operator std::string() const { return std::string(text()); }
  [[nodiscard]] bool empty() const { return block_ == nullptr; }

  /// Holds what `other` holds, when both say the same.
  void join(const SharedText& other) {
    if (block_ != other.block_ && text() == other.text()) *this = other;
  }

  friend bool operator==(const SharedText& a, const SharedText& b) {
    return a.block_ == b.block_ || a.text() == b.text();
  }
  friend bool operator==(const SharedText& a, const std::convertible_to<std::string_view> auto& b) {
    return a.text() == std::string_view(b);
  }
  friend std::strong_ordering operator<=>(const SharedText& a, const SharedText& b) {
    return a.text() <=> b.text();
  }
  friend std::strong_ordering operator<=>(const SharedText& a,
                                          const std::convertible_to<std::string_view> auto& b) {
    return a.text() <=> std::string_view(b);
  }

 private:
  struct Block {  // the text's bytes follow
    std::uint32_t holders;
    std::uint32_t size;
  };

  static Block* made_of(std::string_view text) {
    if (text.empty()) return nullptr;
    auto* block =
        new (::operator new(sizeof(Block) + text.size())) Block{1, static_cast<std::uint32_t>(text.size())};
    std::memcpy(block + 1, text.data(), text.size());
    return block;
  }

  Block* block_ = nullptr;
};

}  // namespace ekspath

template <>
struct fmt::formatter<ekspath::SharedText> : fmt::formatter<std::string_view> {
  auto format(const ekspath::SharedText& text, fmt::format_context& context) const {
    return fmt::formatter<std::string_view>::format(text.text(), context);
  }
};
