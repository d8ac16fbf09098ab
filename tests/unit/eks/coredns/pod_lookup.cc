#include "sim/eks/coredns/coredns.hh"
#include "sim/eks/coredns/corefile.hh"
#include "tests/unit/apps/run_program.hh"
#include "tests/unit/apps/scripted_dns.hh"
#include "tests/unit/eks/coredns/named_cluster.hh"

/// A program's resolver and CoreDNS together, packet by packet.
namespace ekspath {
namespace {

using namespace literals;

struct PodAndDns {
  LinuxWorld world{"pod(10.0.0.5) -- dns(10.0.0.10, 10.1.0.10) -- up(10.1.0.2)"};
  NamedCluster cluster{world.engine};
  ScriptedDns upstream{world["up"], [](const DnsMessage& query, bool) {
                         DnsMessage reply = reply_to(query);
                         const bool known = query.questions[0].name.text() == "www.google.com.";
                         if (!known) {
                           reply.code = DnsCode::name_error;
                         } else if (query.questions[0].type == DnsType::a) {
                           reply.answers.push_back(a_record("www.google.com", Ipv4Address(10, 1, 0, 2)));
                         }
                         return std::optional(reply);
                       }};
  std::unique_ptr<Program> server = start_coredns(cluster.store, {&world["dns"],
                                                                  Ipv4Address(10, 0, 0, 10),
                                                                  std::string(eks_corefile),
                                                                  {"coredns", "nameserver 10.1.0.2\n", ""}});

  std::string run(std::vector<std::string> arguments) {
    world.run_for(1_ms);
    const auto started =
        start_program(world["pod"], std::move(arguments), "",
                      {"pod",
                       "search default.svc.cluster.local svc.cluster.local cluster.local ec2.internal\n"
                       "nameserver 10.0.0.10\noptions ndots:5\n",
                       ""});
    REQUIRE(started.program);
    world.run_for(3_s);
    return started.program->text();
  }
  /// Datagrams to port 53 that left an interface.
  std::size_t queries_at(std::string_view place) {
    const std::string frames = world.capture(place);
    std::size_t count = 0;
    for (std::size_t at = 0; (at = frames.find(".53: UDP", at)) != std::string::npos; ++at) ++count;
    return count;
  }
};

TEST_CASE("www.google.com costs a pod ten queries, of which four go on to the upstream") {
  PodAndDns lab;
  CHECK(lab.run({"ping", "-n", "-c", "1", "www.google.com"})
            .starts_with("PING www.google.com (10.1.0.2) 56(84) bytes of data.\n64 bytes from 10.1.0.2: "));
  CHECK(lab.queries_at("pod/e0") == 10);
  REQUIRE(lab.upstream.asked.size() == 4);
  CHECK(lab.upstream.asked[0].ends_with(" A www.google.com.ec2.internal."));
  CHECK(lab.upstream.asked[3].ends_with(" AAAA www.google.com."));
}

TEST_CASE("with a dot at the end it costs two") {
  PodAndDns lab;
  CHECK(lab.run({"ping", "-n", "-c", "1", "www.google.com."}).starts_with("PING www.google.com (10.1.0.2)"));
  CHECK(lab.queries_at("pod/e0") == 2);
  CHECK(lab.upstream.asked.size() == 2);
}

TEST_CASE("dig in a pod shows what CoreDNS says of a service") {
  PodAndDns lab;
  CHECK(lab.run({"dig", "+noall", "+answer", "+search", "web"}) ==
        "web.default.svc.cluster.local. 5 IN\tA\t10.100.0.7\n");
  CHECK(lab.run({"dig", "+tcp", "+short", "-t", "SRV", "_http._tcp.web.default.svc.cluster.local"}) ==
        "0 100 80 web.default.svc.cluster.local.\n");
  CHECK(lab.run({"nslookup", "kube-dns.kube-system"})
            .find("Name:\tkube-dns.kube-system.svc.cluster.local\n"
                  "Address: 10.100.0.10\n") != std::string::npos);
}

}  // namespace
}  // namespace ekspath
