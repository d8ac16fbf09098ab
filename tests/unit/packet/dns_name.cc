#include "sim/packet/dns_name.hh"

#include <doctest/doctest.h>

namespace ekspath {
namespace {

DnsName name(std::string_view text) {
  const auto parsed = DnsName::parse(text);
  REQUIRE_MESSAGE(parsed.has_value(), std::string(text));
  return *parsed;
}

TEST_CASE("a name is read with and without its final dot, and printed with it") {
  CHECK(name("www.google.com").text() == "www.google.com.");
  CHECK(name("www.google.com.") == name("www.google.com"));
  CHECK(name(".").is_root());
  CHECK(name(".").text() == ".");
  CHECK(name("www.google.com").relative_text() == "www.google.com");
}

TEST_CASE("no label is empty or longer than 63 bytes, no name longer than 255 on the wire") {
  CHECK_FALSE(DnsName::parse("").has_value());
  CHECK_FALSE(DnsName::parse("a..b").has_value());
  CHECK_FALSE(DnsName::parse(".a").has_value());
  CHECK(DnsName::parse(std::string(63, 'a')).has_value());
  CHECK_FALSE(DnsName::parse(std::string(64, 'a')).has_value());
  const std::string label = std::string(61, 'a') + ".";
  CHECK(name(label + label + label + label + "abcde").wire_size() == 255);
  CHECK_FALSE(DnsName::parse(label + label + label + label + "abcdef").has_value());
}

TEST_CASE("a dot within a label and bytes that do not print are escaped") {
  const DnsName odd = name("a\\.b.c\\000d");
  REQUIRE(odd.labels().size() == 2);
  CHECK(odd.labels()[0] == "a.b");
  CHECK(odd.labels()[1] == std::string("c\0d", 3));
  CHECK(odd.text() == "a\\.b.c\\000d.");
  CHECK_FALSE(DnsName::parse("a\\").has_value());
  CHECK_FALSE(DnsName::parse("a\\256").has_value());
}

TEST_CASE("case matters to nobody but the eye") {
  CHECK(name("WWW.Google.com") == name("www.google.COM"));
  CHECK(name("WWW.Google.com").text() == "WWW.Google.com.");
  CHECK(name("WWW.Google.com").lower_case().text() == "www.google.com.");
  CHECK((name("b.a") <=> name("A.b")) == std::strong_ordering::less);
}

TEST_CASE("a name lies within itself and what it ends in, label by label") {
  CHECK(name("web.default.svc.cluster.local").is_within(name("cluster.local")));
  CHECK(name("cluster.local").is_within(name("cluster.local")));
  CHECK(name("cluster.local").is_within(DnsName()));
  CHECK_FALSE(name("mycluster.local").is_within(name("cluster.local")));
  CHECK(name("web").before(name("default.svc"))->text() == "web.default.svc.");
  CHECK(name("web.default.svc").parent(2).text() == "svc.");
  CHECK(name("web").parent(5).is_root());
}

TEST_CASE("an address and its name under in-addr.arpa belong together") {
  CHECK(DnsName::reverse_of(Ipv4Address(192, 168, 1, 10)).text() == "10.1.168.192.in-addr.arpa.");
  CHECK(name("10.1.168.192.in-addr.arpa").reversed_address() == Ipv4Address(192, 168, 1, 10));
  CHECK_FALSE(name("1.168.192.in-addr.arpa").reversed_address().has_value());
  CHECK_FALSE(name("300.1.168.192.in-addr.arpa").reversed_address().has_value());
}

}  // namespace
}  // namespace ekspath
