#include "sim/apps/dig.hh"

#include "tests/unit/apps/run_program.hh"
#include "tests/unit/apps/scripted_dns.hh"

/// dig, nslookup and getent against a server whose replies were also given to the real tools of bind 9.18.49
/// and glibc 2.36: what they printed stands here.
namespace ekspath {
namespace {

using namespace literals;

constexpr std::string_view conf =
    "search default.svc.cluster.local svc.cluster.local cluster.local us-west-2.compute.internal\n"
    "nameserver 10.0.0.10\noptions ndots:5\n";

DnsName name(std::string_view text) { return DnsName::parse(text).value(); }

DnsRecord soa() {
  return {name("cluster.local"), DnsType::soa, DnsClass::internet, 5,
          DnsSoa{name("ns.dns.cluster.local"), name("hostmaster.cluster.local"), 1739667600, 7200, 1800,
                 86400, 5}};
}

std::optional<DnsMessage> replies(const DnsMessage& query, bool by_tcp) {
  const DnsQuestion& question = query.questions.at(0);
  const std::string asked = question.name.relative_text();
  DnsMessage reply = reply_to(query);
  reply.edns = query.edns;
  const auto say = [&](DnsType type, std::uint32_t ttl, DnsData data) {
    reply.answers.push_back({question.name, type, DnsClass::internet, ttl, std::move(data)});
  };
  const bool cluster = asked.ends_with("cluster.local");
  reply.authoritative = cluster;
  reply.recursion_available = !cluster;
  if (asked == "dead.example") return std::nullopt;
  if (asked == "servfail.example") {
    reply.code = DnsCode::server_failure;
  } else if (asked == "big.example" && !by_tcp) {
    reply.truncated = true;
  } else if (asked == "www.google.com" || asked == "big.example") {
    if (question.type == DnsType::a) say(DnsType::a, 300, Ipv4Address(142, 250, 1, 1));
  } else if (asked == "kubernetes.default.svc.cluster.local") {
    if (question.type == DnsType::a) {
      say(DnsType::a, 300, Ipv4Address(142, 250, 1, 1));
    } else {
      reply.authority.push_back(soa());
    }
  } else if (asked == "two.example") {
    if (question.type == DnsType::a) {
      say(DnsType::a, 60, Ipv4Address(10, 1, 2, 3));
      say(DnsType::a, 60, Ipv4Address(10, 1, 2, 4));
    }
  } else if (asked == "alias.example") {
    say(DnsType::cname, 30, name("two.example"));
    if (question.type == DnsType::a)
      reply.answers.push_back(a_record("two.example", Ipv4Address(10, 1, 2, 3), 60));
  } else if (asked == "_http._tcp.web.default.svc.cluster.local") {
    say(DnsType::srv, 5, DnsSrv{0, 50, 80, name("10-0-0-5.web.default.svc.cluster.local")});
    reply.additional.push_back(
        a_record("10-0-0-5.web.default.svc.cluster.local", Ipv4Address(10, 0, 0, 5), 5));
  } else if (asked == "dns-version.cluster.local") {
    say(DnsType::txt, 28800, DnsTexts{"1.1.0"});
  } else if (asked == "1.1.250.142.in-addr.arpa") {
    say(DnsType::ptr, 300, name("a.rev.example"));
  } else if (asked != "nodata.example") {
    reply.code = DnsCode::name_error;
    reply.authoritative = true;
    reply.recursion_available = false;
    reply.authority.push_back(soa());
  }
  return reply;
}

struct Typed {
  std::string text;
  int status = -1;
  std::vector<std::string> asked;
};

Typed type(std::vector<std::string> words, Nanoseconds time = 20_s) {
  LinuxWorld world("pod(10.0.0.5) -- dns(10.0.0.10)");
  ScriptedDns dns(world["dns"], replies);
  StartedProgram started =
      start_program(world["pod"], std::move(words), "", {"pod", std::string(conf), "127.0.0.1 localhost\n"});
  REQUIRE_MESSAGE(started.program != nullptr, started.error->text);
  world.run_for(time);
  return {started.program->text(), started.program->exit_status().value_or(-1), dns.asked};
}

/// The text with the numbers that are drawn made the same.
std::string steady(std::string text) {
  const auto cover = [&](std::string_view before, std::string_view end, std::string_view by) {
    const auto at = text.find(before);
    if (at == std::string::npos) return;
    const auto begin = at + before.size();
    text.replace(begin, text.find_first_of(end, begin) - begin, by);
  };
  cover("NOERROR, id: ", "\n", "ID");
  cover("NXDOMAIN, id: ", "\n", "ID");
  cover("; COOKIE: ", " ", "COOKIE");
  return text;
}

TEST_CASE("dig prints what it asked, what came back, and from where") {
  const Typed typed = type({"dig", "www.google.com"});
  CHECK(steady(typed.text) ==
        "\n; <<>> DiG 9.18.33 <<>> www.google.com\n"
        ";; global options: +cmd\n"
        ";; Got answer:\n"
        ";; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: ID\n"
        ";; flags: qr rd ra; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 1\n"
        "\n"
        ";; OPT PSEUDOSECTION:\n"
        "; EDNS: version: 0, flags:; udp: 1232\n"
        "; COOKIE: COOKIE (echoed)\n"
        ";; QUESTION SECTION:\n"
        ";www.google.com.\t\t\tIN\tA\n"
        "\n"
        ";; ANSWER SECTION:\n"
        "www.google.com.\t\t300\tIN\tA\t142.250.1.1\n"
        "\n"
        ";; Query time: 0 msec\n"
        ";; SERVER: 10.0.0.10#53(10.0.0.10) (UDP)\n"
        ";; WHEN: Thu Jan 01 00:00:00 UTC 1970\n"
        ";; MSG SIZE  rcvd: 71\n"
        "\n");
  CHECK(typed.status == 0);
  CHECK(typed.asked == std::vector<std::string>{"0s udp #1 A www.google.com."});
}

TEST_CASE("dig warns of .local and of a server without recursion, and long names push the columns") {
  const std::string text = steady(type({"dig", "kubernetes.default.svc.cluster.local"}).text);
  CHECK(text.find(";; Got answer:\n"
                  ";; WARNING: .local is reserved for Multicast DNS\n"
                  ";; You are currently testing what happens when an mDNS query is leaked to DNS\n"
                  ";; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: ID\n"
                  ";; flags: qr aa rd; QUERY: 1, ANSWER: 1, AUTHORITY: 0, ADDITIONAL: 1\n"
                  ";; WARNING: recursion requested but not available\n") != std::string::npos);
  CHECK(text.find(";kubernetes.default.svc.cluster.local. IN A\n") != std::string::npos);
  CHECK(text.find("\nkubernetes.default.svc.cluster.local. 300 IN A\t142.250.1.1\n") != std::string::npos);
}

TEST_CASE("dig's columns are bind's") {
  CHECK(dig_record_line(a_record("10-0-0-5.web.default.svc.cluster.local", Ipv4Address(10, 0, 0, 5))) ==
        "10-0-0-5.web.default.svc.cluster.local.\t5 IN A\t10.0.0.5");
  CHECK(dig_record_line({name("dns-version.cluster.local"), DnsType::txt, DnsClass::internet, 28800,
                         DnsTexts{"1.1.0"}}) == "dns-version.cluster.local. 28800 IN\tTXT\t\"1.1.0\"");
  CHECK(dig_record_line(soa()) ==
        "cluster.local.\t\t5\tIN\tSOA\tns.dns.cluster.local. hostmaster.cluster.local. 1739667600 7200 1800 "
        "86400 5");
  CHECK(dig_question_line({name("1.1.250.142.in-addr.arpa"), DnsType::ptr, DnsClass::internet}) ==
        ";1.1.250.142.in-addr.arpa.\tIN\tPTR");
  CHECK(dig_question_line({DnsName(), DnsType::ns, DnsClass::internet}) == ";.\t\t\t\tIN\tNS");
}

TEST_CASE("dig +short prints the data alone; +noall +answer the records alone") {
  CHECK(type({"dig", "alias.example", "+short"}).text == "two.example.\n10.1.2.3\n");
  CHECK(type({"dig", "-x", "142.250.1.1", "+short"}).text == "a.rev.example.\n");
  CHECK(type({"dig", "nosuch.example", "+short"}).text == "");
  CHECK(type({"dig", "+noall", "+answer", "@10.0.0.10", "www.google.com"}).text ==
        "www.google.com.\t\t300\tIN\tA\t142.250.1.1\n");
}

TEST_CASE("dig asks for a name as it is; +search completes it") {
  CHECK(type({"dig", "+short", "kubernetes.default"}).text == "");
  const Typed typed = type({"dig", "+short", "+search", "kubernetes.default"});
  CHECK(typed.text == "142.250.1.1\n");
  CHECK(typed.asked == std::vector<std::string>{"0s udp #1 A kubernetes.default.default.svc.cluster.local.",
                                                "0s udp #2 A kubernetes.default.svc.cluster.local."});
}

TEST_CASE("dig names the server that it was given, and its port and protocol") {
  const std::string text = type({"dig", "@10.0.0.10", "-t", "A", "-q", "www.google.com", "+tcp"}).text;
  CHECK(text.find("\n; (1 server found)\n") != std::string::npos);
  CHECK(text.find(";; SERVER: 10.0.0.10#53(10.0.0.10) (TCP)\n") != std::string::npos);
  CHECK(type({"dig", "big.example", "+noall", "+answer", "+comments"})
            .text.starts_with(";; Truncated, retrying in TCP mode.\n;; Got answer:\n"));
}

TEST_CASE("dig tries three times, five seconds each, and says who was silent") {
  const Typed typed = type({"dig", "dead.example"});
  CHECK(typed.text ==
        ";; communications error to 10.0.0.10#53: timed out\n"
        ";; communications error to 10.0.0.10#53: timed out\n"
        ";; communications error to 10.0.0.10#53: timed out\n"
        "\n; <<>> DiG 9.18.33 <<>> dead.example\n"
        ";; global options: +cmd\n"
        ";; no servers could be reached\n");
  CHECK(typed.status == 9);
  CHECK(typed.asked == std::vector<std::string>{"0s udp #1 A dead.example.", "5s udp #2 A dead.example.",
                                                "10s udp #3 A dead.example."});
  CHECK(type({"dig", "@10.0.0.5", "x", "+short", "+tries=1"}).text ==
        ";; communications error to 10.0.0.5#53: connection refused\n;; no servers could be reached\n");
}

TEST_CASE("what dig has and we have not is named") {
  CHECK(check_program({"dig", "+trace", "x"})->text == "dig: +trace is unknown or not modelled");
  CHECK(check_program({"dig", "-f", "x"})->text == "dig: -f is not modelled");
  CHECK(check_program({"dig", "x", "y"})->text == "dig: a second name ('y') is not modelled");
  CHECK(check_program({"dig", "a..b"})->text == "dig: 'a..b' is not a legal name");
  CHECK(check_program({"dig", "-x", "300.0.0.1"})->text == "dig: invalid IP address 300.0.0.1");
}

TEST_CASE("nslookup completes names, asks for A, then AAAA, and tells of missing recursion") {
  const Typed typed = type({"nslookup", "kubernetes.default"});
  CHECK(typed.text ==
        ";; Got recursion not available from 10.0.0.10\n"
        ";; Got recursion not available from 10.0.0.10\n"
        "Server:\t\t10.0.0.10\nAddress:\t10.0.0.10#53\n\n"
        "Name:\tkubernetes.default.svc.cluster.local\nAddress: 142.250.1.1\n"
        ";; Got recursion not available from 10.0.0.10\n\n");
  CHECK(typed.status == 0);
  CHECK(typed.asked == std::vector<std::string>{"0s udp #1 A kubernetes.default.default.svc.cluster.local.",
                                                "0s udp #2 A kubernetes.default.svc.cluster.local.",
                                                "0s udp #3 AAAA kubernetes.default.svc.cluster.local."});
}

TEST_CASE("nslookup of an alias, of a name without an address, of none") {
  constexpr std::string_view head = "Server:\t\t10.0.0.10\nAddress:\t10.0.0.10#53\n\n";
  CHECK(type({"nslookup", "alias.example."}).text ==
        std::string(head) +
            "Non-authoritative answer:\nalias.example\tcanonical name = two.example.\n"
            "Name:\ttwo.example\nAddress: 10.1.2.3\n\n");
  CHECK(type({"nslookup", "nodata.example."}).text ==
        std::string(head) + "*** Can't find nodata.example: No answer\n\n");
  const Typed none = type({"nslookup", "nosuch.example."});
  CHECK(none.text == ";; Got recursion not available from 10.0.0.10\n" + std::string(head) +
                         "** server can't find nosuch.example: NXDOMAIN\n\n");
  CHECK(none.status == 1);
  CHECK(type({"nslookup", "servfail.example."}).text ==
        ";; Got SERVFAIL reply from 10.0.0.10\n" + std::string(head) +
            "** server can't find servfail.example: SERVFAIL\n\n");
}

TEST_CASE("nslookup of an address, and of a type") {
  constexpr std::string_view head = "Server:\t\t10.0.0.10\nAddress:\t10.0.0.10#53\n\n";
  CHECK(type({"nslookup", "142.250.1.1"}).text ==
        "1.1.250.142.in-addr.arpa\tname = a.rev.example.\n\nAuthoritative answers can be found from:\n\n");
  CHECK(type({"nslookup", "-type=SRV", "_http._tcp.web.default.svc.cluster.local."}).text ==
        ";; Got recursion not available from 10.0.0.10\n" + std::string(head) +
            "_http._tcp.web.default.svc.cluster.local\tservice = 0 50 80 "
            "10-0-0-5.web.default.svc.cluster.local.\n\n");
  CHECK(type({"nslookup", "-type=aaaa", "two.example.", "10.0.0.10"}).text ==
        std::string(head) + "Non-authoritative answer:\n*** Can't find two.example.: No answer\n\n");
}

TEST_CASE("nslookup gives up after three silent tries") {
  const Typed typed = type({"nslookup", "dead.example."});
  CHECK(typed.text ==
        ";; communications error to 10.0.0.10#53: timed out\n"
        ";; communications error to 10.0.0.10#53: timed out\n"
        ";; communications error to 10.0.0.10#53: timed out\n"
        ";; no servers could be reached\n\n");
  CHECK(typed.status == 1);
}

TEST_CASE("getent hosts asks for IPv6 through the whole search list, then for IPv4") {
  const Typed typed = type({"getent", "hosts", "www.google.com"});
  CHECK(typed.text == "142.250.1.1     www.google.com\n");
  REQUIRE(typed.asked.size() == 10);
  CHECK(typed.asked[0] == "0s udp #1 AAAA www.google.com.default.svc.cluster.local.");
  CHECK(typed.asked[4] == "0s udp #5 AAAA www.google.com.");
  CHECK(typed.asked[5] == "0s udp #6 A www.google.com.default.svc.cluster.local.");
  CHECK(type({"getent", "hosts", "alias.example."}).text == "10.1.2.3        two.example alias.example\n");
  CHECK(type({"getent", "hosts", "142.250.1.1"}).text == "142.250.1.1     a.rev.example\n");
  CHECK(type({"getent", "hosts", "127.0.0.1"}).text == "127.0.0.1       localhost\n");
  const Typed none = type({"getent", "hosts", "nosuch.example."});
  CHECK(none.text == "");
  CHECK(none.status == 2);
}

}  // namespace
}  // namespace ekspath
