#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <type_traits>
#include <utility>

namespace ekspath {

/// A value that its copies hold once, until one of them is written. Thousands of pods are of one shape: what
/// they have alike is in memory once, and each can still be changed alone. A pointer's room.
template <class T>
class Shared {
 public:
  Shared() = default;
  template <std::convertible_to<T> Value>
  requires(!std::same_as<std::remove_cvref_t<Value>, Shared>) Shared(Value&& value)
      : block_(new Block{T(std::forward<Value>(value))}) {}
  Shared(const Shared& other) : block_(other.block_) {
    if (block_ != nullptr) ++block_->holders;
  }
  Shared(Shared&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Shared& operator=(Shared other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Shared() {
    if (block_ != nullptr && --block_->holders == 0) delete block_;
  }

  [[nodiscard]] const T& operator*() const {
    static const T initial;
    return block_ != nullptr ? block_->value : initial;
  }
  [[nodiscard]] const T* operator->() const { return &**this; }

  /// To be changed: this one's own from now on.
  [[nodiscard]] T& write() {
    if (block_ == nullptr || block_->holders > 1) *this = Shared(T(**this));
    return block_->value;
  }
  /// Holds what `other` holds, when both say the same.
  void join(const Shared& other) {
    if (block_ != other.block_ && **this == *other) *this = other;
  }

  friend bool operator==(const Shared& a, const Shared& b) { return a.block_ == b.block_ || *a == *b; }

 private:
  struct Block {
    T value;
    std::size_t holders = 1;
  };
  Block* block_ = nullptr;  // null: T()
};

/// A value in a block of its own: what is large only sometimes takes a pointer's room where it is a member.
template <class T>
class Indirect {
 public:
  Indirect(T value) : value_(std::make_unique<T>(std::move(value))) {}
  Indirect(const Indirect& other) : value_(std::make_unique<T>(*other)) {}
  Indirect(Indirect&&) noexcept = default;
  Indirect& operator=(const Indirect& other) {
    if (this != &other) value_ = std::make_unique<T>(*other);
    return *this;
  }
  Indirect& operator=(Indirect&&) noexcept = default;
  ~Indirect() = default;

  [[nodiscard]] const T& operator*() const { return *value_; }
  [[nodiscard]] T& operator*() { return *value_; }

 private:
  std::unique_ptr<T> value_;
};

}  // namespace ekspath
