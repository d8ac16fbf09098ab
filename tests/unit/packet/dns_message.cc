#include "sim/packet/dns_message.hh"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>

#include "tests/unit/pcap/real_tools.hh"

namespace ekspath {
namespace {

DnsName name(std::string_view text) { return DnsName::parse(text).value(); }

DnsMessage query(std::string_view for_name, DnsType type = DnsType::a) {
  DnsMessage message;
  message.id = 0x1234;
  message.recursion_desired = true;
  message.questions.push_back({name(for_name), type, DnsClass::internet});
  return message;
}

/// One record of each kind that we know.
DnsMessage everything() {
  DnsMessage message = reply_to(query("web.default.svc.cluster.local", DnsType::any));
  message.authoritative = message.recursion_available = true;
  const auto answer = [&](DnsType type, DnsData data) {
    message.answers.push_back(
        {name("web.default.svc.cluster.local"), type, DnsClass::internet, 5, std::move(data)});
  };
  answer(DnsType::a, Ipv4Address(10, 100, 0, 7));
  answer(DnsType::aaaa, DnsIpv6{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
  answer(DnsType::cname, name("other.default.svc.cluster.local"));
  answer(DnsType::ptr, name("ip-10-0-0-5.ec2.internal"));
  answer(DnsType::srv, DnsSrv{0, 50, 80, name("10-0-0-5.web.default.svc.cluster.local")});
  answer(DnsType::mx, DnsMx{10, name("mail.cluster.local")});
  answer(DnsType::txt, DnsTexts{"1.1.0", "a \"quoted\" word"});
  answer(DnsType{65280}, DnsOpaque{1, 2, 0xff});
  message.authority.push_back({name("cluster.local"), DnsType::soa, DnsClass::internet, 5,
                               DnsSoa{name("ns.dns.cluster.local"), name("hostmaster.cluster.local"),
                                      1739667600, 7200, 1800, 86400, 5}});
  message.authority.push_back({name("cluster.local"), DnsType::ns, DnsClass::internet, 5,
                               name("kube-dns.kube-system.svc.cluster.local")});
  message.additional.push_back({name("kube-dns.kube-system.svc.cluster.local"), DnsType::a,
                                DnsClass::internet, 5, Ipv4Address(10, 100, 0, 10)});
  message.edns = DnsEdns{1232, 0, false, {{DnsEdns::cookie, {1, 2, 3, 4, 5, 6, 7, 8}}}};
  return message;
}

std::vector<std::uint8_t> bytes(std::initializer_list<int> values) {
  std::vector<std::uint8_t> result;
  for (const int value : values) result.push_back(static_cast<std::uint8_t>(value));
  return result;
}

TEST_CASE("a query is the twelve bytes of the header and its question") {
  CHECK(write_dns(query("a.bc")) ==
        bytes({0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 2, 'b', 'c', 0, 0, 1, 0, 1}));
}

TEST_CASE("what is written reads back, compressed or not") {
  const DnsMessage message = everything();
  CHECK(read_dns(write_dns(message)) == message);
  CHECK(read_dns(write_dns(message, DnsCompression::off)) == message);
  CHECK(write_dns(message).size() < write_dns(message, DnsCompression::off).size());
}

TEST_CASE("an uncompressed answer of a service has the size that CoreDNS's has") {
  // kubernetes.default.svc.cluster.local by dig: ";; MSG SIZE  rcvd: 129" with a client cookie echoed
  DnsMessage message = reply_to(query("kubernetes.default.svc.cluster.local"));
  message.answers.push_back(
      {message.questions[0].name, DnsType::a, DnsClass::internet, 5, Ipv4Address(10, 96, 0, 1)});
  message.edns = DnsEdns{4096, 0, false, {{DnsEdns::cookie, std::vector<std::uint8_t>(8)}}};
  CHECK(write_dns(message, DnsCompression::off).size() == 129);
}

TEST_CASE("a code beyond fifteen travels in the OPT record") {
  DnsMessage message = reply_to(query("a"));
  message.code = DnsCode::bad_version;
  message.edns.emplace();
  CHECK(read_dns(write_dns(message))->code == DnsCode::bad_version);
}

TEST_CASE("a message cut short anywhere is refused") {
  const std::vector<std::uint8_t> whole = write_dns(everything());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK_FALSE(read_dns(std::span(whole).first(size)).has_value());
  }
}

TEST_CASE("bytes behind the end are refused") {
  std::vector<std::uint8_t> longer = write_dns(query("a"));
  longer.push_back(0);
  CHECK_FALSE(read_dns(longer).has_value());
}

TEST_CASE("a pointer leads backwards, never in a circle, and never into the header") {
  const auto with_name = [](std::initializer_list<int> at_12) {
    std::vector<std::uint8_t> message = bytes({0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0});
    const auto tail = bytes(at_12);
    message.insert(message.end(), tail.begin(), tail.end());
    message.insert(message.end(), {0, 1, 0, 1});
    return read_dns(message).has_value();
  };
  CHECK(with_name({1, 'a', 0}));
  CHECK_FALSE(with_name({0xc0, 12}));          // itself
  CHECK_FALSE(with_name({0xc0, 14}));          // forwards
  CHECK_FALSE(with_name({1, 'a', 0xc0, 12}));  // the name that it ends
  CHECK_FALSE(with_name({0xc0, 0}));
  CHECK_FALSE(with_name({0x41, 'a', 0}));  // neither a label nor a pointer
}

TEST_CASE("record data that does not fill its length is refused") {
  DnsMessage message = reply_to(query("a"));
  message.answers.push_back({name("a"), DnsType{65}, DnsClass::internet, 5, DnsOpaque{10, 0, 0, 1, 9}});
  std::vector<std::uint8_t> written = write_dns(message);
  CHECK(read_dns(written).has_value());
  written[written.size() - 15 + 1] = 1;  // TYPE65 becomes A, which is four bytes long
  REQUIRE(written[written.size() - 15] == 0);
  CHECK_FALSE(read_dns(written).has_value());
}

TEST_CASE("what does not fit loses records from the end and says that it is truncated") {
  DnsMessage message = reply_to(query("web"));
  for (std::uint8_t i = 1; i <= 100; ++i)
    message.answers.push_back({name("web"), DnsType::a, DnsClass::internet, 5, Ipv4Address(10, 0, 0, i)});
  cut_to_size(message, 512);
  CHECK(message.truncated);
  CHECK(write_dns(message).size() == 12 + 9 + 30 * 16);
  DnsMessage small = everything();
  cut_to_size(small, 4096);
  CHECK(small == everything());
}

TEST_CASE("a stream is cut into messages by their lengths") {
  DnsStreamReader reader;
  const std::string one = dns_stream_frame(write_dns(query("a"))),
                    two = dns_stream_frame(write_dns(query("b")));
  reader.feed(one + two.substr(0, 3));
  CHECK(reader.take() == one.substr(2));
  CHECK_FALSE(reader.take().has_value());
  reader.feed(two.substr(3));
  CHECK(reader.take() == two.substr(2));
  CHECK_FALSE(reader.take().has_value());
}

TEST_CASE("record data is printed as dig prints it") {
  const DnsMessage message = everything();
  std::vector<std::string> texts;
  for (const DnsRecord& record : message.answers) texts.push_back(data_text(record));
  CHECK(texts == std::vector<std::string>{
                     "10.100.0.7", "2001:db8::1", "other.default.svc.cluster.local.",
                     "ip-10-0-0-5.ec2.internal.", "0 50 80 10-0-0-5.web.default.svc.cluster.local.",
                     "10 mail.cluster.local.", "\"1.1.0\" \"a \\\"quoted\\\" word\"", "\\# 3 0102FF"});
  CHECK(data_text(message.authority[0]) ==
        "ns.dns.cluster.local. hostmaster.cluster.local. 1739667600 7200 1800 86400 5");
  CHECK(to_string(DnsType{65}) == "TYPE65");
  CHECK(parse_dns_type("aaaa") == DnsType::aaaa);
  CHECK(parse_dns_type("type65") == DnsType{65});
  CHECK_FALSE(parse_dns_type("TYPE").has_value());
  CHECK(to_string(DnsCode::name_error) == "NXDOMAIN");
}

TEST_CASE("tshark reads what we write, and finds nothing to complain about") {
  if (!have_tool("tshark") || !have_tool("text2pcap")) return;
  const std::string folder = output_of("mktemp -d");
  const std::string base = folder.substr(0, folder.find('\n'));
  {
    std::ofstream hex(base + "/dump.txt");
    for (const auto& message : {write_dns(everything()), write_dns(everything(), DnsCompression::off)}) {
      hex << "000000";
      for (const std::uint8_t byte : message) hex << fmt::format(" {:02x}", byte);
      hex << "\n";
    }
  }
  output_of("text2pcap -q -u 53,40000 " + base + "/dump.txt " + base + "/dns.pcap 2>/dev/null");
  CHECK(complaints_about(base + "/dns.pcap") == "");
  const std::string read = output_of(
      "tshark -r " + base +
      "/dns.pcap -T fields -E separator=/s -e dns.id -e dns.flags -e dns.count.answers -e dns.a -e dns.aaaa "
      "-e dns.cname -e dns.ptr.domain_name -e dns.srv.target -e dns.soa.mname -e dns.resp.ttl 2>/dev/null");
  const std::string line =
      "0x1234 0x8580 8 10.100.0.7,10.100.0.10 2001:db8::1 other.default.svc.cluster.local "
      "ip-10-0-0-5.ec2.internal 10-0-0-5.web.default.svc.cluster.local ns.dns.cluster.local "
      "5,5,5,5,5,5,5,5,5,5,5\n";
  CHECK(read == line + line);
  output_of("rm -r " + base);
}

}  // namespace
}  // namespace ekspath
