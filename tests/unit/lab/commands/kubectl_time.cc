#include "sim/lab/commands/kubectl_time.hh"

#include <doctest/doctest.h>

using namespace ekspath;
using namespace ekspath::literals;

TEST_CASE("ages are those of kubectl (facts/kube-proxy.md 11)") {
  CHECK(kubectl_age(Nanoseconds(-2'000'000'000)) == "<invalid>");
  CHECK(kubectl_age(119_s) == "119s");
  CHECK(kubectl_age(120_s) == "2m");
  CHECK(kubectl_age(181_s) == "3m1s");
  CHECK(kubectl_age(601_s) == "10m");
  CHECK(kubectl_age(3600_s * 3 + 60_s) == "3h1m");
  CHECK(kubectl_age(3600_s * 47) == "47h");
  CHECK(kubectl_age(3600_s * 49) == "2d1h");
  CHECK(kubectl_age(3600_s * 24 * 9) == "9d");
  CHECK(kubectl_age(3600_s * 24 * 729) == "729d");
  CHECK(kubectl_age(3600_s * 24 * 731) == "2y1d");
}

TEST_CASE("times of objects are read, with or without a fraction of a second") {
  CHECK(parse_api_time("1970-01-02T00:00:01Z") == 86'401'000'000'000);
  CHECK(parse_api_time("1970-01-01T00:00:00.250000Z") == 250'000'000);
  CHECK(!parse_api_time(""));
  CHECK(!parse_api_time("2026-02-30T00:00:00Z"));
  CHECK(age_since("", 0) == "<unknown>");
  CHECK(rfc1123_time("2026-01-01T00:00:00Z") == "Thu, 01 Jan 2026 00:00:00 +0000");
}
