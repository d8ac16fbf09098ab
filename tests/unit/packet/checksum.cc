#include "sim/packet/checksum.hh"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <array>
#include <vector>

#include "sim/packet/byte_order.hh"

using namespace ekspath;

TEST_CASE("the sum of RFC 1071's example is the one it gives") {
  const std::array<std::uint8_t, 8> data{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
  CHECK(checksum(data.data(), data.size()) == static_cast<std::uint16_t>(~0xddf2));
}

TEST_CASE("an odd last byte counts as if a zero followed") {
  const std::array<std::uint8_t, 4> padded{0x12, 0x34, 0x56, 0x00};
  CHECK(checksum(padded.data(), 3) == checksum(padded.data(), 4));
  CHECK(checksum(padded.data(), 0) == 0xffff);
}

TEST_CASE("the sum is that of the big-endian words, one after the other, with the carries added back") {
  CHECK(rc::check([](std::vector<std::uint8_t> data, std::uint16_t start) {
    std::uint64_t sum = start;
    for (std::size_t i = 0; i < data.size(); i += 2) {
      sum += std::uint64_t{data[i]} << 8 | (i + 1 < data.size() ? data[i + 1] : 0);
    }
    while ((sum >> 16) != 0) sum = (sum & 0xffff) + (sum >> 16);
    RC_ASSERT(checksum_add(start, data.data(), data.size()) == sum);
  }));
}

TEST_CASE("the largest datagram of ones sums without losing a carry") {
  const std::vector<std::uint8_t> data(65535, 0xff);
  CHECK(checksum_add(0xffff, data.data(), data.size()) == 0xff00);
}

TEST_CASE("a sum over regions is the sum over the whole, where all but the last are even") {
  CHECK(rc::check([](std::vector<std::uint8_t> data) {
    const std::size_t cut = *rc::gen::inRange<std::size_t>(0, data.size() + 1) / 2 * 2;
    const std::uint32_t first = checksum_add(0, data.data(), cut);
    RC_ASSERT(checksum_fold(checksum_add(first, data.data() + cut, data.size() - cut)) ==
              checksum(data.data(), data.size()));
  }));
}

TEST_CASE("data with its own checksum sums to zero") {
  CHECK(rc::check([](std::vector<std::uint8_t> data) {
    data.resize(data.size() / 2 * 2 + 2);
    store16(data.data(), 0);
    store16(data.data(), checksum(data.data(), data.size()));
    RC_ASSERT(checksum(data.data(), data.size()) == 0);
  }));
}

TEST_CASE("an updated checksum equals one that was summed anew") {
  CHECK(rc::check([](std::array<std::uint8_t, 20> data, std::uint16_t after16, std::uint32_t after32) {
    data[0] |= 1;  // as in a header, not everything is zero, before or after
    const std::uint16_t before = checksum(data.data(), data.size());
    auto changed = data;
    store16(changed.data() + 8, after16);
    RC_ASSERT(checksum_update16(before, load16(data.data() + 8), after16) ==
              checksum(changed.data(), changed.size()));
    changed = data;
    store32(changed.data() + 12, after32);
    RC_ASSERT(checksum_update32(before, load32(data.data() + 12), after32) ==
              checksum(changed.data(), changed.size()));
  }));
}

TEST_CASE("RFC 1624's example, in which equation 2 fails, comes out right") {
  CHECK(checksum_update16(0xdd2f, 0x5555, 0x3285) == 0x0000);
}

TEST_CASE("a UDP datagram's sum covers addresses, protocol and length") {
  const std::array<std::uint8_t, 8> udp{0x10, 0x92, 0x00, 0x35, 0x00, 0x08, 0x00, 0x00};
  const std::uint16_t sum =
      transport_checksum(Ipv4Address(10, 0, 0, 5), Ipv4Address(8, 8, 8, 8), 17, udp.data(), 8);
  const std::uint32_t by_hand = 0x0a00 + 0x0005 + 0x0808 + 0x0808 + 17 + 8 + 0x1092 + 0x0035 + 0x0008;
  CHECK(sum == checksum_fold(by_hand));
}
