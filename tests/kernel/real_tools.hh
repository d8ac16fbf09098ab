#pragma once

#include <unistd.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

/// What it takes to work in namespaces of the real kernel.
namespace ekspath {

/// A file descriptor and its end.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  [[nodiscard]] int number() const { return number_; }

 private:
  int number_ = -1;
};

/// What a program of the machine did.
struct ToolResult {
  int status = 0;  // 127: it is not installed
  std::string out;
  std::string err;
};

/// Runs `work` in a child process that has entered the network namespace (-1: the caller's); its exit status.
int in_namespace(int netns, const std::function<int()>& work);
/// Runs a program to its end.
[[nodiscard]] ToolResult run_tool(int netns, std::vector<std::string> words, const std::string& input = {});
/// Checksums and segments of an interface of the caller's namespace are made by the stack, as a wire would
/// carry them.
void turn_offloads_off(const std::string& interface);

}  // namespace ekspath
