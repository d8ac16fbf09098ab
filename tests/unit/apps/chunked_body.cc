#include "sim/apps/chunked_body.hh"

#include <doctest/doctest.h>

namespace ekspath {
namespace {

// RFC 9112 7.1
TEST_CASE("chunks are joined, wherever the pieces that come are cut") {
  constexpr std::string_view bytes =
      "4\r\nWiki\r\n6;name=value\r\npedia \r\nA\r\nin chunks.\r\n0\r\nEtag: x\r\n\r\n";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    ChunkedBody body;
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      CHECK_FALSE(body.ended());
      text += body.decode(bytes.substr(at, piece));
    }
    CHECK(text == "Wikipedia in chunks.");
    CHECK(body.ended());
    CHECK(body.fault() == ChunkedBody::Fault::none);
  }
}

TEST_CASE("what is no chunk is a fault, and nothing after it is read") {
  const auto fault_of = [](std::string_view bytes) {
    ChunkedBody body;
    (void)body.decode(bytes);
    CHECK_FALSE(body.ended());
    return body.fault();
  };
  CHECK(fault_of("hello\r\n") == ChunkedBody::Fault::no_size);
  CHECK(fault_of("\r\n") == ChunkedBody::Fault::no_size);
  CHECK(fault_of("00000000000000005\r\n") == ChunkedBody::Fault::size_too_long);
  CHECK(fault_of("2\r\nabc") == ChunkedBody::Fault::malformed);
}

}  // namespace
}  // namespace ekspath
