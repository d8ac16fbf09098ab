#include "sim/eks/coredns/coredns.hh"

#include "sim/eks/coredns/corefile.hh"
#include "tests/support/linux/world.hh"
#include "tests/unit/apps/scripted_dns.hh"
#include "tests/unit/eks/coredns/named_cluster.hh"

namespace ekspath {
namespace {

using namespace literals;

/// A pod, CoreDNS on 10.0.0.10, and an upstream server behind it on 10.1.0.2.
struct DnsWorld {
  LinuxWorld world{"pod(10.0.0.5) -- dns(10.0.0.10, 10.1.0.10) -- up(10.1.0.2)"};
  NamedCluster cluster{world.engine};
  bool up = true;
  ScriptedDns upstream{world["up"], [this](const DnsMessage& query, bool) { return outside(query); }};
  std::unique_ptr<Program> server;
  UdpSocket socket{world["pod"]};

  explicit DnsWorld(std::string corefile = std::string(eks_corefile)) {
    server = start_coredns(cluster.store, {&world["dns"],
                                           Ipv4Address(10, 0, 0, 10),
                                           std::move(corefile),
                                           {"coredns", "nameserver 10.1.0.2\n", ""}});
    world.run_for(1_ms);
    REQUIRE(socket.connect({Ipv4Address(10, 0, 0, 10), dns_port}) == 0);
  }

  std::optional<DnsMessage> outside(const DnsMessage& query) const {
    if (!up) return std::nullopt;
    DnsMessage reply = reply_to(query);
    reply.recursion_available = true;
    if (query.questions[0].name.text() == "www.example.com.") {
      if (query.questions[0].type == DnsType::a)
        reply.answers.push_back(a_record("www.example.com", Ipv4Address(203, 0, 113, 80), 300));
    } else {
      reply.code = DnsCode::name_error;
    }
    if (reply.answers.empty())
      reply.authority.push_back({DnsName(), DnsType::soa, DnsClass::internet, 900,
                                 DnsSoa{DnsName(), DnsName(), 1, 1, 1, 1, 86400}});
    return reply;
  }

  std::optional<DnsMessage> query(std::string_view name, DnsType type = DnsType::a,
                                  std::optional<DnsEdns> edns = {}) {
    DnsMessage message;
    message.id = 99;
    message.recursion_desired = true;
    message.questions.push_back({DnsName::parse(name).value(), type, DnsClass::internet});
    message.edns = std::move(edns);
    REQUIRE(socket.send(write_dns(message)) == 0);
    world.run_for(10_s);
    const auto datagram = socket.receive();
    if (!datagram) return std::nullopt;
    size = datagram->payload.size();
    return read_dns(datagram->payload);
  }
  /// "NOERROR aa ra: 5 A 10.100.0.7; ..."
  std::string ask(std::string_view name, DnsType type = DnsType::a) {
    const auto reply = query(name, type);
    if (!reply) return "silence";
    CHECK(reply->id == 99);
    std::string text = to_string(reply->code);
    if (reply->authoritative) text += " aa";
    if (reply->recursion_available) text += " ra";
    for (const auto* section : {&reply->answers, &reply->authority}) {
      for (const DnsRecord& record : *section) {
        text += fmt::format("; {} {}", record.ttl_s, to_string(record.type));
        if (record.type != DnsType::soa) text += " " + data_text(record);
      }
    }
    return text;
  }
  std::size_t size = 0;
};

TEST_CASE("CoreDNS starts with its banner, and answers for the cluster with authority") {
  DnsWorld world;
  CHECK(world.server->text() == ".:53\nCoreDNS-1.11.3\nlinux/amd64, go1.21.11, a6338e9\n");
  CHECK(world.ask("web.default.svc.cluster.local") == "NOERROR aa; 5 A 10.100.0.7");
  CHECK(world.ask("web.default.svc.cluster.local", DnsType::aaaa) == "NOERROR aa; 5 SOA");
  CHECK(world.ask("www.google.com.cluster.local") == "NXDOMAIN aa; 5 SOA");
  CHECK(world.upstream.asked.empty());
}

TEST_CASE("other names are forwarded from the pod's own address, their TTLs cut to thirty seconds") {
  DnsWorld world;
  CHECK(world.ask("www.example.com") == "NOERROR ra; 30 A 203.0.113.80");
  CHECK(world.ask("nosuch.example") == "NXDOMAIN ra; 30 SOA");
  CHECK(world.upstream.asked.size() == 2);
  CHECK(world.world.capture("up/e0").find("10.1.0.10.") != std::string::npos);
}

TEST_CASE("a cached answer claims authority, and its TTL runs down until it is asked for again") {
  DnsWorld world;
  CHECK(world.ask("www.example.com") == "NOERROR ra; 30 A 203.0.113.80");
  CHECK(world.ask("www.example.com") == "NOERROR aa ra; 20 A 203.0.113.80");
  CHECK(world.ask("WWW.example.com") == "NOERROR aa ra; 10 A 203.0.113.80");
  CHECK(world.upstream.asked.size() == 1);
  CHECK(world.ask("www.example.com") == "NOERROR ra; 30 A 203.0.113.80");
  CHECK(world.upstream.asked.size() == 2);
}

TEST_CASE("a service that is gone is answered from the cache for up to five seconds") {
  DnsWorld world;
  CHECK(world.ask("web.default.svc.cluster.local") == "NOERROR aa; 5 A 10.100.0.7");
  REQUIRE_FALSE(world.cluster.store.remove(ObjectKind::service, "default", "web"));
  // ask() takes ten seconds
  CHECK(world.ask("web.default.svc.cluster.local") == "NXDOMAIN aa; 5 SOA");
}

TEST_CASE("reverse names fall through to the upstream when the cluster has none") {
  DnsWorld world;
  CHECK(world.ask("7.0.100.10.in-addr.arpa", DnsType::ptr) ==
        "NOERROR aa; 5 PTR web.default.svc.cluster.local.");
  CHECK(world.ask("8.8.8.8.in-addr.arpa", DnsType::ptr) == "NXDOMAIN ra; 30 SOA");
  CHECK(world.upstream.asked.size() == 1);
}

TEST_CASE("the target of an ExternalName is looked up and told with it") {
  DnsWorld world;
  CHECK(world.ask("outside.shop.svc.cluster.local") ==
        "NOERROR aa; 5 CNAME www.example.com.; 5 A 203.0.113.80");
}

TEST_CASE("addresses come in any order: every order is seen") {
  DnsWorld world;
  std::set<std::string> seen;
  for (int i = 0; i < 20; ++i) seen.insert(world.ask("db.shop.svc.cluster.local"));
  CHECK(seen == std::set<std::string>{"NOERROR aa; 5 A 10.0.0.21; 5 A 10.0.0.22",
                                      "NOERROR aa; 5 A 10.0.0.22; 5 A 10.0.0.21"});
}

TEST_CASE("a silent upstream is asked every two seconds while five last; the failure is logged, not kept") {
  DnsWorld world;
  world.up = false;
  CHECK(world.ask("www.example.com") == "SERVFAIL");
  CHECK(world.upstream.asked == std::vector<std::string>{"0s udp #1 A www.example.com.",
                                                         "2s udp #2 A www.example.com.",
                                                         "4s udp #3 A www.example.com."});
  const std::string log = world.server->text();
  CHECK(log.find("[ERROR] plugin/errors: 2 www.example.com. A: read udp 10.1.0.10:") != std::string::npos);
  CHECK(log.find("->10.1.0.2:53: i/o timeout\n") != std::string::npos);
  world.up = true;
  CHECK(world.ask("www.example.com") == "NOERROR ra; 30 A 203.0.113.80");
}

TEST_CASE("an answer is not compressed while it fits; a cookie is echoed, and the client's size kept") {
  DnsWorld world;
  const DnsEdns edns{1232, 0, false, {{DnsEdns::cookie, {1, 2, 3, 4, 5, 6, 7, 8}}}};
  const auto reply = world.query("web.default.svc.cluster.local", DnsType::a, edns);
  REQUIRE(reply);
  CHECK(reply->edns == edns);
  CHECK(world.size == 12 + (31 + 4) + (31 + 14) + (11 + 12));
}

TEST_CASE("over 512 bytes without EDNS an answer is cut, and said to be") {
  DnsWorld world;
  std::vector<NamedCluster::Place> places;
  for (std::uint8_t i = 1; i <= 60; ++i) places.push_back({Ipv4Address(10, 1, 0, i), true, ""});
  world.cluster.service("shop", "many", {}, {NamedCluster::port("a", 1)});
  world.cluster.slice("shop", "many", "many-x", places, {{"a", "TCP", "", 1}});
  const auto reply = world.query("many.shop.svc.cluster.local");
  REQUIRE(reply);
  CHECK(reply->truncated);
  CHECK(world.size <= 512);
  CHECK(reply->answers.size() == 29);
}

TEST_CASE("TCP gives the same answers") {
  DnsWorld world;
  TcpSocket stream(world.world["pod"]);
  REQUIRE(stream.connect({Ipv4Address(10, 0, 0, 10), dns_port}) == 0);
  world.world.run_for(10_ms);
  DnsMessage message;
  message.questions.push_back(
      {DnsName::parse("web.default.svc.cluster.local").value(), DnsType::a, DnsClass::internet});
  stream.write(dns_stream_frame(write_dns(message)));
  world.world.run_for(10_ms);
  std::string bytes(stream.readable(), '\0');
  stream.read(std::span(reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()));
  DnsStreamReader reader;
  reader.feed(bytes);
  const auto framed = reader.take();
  REQUIRE(framed);
  const auto reply = read_dns({reinterpret_cast<const std::uint8_t*>(framed->data()), framed->size()});
  REQUIRE(reply);
  CHECK(data_text(reply->answers.at(0)) == "10.100.0.7");
}

TEST_CASE("a stub domain goes to its own server, and a zone without a block is refused") {
  DnsWorld world("cluster.local {\n  kubernetes\n}\ncorp.example {\n  forward . 10.1.0.2\n}\n");
  CHECK(world.ask("web.default.svc.cluster.local") == "NOERROR aa; 5 A 10.100.0.7");
  CHECK(world.ask("a.corp.example") == "NXDOMAIN ra; 900 SOA");
  CHECK(world.ask("www.example.com") == "REFUSED");
}

TEST_CASE("a Corefile that is not understood ends the program with its words") {
  LinuxWorld world("pod(10.0.0.5) -- dns(10.0.0.10)");
  NamedCluster cluster(world.engine);
  const auto server =
      start_coredns(cluster.store, {&world["dns"], Ipv4Address(10, 0, 0, 10), ". {\n foo\n}\n", {}});
  world.run_for(1_ms);
  CHECK(server->exit_status() == 1);
  CHECK(server->text() == "/etc/coredns/Corefile:2 - Error during parsing: Unknown directive 'foo'\n");
}

}  // namespace
}  // namespace ekspath
