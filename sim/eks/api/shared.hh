#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

namespace ekspath {

/// A value that its copies hold once, until one of them is written. Thousands of pods are of one shape: what
/// they have alike is in memory once, and each can still be changed alone.
template <class T>
class Shared {
 public:
  Shared() = default;
  template <std::convertible_to<T> Value>
  requires(!std::same_as<std::remove_cvref_t<Value>, Shared>) Shared(Value&& value)
      : value_(std::make_shared<T>(std::forward<Value>(value))) {}

  [[nodiscard]] const T& operator*() const {
    static const T initial;
    return value_ ? *value_ : initial;
  }
  [[nodiscard]] const T* operator->() const { return &**this; }

  /// To be changed: this one's own from now on.
  [[nodiscard]] T& write() {
    if (!value_ || value_.use_count() > 1) value_ = std::make_shared<T>(**this);
    return *value_;
  }
  /// Holds what `other` holds, when both say the same.
  void join(const Shared& other) {
    if (value_ != other.value_ && **this == *other) value_ = other.value_;
  }

  friend bool operator==(const Shared& a, const Shared& b) { return a.value_ == b.value_ || *a == *b; }

 private:
  std::shared_ptr<T> value_;  // null: T()
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
