#include "pcap/utf8.hh"

#include <doctest/doctest.h>

using namespace ekspath;

TEST_CASE("a character is as long as RFC 3629 says") {
  CHECK(utf8_character("a") == 1);
  CHECK(utf8_character("é!") == 2);
  CHECK(utf8_character("漢!") == 3);
  CHECK(utf8_character("\U0001f600!") == 4);
}

TEST_CASE("cut, overlong, surrogate and too large sequences are none") {
  for (const char* text : {"", "\x80", "\xc3", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80",
                           "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe6\xbc", "\xc3("}) {
    CHECK(utf8_character(text) == 0);
  }
}

TEST_CASE("a text is cut before the character that does not fit") {
  CHECK(utf8_cut("aé", 3) == "aé");
  CHECK(utf8_cut("aé", 2) == "a");
  CHECK(utf8_cut("é", 1) == "");
}
