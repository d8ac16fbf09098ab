#include "sim/aws/vpc_resolver.hh"

#include <fmt/format.h>

#include <algorithm>

#include "sim/packet/build.hh"
#include "sim/packet/parse.hh"

namespace ekspath {
namespace {

/// Per ENI and second, of all link-local services together. facts/aws-fabric.md 1 and 13
constexpr std::uint32_t packets_a_second = 1024;

// Seconds. 60 is what the resolver gives for EC2's names; an internet host's is ours.
constexpr std::uint32_t ec2_ttl = 60, internet_ttl = 300, root_ttl = 900;
constexpr std::uint16_t resolver_udp_size = 4096;
constexpr std::size_t plain_udp_size = 512;  // RFC 1035 4.2.1

DnsName name(std::string_view text) { return DnsName::parse(text).value(); }

/// "PREFIX-10-0-0-5": the address.
std::optional<Ipv4Address> undashed(std::string_view label, std::string_view prefix) {
  if (!label.starts_with(prefix)) return std::nullopt;
  std::string dotted(label.substr(prefix.size()));
  std::ranges::replace(dotted, '-', '.');
  return Ipv4Address::parse(dotted);
}

}  // namespace

VpcResolver::VpcResolver(Fabric& fabric, Engine& engine, PacketPool& pool, std::string_view region)
    : fabric_(fabric),
      engine_(engine),
      pool_(pool),
      private_domain_(region == "us-east-1" ? name("ec2.internal")
                                            : name(fmt::format("{}.compute.internal", region))),
      public_domain_(region == "us-east-1" ? name("compute-1.amazonaws.com")
                                           : name(fmt::format("{}.compute.amazonaws.com", region))) {}

std::optional<LocalServices::Refusal> VpcResolver::ask(LocalService service, Eni& from,
                                                       const Packet& packet) {
  if (!within_allowance(from)) {
    return Refusal{DropReason::queue_full, "linklocal_allowance_exceeded: 1024 packets a second and ENI"};
  }
  if (service != LocalService::resolver) return Refusal{DropReason::no_socket, unmodelled(service)};
  const Ipv4View ip = ipv4(packet);
  const bool is_udp = ip.protocol() == static_cast<std::uint8_t>(IpProtocol::udp) && !ip.is_fragment() &&
                      packet.transport_size() >= UdpView::size;
  if (!is_udp || udp_header(packet).destination_port() != dns_port)
    return Refusal{DropReason::no_socket, "the VPC resolver answers DNS over UDP; TCP is not modelled"};
  if (!transport_is_sound(packet)) return Refusal{DropReason::checksum, "the VPC resolver"};
  const auto query = read_dns({packet.transport() + UdpView::size, packet.transport_size() - UdpView::size});
  if (!query || query->response)
    return Refusal{DropReason::no_socket, "the VPC resolver reads no query in it"};

  DnsMessage reply = resolve(*query, from.vpc());
  const std::size_t size =
      query->edns ? std::max<std::size_t>(query->edns->udp_size, plain_udp_size) : plain_udp_size;
  cut_to_size(reply, std::min<std::size_t>(size, resolver_udp_size));
  const std::vector<std::uint8_t> bytes = write_dns(reply);
  PacketRef answer = pool_.allocate(bytes.size());
  append_bytes(*answer, bytes);
  push_udp(*answer, {ip.destination(), ip.source(), dns_port, udp_header(packet).source_port()});
  push_ipv4(*answer, {.source = ip.destination(),
                      .destination = ip.source(),
                      .protocol = static_cast<std::uint8_t>(IpProtocol::udp)});
  answer->meta.trace = from.next_trace();
  fabric_.answer(from, std::move(answer));
  return std::nullopt;
}

bool VpcResolver::within_allowance(const Eni& from) {
  const std::size_t index = from.eni_id().value();
  if (allowances_.size() <= index) allowances_.resize(index + 1);
  Allowance& allowance = allowances_[index];
  const std::int64_t second = engine_.now().whole_seconds();
  if (allowance.second != second) allowance = {second, 0};
  return ++allowance.used <= packets_a_second;
}

DnsMessage VpcResolver::resolve(const DnsMessage& query, VpcId vpc) const {
  DnsMessage reply = reply_to(query);
  reply.recursion_available = true;
  if (query.edns) reply.edns = DnsEdns{resolver_udp_size, 0, query.edns->dnssec_ok, {}};
  if (query.opcode != 0) {
    reply.code = DnsCode::not_implemented;
  } else if (query.questions.size() != 1) {
    reply.code = DnsCode::format_error;
  } else if (query.questions.front().question_class != DnsClass::internet) {
    reply.code = DnsCode::refused;
  } else {
    answer(reply, query.questions.front(), vpc);
  }
  return reply;
}

void VpcResolver::answer(DnsMessage& reply, const DnsQuestion& question, VpcId vpc) const {
  const auto records = records_of(question.name, vpc);
  if (!records) reply.code = DnsCode::name_error;
  for (const DnsRecord& record : records.value_or(std::vector<DnsRecord>())) {
    if (record.type == question.type || question.type == DnsType::any) reply.answers.push_back(record);
  }
  // RFC 2308 2: what does not exist is told with the zone's SOA.
  if (reply.answers.empty()) reply.authority.push_back(soa_for(question.name));
}

std::optional<std::vector<DnsRecord>> VpcResolver::records_of(const DnsName& asked, VpcId vpc) const {
  if (const auto address = asked.reversed_address()) {
    auto found = name_of(*address, vpc);
    if (!found) return std::nullopt;
    const bool is_ec2 = found->is_within(private_domain_) || found->is_within(public_domain_);
    return std::vector{DnsRecord{asked, DnsType::ptr, DnsClass::internet, is_ec2 ? ec2_ttl : internet_ttl,
                                 std::move(*found)}};
  }
  if (asked == private_domain_) return std::vector{soa_for(asked)};
  if (asked.is_root()) {
    return std::vector{soa_for(asked), DnsRecord{asked, DnsType::ns, DnsClass::internet, root_ttl,
                                                 name("a.root-servers.net")}};
  }
  const auto address = address_of(asked, vpc);
  if (!address) return std::nullopt;
  const bool is_ec2 = asked.is_within(private_domain_) || asked.is_within(public_domain_);
  return std::vector{
      DnsRecord{asked, DnsType::a, DnsClass::internet, is_ec2 ? ec2_ttl : internet_ttl, *address}};
}

std::optional<Ipv4Address> VpcResolver::address_of(const DnsName& asked, VpcId vpc) const {
  const std::vector<std::string> labels = asked.lower_case().labels();
  if (!labels.empty() && asked.parent() == private_domain_) {
    const auto address = undashed(labels.front(), "ip-");
    return address && fabric_.vpc(vpc).mapping.owner(*address) ? address : std::nullopt;
  }
  if (!labels.empty() && asked.parent() == public_domain_) {
    const auto address = undashed(labels.front(), "ec2-");
    if (!address) return std::nullopt;
    // Inside the VPC, and over a peering with DNS resolution on, it would be the private address.
    for (const Vpc& candidate : fabric_.vpcs()) {
      const Ipv4Address inner = candidate.internet_gateway.private_of(*address);
      if (inner.is_unspecified()) continue;
      return &candidate == &fabric_.vpc(vpc) ? inner : *address;
    }
    return std::nullopt;
  }
  for (const InternetHost& host : fabric_.internet().hosts()) {
    if (DnsName::parse(host.name()) == asked && !host.addresses().empty()) return host.addresses().front();
  }
  return std::nullopt;
}

std::optional<DnsName> VpcResolver::name_of(Ipv4Address address, VpcId vpc) const {
  if (fabric_.vpc(vpc).mapping.owner(address)) return dashed("ip", address, private_domain_);
  for (const Vpc& candidate : fabric_.vpcs()) {
    if (!candidate.internet_gateway.private_of(address).is_unspecified())
      return dashed("ec2", address, public_domain_);
  }
  for (const InternetHost& host : fabric_.internet().hosts()) {
    if (std::ranges::find(host.addresses(), address) != host.addresses().end())
      return DnsName::parse(host.name());
  }
  return std::nullopt;
}

DnsName VpcResolver::dashed(std::string_view prefix, Ipv4Address address, const DnsName& domain) const {
  std::string label = fmt::format("{}-{}", prefix, address);
  std::ranges::replace(label, '.', '-');
  return name(label).before(domain).value();
}

/// Of EC2's private zone as the resolver shows it; of the reverse zones that it serves itself as RFC 6303 4
/// says; of everything else the root's, for the tree between is not modelled.
DnsRecord VpcResolver::soa_for(const DnsName& asked) const {
  if (asked.is_within(private_domain_)) {
    const DnsSoa soa{name("ns0").before(private_domain_).value(),
                     name("hostmaster.amazon.com"),
                     2012103100,
                     3600,
                     3600,
                     3600,
                     60};
    return {private_domain_, DnsType::soa, DnsClass::internet, ec2_ttl, soa};
  }
  for (const std::string_view zone : {"10.in-addr.arpa", "168.192.in-addr.arpa", "172.in-addr.arpa"}) {
    if (!asked.is_within(name(zone))) continue;
    const DnsSoa soa{name(zone), name("nobody.invalid"), 1, 3600, 1200, 604800, 10800};
    return {name(zone), DnsType::soa, DnsClass::internet, 10800, soa};
  }
  const DnsSoa soa{
      name("a.root-servers.net"), name("nstld.verisign-grs.com"), 2025021600, 1800, 900, 604800, 86400};
  return {DnsName(), DnsType::soa, DnsClass::internet, root_ttl, soa};
}

}  // namespace ekspath
