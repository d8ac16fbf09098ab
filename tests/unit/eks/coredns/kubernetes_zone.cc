#include "sim/eks/coredns/kubernetes_zone.hh"

#include "tests/unit/eks/coredns/named_cluster.hh"

namespace ekspath {
namespace {

using namespace literals;

DnsName name(std::string_view text) { return DnsName::parse(text).value(); }

struct Zone {
  Engine engine;
  NamedCluster cluster{engine};
  KubernetesZone zone{cluster.store, {name("cluster.local"), 5, true, 1'739'667'600'000'000'000}};

  /// "A 10.100.0.7; SRV ... | A ...", "no data", "no name"
  std::string ask(std::string_view text, DnsType type = DnsType::a) const {
    const DnsQuestion question{name(text), type, DnsClass::internet};
    return told(question.name.reversed_address() ? zone.reverse(question)
                                                 : zone.answer(question, Ipv4Address(10, 0, 0, 10)));
  }
  static std::string told(const ZoneAnswer& answer) {
    if (!answer.exists) return "no name";
    if (answer.answers.empty()) return "no data";
    std::string text;
    for (const DnsRecord& record : answer.answers)
      text += (text.empty() ? "" : "; ") + to_string(record.type) + " " + data_text(record);
    for (const DnsRecord& record : answer.additional)
      text += " | " + record.name.text() + " " + to_string(record.type) + " " + data_text(record);
    if (answer.elsewhere) text += " -> " + answer.elsewhere->text();
    return text;
  }
};

TEST_CASE("a service is its cluster address, and has no IPv6 one") {
  const Zone zone;
  CHECK(zone.ask("web.default.svc.cluster.local") == "A 10.100.0.7");
  CHECK(zone.ask("WEB.Default.svc.cluster.local") == "A 10.100.0.7");
  CHECK(zone.ask("web.default.svc.cluster.local", DnsType::aaaa) == "no data");
  CHECK(zone.ask("web.default.svc.cluster.local", DnsType::mx) == "no data");
  CHECK(zone.ask("nosuch.default.svc.cluster.local") == "no name");
  CHECK(zone.ask("nosuch.default.svc.cluster.local", DnsType::mx) == "no name");
  CHECK(zone.ask("web.nosuch.svc.cluster.local") == "no name");
}

TEST_CASE("what lies between the zone and a service is there, and empty") {
  const Zone zone;
  CHECK(zone.ask("cluster.local") == "no data");
  CHECK(zone.ask("svc.cluster.local") == "no data");
  CHECK(zone.ask("default.svc.cluster.local") == "no data");
  CHECK(zone.ask("default.pod.cluster.local") == "no data");
  CHECK(zone.ask("web.cluster.local") == "no name");
  CHECK(zone.ask("www.google.com.cluster.local") == "no name");
  CHECK(zone.ask("a.b.c.web.default.svc.cluster.local") == "no name");
}

TEST_CASE("a headless service is the addresses of its ready endpoints, each with a name of its own") {
  const Zone zone;
  CHECK(zone.ask("db.shop.svc.cluster.local") == "A 10.0.0.21; A 10.0.0.22");
  CHECK(zone.ask("10-0-0-21.db.shop.svc.cluster.local") == "A 10.0.0.21");
  CHECK(zone.ask("db-1.db.shop.svc.cluster.local") == "A 10.0.0.22");
  CHECK(zone.ask("10-0-0-23.db.shop.svc.cluster.local") == "no name");
  CHECK(zone.ask("empty.shop.svc.cluster.local") == "no name");
}

TEST_CASE("SRV records of a port share a hundred, with the addresses beside them") {
  const Zone zone;
  CHECK(zone.ask("_sql._tcp.db.shop.svc.cluster.local", DnsType::srv) ==
        "SRV 0 50 5432 10-0-0-21.db.shop.svc.cluster.local.; SRV 0 50 5432 db-1.db.shop.svc.cluster.local. | "
        "10-0-0-21.db.shop.svc.cluster.local. A 10.0.0.21 | db-1.db.shop.svc.cluster.local. A 10.0.0.22");
  CHECK(zone.ask("_http._tcp.web.default.svc.cluster.local", DnsType::srv) ==
        "SRV 0 100 80 web.default.svc.cluster.local. | web.default.svc.cluster.local. A 10.100.0.7");
  CHECK(zone.ask("web.default.svc.cluster.local", DnsType::srv) ==
        "SRV 0 50 80 web.default.svc.cluster.local.; SRV 0 50 443 web.default.svc.cluster.local. | "
        "web.default.svc.cluster.local. A 10.100.0.7");
  CHECK(zone.ask("_http._udp.web.default.svc.cluster.local", DnsType::srv) == "no name");
}

TEST_CASE("a pod's name is its address with dashes, whether there is such a pod or not") {
  const Zone zone;
  CHECK(zone.ask("10-9-8-7.default.pod.cluster.local") == "A 10.9.8.7");
  CHECK(zone.ask("web.default.pod.cluster.local") == "no name");
  CHECK(zone.ask("10-9-8-7.nosuch.pod.cluster.local") == "no name");
}

TEST_CASE("ExternalName is a CNAME, followed within the zone") {
  const Zone zone;
  CHECK(zone.ask("outside.shop.svc.cluster.local") == "CNAME www.example.com. -> www.example.com.");
  CHECK(zone.ask("inside.shop.svc.cluster.local") == "CNAME web.default.svc.cluster.local.; A 10.100.0.7");
  CHECK(zone.ask("inside.shop.svc.cluster.local", DnsType::cname) == "CNAME web.default.svc.cluster.local.");
  CHECK(zone.ask("circle.shop.svc.cluster.local") == "no data");
}

TEST_CASE("an address leads back to its service, or to its endpoint") {
  const Zone zone;
  CHECK(zone.ask("7.0.100.10.in-addr.arpa", DnsType::ptr) == "PTR web.default.svc.cluster.local.");
  CHECK(zone.ask("21.0.0.10.in-addr.arpa", DnsType::ptr) == "PTR 10-0-0-21.db.shop.svc.cluster.local.");
  CHECK(zone.ask("23.0.0.10.in-addr.arpa", DnsType::ptr) == "no name");
  CHECK(zone.ask("8.8.8.8.in-addr.arpa", DnsType::ptr) == "no name");
}

TEST_CASE("the zone's own records: SOA, NS by the service that the server stands behind, dns-version") {
  const Zone zone;
  CHECK(zone.ask("cluster.local", DnsType::soa) ==
        "SOA ns.dns.cluster.local. hostmaster.cluster.local. 1739667600 7200 1800 86400 5");
  CHECK(zone.zone.soa().ttl_s == 5);
  CHECK(zone.ask("cluster.local", DnsType::ns) ==
        "NS kube-dns.kube-system.svc.cluster.local. | kube-dns.kube-system.svc.cluster.local. A 10.100.0.10");
  CHECK(zone.ask("ns.dns.cluster.local") == "A 10.100.0.10");
  CHECK(zone.ask("dns-version.cluster.local", DnsType::txt) == "TXT \"1.1.0\"");
  CHECK(zone.ask("web.default.svc.cluster.local", DnsType::txt) == "no data");
}

TEST_CASE("what changes in the cluster is known at once, and the serial is the time of it") {
  Zone zone;
  zone.engine.run_until(61_s);
  zone.cluster.service("shop", "new", {10, 100, 0, 8}, {NamedCluster::port("", 80)});
  CHECK(zone.ask("new.shop.svc.cluster.local") == "A 10.100.0.8");
  CHECK(std::get<DnsSoa>(zone.zone.soa().data).serial == 1739667661);
  REQUIRE_FALSE(zone.cluster.store.remove(ObjectKind::service, "shop", "new"));
  CHECK(zone.ask("new.shop.svc.cluster.local") == "no name");
  CHECK(zone.ask("8.0.100.10.in-addr.arpa", DnsType::ptr) == "no name");
  REQUIRE(zone.cluster.store.edit(ObjectKind::endpoint_slice, "shop", "db-abcde", ObjectStore::Part::spec,
                                  [](ApiObject& object) {
                                    object.as<EndpointSliceContent>().endpoints.erase(
                                        object.as<EndpointSliceContent>().endpoints.begin());
                                  }));
  CHECK(zone.ask("db.shop.svc.cluster.local") == "A 10.0.0.22");
  CHECK(zone.ask("21.0.0.10.in-addr.arpa", DnsType::ptr) == "no name");
}

}  // namespace
}  // namespace ekspath
