#include "sim/base/nanoseconds.hh"

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace ekspath;
using namespace ekspath::literals;

TEST_CASE("a duration is a decimal number and a unit") {
  CHECK(Nanoseconds::parse("20ms") == 20_ms);
  CHECK(Nanoseconds::parse("1.2ms") == 1200_us);
  CHECK(Nanoseconds::parse("0s") == 0_ns);
  CHECK(Nanoseconds::parse("0.000000001s") == 1_ns);
  CHECK(Nanoseconds::parse("1.50h") == 5400_s);
  CHECK(Nanoseconds::parse("0.5m") == 30_s);
  CHECK(Nanoseconds::parse("007us") == 7_us);
  CHECK(Nanoseconds::parse("3.000ns") == 3_ns);
}

TEST_CASE("a duration without a unit, with a sign or with words around it is refused") {
  for (const char* text : {"", "5", "s", "5 s", " 5s", "5s ", "-5s", "+5s", "5S", "5sec", ".5s", "5.s",
                           "1.2.3s", "1e3s", "5d", "0x5s", "nan", "infs"}) {
    CAPTURE(text);
    CHECK_FALSE(Nanoseconds::parse(text));
  }
}

TEST_CASE("a duration finer than a nanosecond is refused, not rounded") {
  CHECK_FALSE(Nanoseconds::parse("0.5ns"));
  CHECK_FALSE(Nanoseconds::parse("0.0000000001s"));
  CHECK_FALSE(Nanoseconds::parse("0.000000000001s"));
  CHECK_FALSE(Nanoseconds::parse("1.00000000000000000000000001s"));
  CHECK(Nanoseconds::parse("1.00000000000000000000000000s") == 1_s);
}

TEST_CASE("a duration too long to be added to another is refused") {
  CHECK(Nanoseconds::parse("600000h"));
  for (const char* text : {"99999999999s", "9999999999999999999ns", "2305843009213693952ns",
                           "99999999999999999999999h", "18446744073709551617ns"}) {
    CAPTURE(text);
    CHECK_FALSE(Nanoseconds::parse(text));
  }
}

TEST_CASE("a duration prints with the largest unit that keeps it exact") {
  CHECK(fmt::format("{}", 5_s) == "5s");
  CHECK(fmt::format("{}", 1200_us) == "1200us");
  CHECK(fmt::format("{}", 20_ms) == "20ms");
  CHECK(fmt::format("{}", 1_ns) == "1ns");
  CHECK(fmt::format("{}", 0_ns) == "0s");
  CHECK(fmt::format("{}", Nanoseconds(-1500)) == "-1500ns");
  CHECK(fmt::format("{:>6}|", 5_s) == "    5s|");
}

TEST_CASE("every duration up to 73 years reads back from its text") {
  CHECK(rc::check([] {
    const Nanoseconds time(*rc::gen::inRange<std::int64_t>(0, 2'305'843'009'213'693'951));
    RC_ASSERT(Nanoseconds::parse(fmt::format("{}", time)) == time);
  }));
}

TEST_CASE("whole seconds and milliseconds are cut, not rounded") {
  CHECK((1999_ms).whole_seconds() == 1);
  CHECK((1999_us).whole_milliseconds() == 1);
}
