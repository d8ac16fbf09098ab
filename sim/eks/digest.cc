#include "sim/eks/digest.hh"

#include <openssl/evp.h>

#include "sim/base/assert.hh"

namespace ekspath {
namespace {

template <std::size_t Size>
std::array<std::uint8_t, Size> digest(const EVP_MD* kind, std::string_view text) {
  std::array<std::uint8_t, Size> out{};
  unsigned size = 0;
  ASSERT(EVP_Digest(text.data(), text.size(), out.data(), &size, kind, nullptr) == 1);
  ASSERT(size == Size);
  return out;
}

}  // namespace

std::array<std::uint8_t, 20> sha1(std::string_view text) { return digest<20>(EVP_sha1(), text); }
std::array<std::uint8_t, 32> sha256(std::string_view text) { return digest<32>(EVP_sha256(), text); }

std::string base32(std::string_view bytes) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  std::string text;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char byte : bytes) {
    bits = (bits << 8) | static_cast<std::uint8_t>(byte);
    for (count += 8; count >= 5; count -= 5) text += alphabet[(bits >> (count - 5)) & 31];
  }
  if (count > 0) text += alphabet[(bits << (5 - count)) & 31];
  return text;
}

}  // namespace ekspath
