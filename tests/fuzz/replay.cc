// Gives a fuzzer's entry point every file of its corpus, and of each file what a careless network or user
// makes of it: cut off at every length, bytes changed. The same inputs in each run, so that CTest can do it
// with any compiler.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t changes_a_file = 2000;

/// Any sequence serves; this one is Knuth's MMIX generator.
struct Sequence {
  std::uint64_t state = 1;
  std::size_t below(std::size_t n) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::size_t>((state >> 33) % n);
  }
};

/// From a block of its very size, so that a sanitizer sees a read beyond it.
void run(const Bytes& bytes) {
  const Bytes exact(bytes.begin(), bytes.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

std::size_t replay(const Bytes& seed, Sequence& sequence) {
  run(seed);
  if (seed.empty()) return 1;
  const std::size_t step = seed.size() / changes_a_file + 1;
  std::size_t count = 1;
  for (std::size_t size = 0; size < seed.size(); size += step, ++count) {
    run(Bytes(seed.begin(), seed.begin() + static_cast<std::ptrdiff_t>(size)));
  }
  for (std::size_t i = 0; i < changes_a_file; ++i, ++count) {
    Bytes changed = seed;
    for (std::size_t k = sequence.below(4) + 1; k > 0; --k) {
      changed[sequence.below(changed.size())] = static_cast<std::uint8_t>(sequence.below(256));
    }
    run(changed);
  }
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::filesystem::path> files;
  for (int i = 1; i < argc; ++i) {
    if (!std::filesystem::is_directory(argv[i])) {
      files.emplace_back(argv[i]);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  Sequence sequence;
  std::size_t inputs = 0;
  for (const auto& file : files) {
    std::ifstream in(file, std::ios::binary);
    if (!in) {
      std::fprintf(stderr, "cannot read %s\n", file.c_str());
      return 2;
    }
    inputs += replay(Bytes(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()), sequence);
  }
  std::printf("%zu files, %zu inputs\n", files.size(), inputs);
  return files.empty() ? 2 : 0;
}
