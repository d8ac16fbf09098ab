#include "sim/apps/dns_client.hh"

#include "tests/unit/apps/run_program.hh"
#include "tests/unit/apps/scripted_dns.hh"

/// What the resolver of a program puts on the wire and makes of what comes back. Each schedule was seen of
/// glibc 2.36 against a server of the same manners.
namespace ekspath {
namespace {

using namespace literals;

constexpr std::string_view pod_conf =
    "search default.svc.cluster.local svc.cluster.local cluster.local ec2.internal\n"
    "nameserver 10.0.0.10\noptions ndots:5\n";
constexpr std::string_view plain_conf = "nameserver 10.0.0.10\n";

/// Knows www.google.com (10.0.0.10, which answers pings), an alias of it, and service names; nothing else.
std::optional<DnsMessage> small_zone(const DnsMessage& query, bool) {
  DnsMessage answer = reply_to(query);
  const DnsQuestion& question = query.questions.at(0);
  const std::string name = question.name.relative_text();
  if (name == "www.google.com" || name == "web.default.svc.cluster.local") {
    if (question.type == DnsType::a) answer.answers.push_back(a_record(name, Ipv4Address(10, 0, 0, 10)));
  } else if (name == "alias.example") {
    answer.answers.push_back(
        {question.name, DnsType::cname, DnsClass::internet, 5, DnsName::parse("www.google.com").value()});
    if (question.type == DnsType::a)
      answer.answers.push_back(a_record("www.google.com", Ipv4Address(10, 0, 0, 10)));
  } else if (name == "10.0.0.10.in-addr.arpa") {
    answer.answers.push_back(
        {question.name, DnsType::ptr, DnsClass::internet, 5, DnsName::parse("a.rev.example").value()});
  } else if (name != "nodata.example") {
    answer.code = DnsCode::name_error;
  }
  return answer;
}

struct Lookup {
  std::string text;
  std::string asked;
  Nanoseconds took;
};

/// Pings a name once in a pod whose name server acts by `script`.
Lookup ping(std::string_view name, ScriptedDns::Script script, std::string_view conf,
            std::string_view hosts = "") {
  LinuxWorld world("pod(10.0.0.5) -- dns(10.0.0.10)");
  ScriptedDns dns(world["dns"], std::move(script));
  StartedProgram started = start_program(world["pod"], {"ping", "-n", "-c", "1", std::string(name)}, "",
                                         {"pod", std::string(conf), std::string(hosts)});
  REQUIRE(started.program);
  Lookup result;
  started.program->on_output = [&](Program&, const ProgramOutput& output) {
    if (result.text.empty()) result.took = output.time;
    result.text += output.text;
  };
  world.run_for(100_s);
  CHECK_FALSE(started.program->running());
  result.asked = dns.asked_text();
  return result;
}

std::string first_line(const Lookup& lookup) { return lookup.text.substr(0, lookup.text.find('\n')); }

TEST_CASE(
    "a name with fewer dots than ndots goes through the search list, A and AAAA from one socket a name") {
  const Lookup lookup = ping("www.google.com", small_zone, pod_conf);
  CHECK(first_line(lookup) == "PING www.google.com (10.0.0.10) 56(84) bytes of data.");
  CHECK(lookup.asked ==
        "0s udp #1 A www.google.com.default.svc.cluster.local.\n"
        "0s udp #1 AAAA www.google.com.default.svc.cluster.local.\n"
        "0s udp #2 A www.google.com.svc.cluster.local.\n"
        "0s udp #2 AAAA www.google.com.svc.cluster.local.\n"
        "0s udp #3 A www.google.com.cluster.local.\n"
        "0s udp #3 AAAA www.google.com.cluster.local.\n"
        "0s udp #4 A www.google.com.ec2.internal.\n"
        "0s udp #4 AAAA www.google.com.ec2.internal.\n"
        "0s udp #5 A www.google.com.\n"
        "0s udp #5 AAAA www.google.com.\n");
}

TEST_CASE("a trailing dot skips the search") {
  const Lookup lookup = ping("www.google.com.", small_zone, pod_conf);
  CHECK(lookup.asked == "0s udp #1 A www.google.com.\n0s udp #1 AAAA www.google.com.\n");
}

TEST_CASE("a name with as many dots as ndots is asked as it is first") {
  CHECK(ping("www.google.com", small_zone, "search ec2.internal\nnameserver 10.0.0.10\n").asked ==
        "0s udp #1 A www.google.com.\n0s udp #1 AAAA www.google.com.\n");
  CHECK(ping("no.such", small_zone, "search ec2.internal\nnameserver 10.0.0.10\n").asked ==
        "0s udp #1 A no.such.\n0s udp #1 AAAA no.such.\n"
        "0s udp #2 A no.such.ec2.internal.\n0s udp #2 AAAA no.such.ec2.internal.\n");
}

TEST_CASE("the search ends at the first name that has an address, which becomes the target's name") {
  const Lookup lookup = ping("web", small_zone, pod_conf);
  CHECK(first_line(lookup) == "PING web.default.svc.cluster.local (10.0.0.10) 56(84) bytes of data.");
  CHECK(lookup.asked ==
        "0s udp #1 A web.default.svc.cluster.local.\n0s udp #1 AAAA web.default.svc.cluster.local.\n");
}

TEST_CASE("a CNAME is followed within the answer, and its end is the canonical name") {
  CHECK(first_line(ping("alias.example.", small_zone, plain_conf)) ==
        "PING www.google.com (10.0.0.10) 56(84) bytes of data.");
}

TEST_CASE("a name that nobody has, and one without an address, are told apart") {
  CHECK(ping("nosuch.example", small_zone, pod_conf).text ==
        "ping: nosuch.example: Name or service not known\n");
  CHECK(ping("nodata.example", small_zone, plain_conf).text ==
        "ping: nodata.example: No address associated with hostname\n");
}

TEST_CASE(
    "silence costs five seconds an attempt: two attempts for the first name, two for the name as it is") {
  const Lookup lookup = ping(
      "dead.a", [](const DnsMessage&, bool) { return std::nullopt; }, pod_conf);
  CHECK(lookup.text == "ping: dead.a: Temporary failure in name resolution\n");
  CHECK(lookup.took == 20_s);
  CHECK(lookup.asked ==
        "0s udp #1 A dead.a.default.svc.cluster.local.\n0s udp #1 AAAA dead.a.default.svc.cluster.local.\n"
        "5s udp #1 A dead.a.default.svc.cluster.local.\n5s udp #1 AAAA dead.a.default.svc.cluster.local.\n"
        "10s udp #2 A dead.a.\n10s udp #2 AAAA dead.a.\n15s udp #2 A dead.a.\n15s udp #2 AAAA dead.a.\n");
}

TEST_CASE("a closed port ends the search at once") {
  LinuxWorld world("pod(10.0.0.5) -- dns(10.0.0.10)");
  const auto started =
      start_program(world["pod"], {"ping", "-c", "1", "x"}, "", {"pod", std::string(pod_conf), ""});
  world.run_for(1_s);
  CHECK(started.program->text() == "ping: x: Temporary failure in name resolution\n");
}

TEST_CASE("a server that fails is asked twice from the same port, then the next name is tried") {
  const auto failing = [](const DnsMessage& query, bool) {
    DnsMessage answer = reply_to(query);
    answer.code = DnsCode::server_failure;
    return std::optional(answer);
  };
  const Lookup lookup = ping("x.", failing, pod_conf);
  CHECK(lookup.text == "ping: x.: Temporary failure in name resolution\n");
  CHECK(lookup.asked == "0s udp #1 A x.\n0s udp #1 AAAA x.\n0s udp #1 A x.\n0s udp #1 AAAA x.\n");
  CHECK(std::ranges::count(ping("x", failing, pod_conf).asked, '\n') == 20);
}

TEST_CASE("half an answer: one question after the other, then each from its own socket, then what there is") {
  const auto no_aaaa = [](const DnsMessage& query, bool by_tcp) {
    return query.questions[0].type == DnsType::aaaa ? std::nullopt : small_zone(query, by_tcp);
  };
  const Lookup lookup = ping("www.google.com.", no_aaaa, pod_conf);
  CHECK(first_line(lookup) == "PING www.google.com (10.0.0.10) 56(84) bytes of data.");
  CHECK(lookup.took == 15_s);
  CHECK(lookup.asked ==
        "0s udp #1 A www.google.com.\n0s udp #1 AAAA www.google.com.\n"
        "5s udp #1 A www.google.com.\n5s udp #1 AAAA www.google.com.\n"
        "10s udp #2 A www.google.com.\n10s udp #3 AAAA www.google.com.\n");
}

TEST_CASE("the option single-request-reopen never has two questions under way") {
  const Lookup lookup =
      ping("www.google.com.", small_zone, "nameserver 10.0.0.10\noptions single-request-reopen\n");
  CHECK(lookup.asked == "0s udp #1 A www.google.com.\n0s udp #2 AAAA www.google.com.\n");
}

TEST_CASE("a truncated answer is asked for again by TCP, both questions in one stream") {
  const auto big = [](const DnsMessage& query, bool by_tcp) {
    if (by_tcp) return small_zone(query, by_tcp);
    DnsMessage answer = reply_to(query);
    answer.truncated = true;
    return std::optional(answer);
  };
  const Lookup lookup = ping("www.google.com.", big, plain_conf);
  CHECK(first_line(lookup) == "PING www.google.com (10.0.0.10) 56(84) bytes of data.");
  CHECK(lookup.asked ==
        "0s udp #1 A www.google.com.\n0s udp #1 AAAA www.google.com.\n"
        "0s tcp #2 A www.google.com.\n0s tcp #2 AAAA www.google.com.\n");
}

TEST_CASE("a second name server is asked when the first is silent") {
  LinuxWorld world("pod(10.0.0.5) -- node(10.0.0.1, 10.1.0.1) -- dns(10.1.0.10)");
  ScriptedDns dns(world["dns"], small_zone);
  const auto started = start_program(world["pod"], {"ping", "-c", "1", "nosuch."}, "",
                                     {"pod", "nameserver 10.0.0.77\nnameserver 10.1.0.10\n", ""});
  world.run_for(4_s);
  CHECK(started.program->running());
  world.run_for(2_s);
  CHECK(started.program->text() == "ping: nosuch.: Name or service not known\n");
}

TEST_CASE("/etc/hosts comes first, and nothing is asked") {
  const Lookup lookup = ping("PEER", small_zone, pod_conf, "10.0.0.10 peer.example peer\n");
  CHECK(first_line(lookup) == "PING peer.example (10.0.0.10) 56(84) bytes of data.");
  CHECK(lookup.asked == "");
}

TEST_CASE("ping asks for the name of each reply's sender") {
  LinuxWorld world("pod(10.0.0.5) -- dns(10.0.0.10)");
  ScriptedDns dns(world["dns"], small_zone);
  const auto started = start_program(world["pod"], {"ping", "-c", "2", "www.google.com."}, "",
                                     {"pod", std::string(pod_conf), ""});
  world.run_for(5_s);
  CHECK(started.program->text().find("64 bytes from a.rev.example (10.0.0.10): icmp_seq=2") !=
        std::string::npos);
  REQUIRE(dns.asked.size() == 4);
  CHECK(dns.asked[2] == "0s udp #2 PTR 10.0.0.10.in-addr.arpa.");
  CHECK(dns.asked[3] == "1s udp #3 PTR 10.0.0.10.in-addr.arpa.");
}

TEST_CASE("each tool has its own words for a name without an address") {
  LinuxWorld world("pod(10.0.0.5) -- dns(10.0.0.10)");
  ScriptedDns dns(world["dns"], small_zone);
  const auto run = [&](std::vector<std::string> arguments) {
    const auto started =
        start_program(world["pod"], std::move(arguments), "", {"pod", std::string(plain_conf), ""});
    world.run_for(1_s);
    return started.program->text();
  };
  CHECK(run({"curl", "http://nosuch.example/"}) == "curl: (6) Could not resolve host: nosuch.example\n");
  CHECK(run({"nc", "-v", "nosuch.example", "80"}) ==
        "nc: getaddrinfo for host \"nosuch.example\" port 80: Name or service not known\n");
  CHECK(run({"nc", "-v", "nodata.example", "80"}) ==
        "nc: getaddrinfo for host \"nodata.example\" port 80: No address associated with hostname\n");
  CHECK(run({"nc", "-l", "nosuch.example", "80"}) == "nc: getaddrinfo: Name or service not known\n");
  CHECK(run({"traceroute", "nosuch.example"}) ==
        "nosuch.example: Name or service not known\n"
        "Cannot handle \"host\" cmdline arg `nosuch.example' on position 1 (argc 1)\n");
}

}  // namespace
}  // namespace ekspath
