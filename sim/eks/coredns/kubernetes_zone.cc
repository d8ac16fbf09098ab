#include "sim/eks/coredns/kubernetes_zone.hh"

#include <fmt/format.h>

#include <algorithm>

namespace ekspath {
namespace {

constexpr unsigned most_aliases = 8;          // backend_lookup.go: a chain of CNAMEs within the zone
constexpr std::uint32_t version_ttl = 28800;  // kubernetes.go: TXT of dns-version
constexpr std::string_view schema_version = "1.1.0";

std::string without_underscore(const std::string& label) {
  return label.starts_with('_') ? label.substr(1) : label;
}

bool equal_letters(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

/// An endpoint's label below its service. kubernetes.go endpointHostname(), without endpoint_pod_names
std::string endpoint_label(const EndpointSliceContent::Endpoint& endpoint) {
  if (!endpoint.hostname.empty()) return endpoint.hostname;
  std::string dashed = fmt::format("{}", endpoint.addresses.front());
  std::ranges::replace(dashed, '.', '-');
  return dashed;
}

const EndpointSliceContent& content(const ApiObject& slice) { return slice.as<EndpointSliceContent>(); }

}  // namespace

struct KubernetesZone::Request {
  std::string pod_or_service;  // "pod", "svc"; empty: the zone itself, or one of those two
  std::string name_space;
  std::string service;  // or a pod's address with dashes
  std::string endpoint;
  std::string port;
  std::string protocol;

  [[nodiscard]] bool wants(std::string_view port_name, std::string_view port_protocol) const {
    return (port.empty() || equal_letters(port, port_name)) &&
           (protocol.empty() || equal_letters(protocol, port_protocol));
  }
};

/// A service as msg.Service has it: where a name leads.
struct KubernetesZone::Found {
  DnsName key;  // the name that an SRV record points at
  std::optional<Ipv4Address> address;
  std::optional<DnsName> external;
  std::optional<std::uint16_t> port;  // none: the service declares no port
};

KubernetesZone::KubernetesZone(ObjectStore& store, Settings settings)
    : store_(store), settings_(std::move(settings)), changed_(store.now()) {
  for (const ObjectKind kind : {ObjectKind::service, ObjectKind::endpoint_slice}) {
    for (const ApiObject* object : store_.list(kind)) index(*object);
    store_.watch(kind, *this);
  }
}

KubernetesZone::~KubernetesZone() { store_.unwatch(*this); }

void KubernetesZone::object_changed(ObjectChange change, const ApiObject& object) {
  changed_ = store_.now();
  const Key key{object.meta.name_space, object.meta.name};
  if (object.kind == ObjectKind::service) {
    if (const auto known = addresses_of_services_.find(key); known != addresses_of_services_.end()) {
      services_by_address_.erase(known->second);
      addresses_of_services_.erase(known);
    }
  } else {
    forget(key);
  }
  if (change != ObjectChange::deleted) index(object);
}

void KubernetesZone::index(const ApiObject& object) {
  const Key key{object.meta.name_space, object.meta.name};
  if (object.kind == ObjectKind::service) {
    const Ipv4Address address = object.as<ServiceSpec>().cluster_ip;
    if (address.is_unspecified()) return;
    services_by_address_[address] = key;
    addresses_of_services_[key] = address;
    return;
  }
  const auto label = object.meta.labels.find(service_name_label);
  if (label == object.meta.labels.end()) return;
  SliceEntry& entry = slices_[key];
  entry.service = {key.first, label->second};
  slices_of_services_[entry.service].insert(key);
  for (const auto& endpoint : content(object).endpoints) {
    for (const Ipv4Address address : endpoint.addresses) {
      entry.addresses.insert(address);
      slices_by_address_[address].insert(key);
    }
  }
}

void KubernetesZone::forget(const Key& slice) {
  const auto known = slices_.find(slice);
  if (known == slices_.end()) return;
  const auto erase_from = [&](auto& index, const auto& key) {
    const auto place = index.find(key);
    place->second.erase(slice);
    if (place->second.empty()) index.erase(place);
  };
  erase_from(slices_of_services_, known->second.service);
  for (const Ipv4Address address : known->second.addresses) erase_from(slices_by_address_, address);
  slices_.erase(known);
}

DnsName KubernetesZone::service_name(const Key& service, std::string_view endpoint) const {
  std::vector<std::string> labels{service.second, service.first, "svc"};
  if (!endpoint.empty()) labels.insert(labels.begin(), std::string(endpoint));
  // Kubernetes keeps names and hosts within DNS labels.
  return DnsName::of_labels(labels).value().before(settings_.zone).value();
}

DnsRecord KubernetesZone::record(const DnsName& name, DnsType type, DnsData data) const {
  return {name, type, DnsClass::internet, settings_.ttl_s, std::move(data)};
}

/// plugin/backend_lookup.go SOA(): ns.dns and hostmaster below the zone, the plugin's TTL as minimum.
DnsRecord KubernetesZone::soa() const {
  constexpr std::uint32_t longest_ttl = 300;
  const auto below = [&](std::string_view text) {
    return DnsName::parse(text).value().before(settings_.zone).value();
  };
  const auto serial = static_cast<std::uint32_t>((settings_.epoch_ns + changed_.count()) / 1'000'000'000);
  return {settings_.zone, DnsType::soa, DnsClass::internet, std::min(settings_.ttl_s, longest_ttl),
          DnsSoa{below("ns.dns"), below("hostmaster"), serial, 7200, 1800, 86400, settings_.ttl_s}};
}

/// parse.go parseRequest(): from the right pod or svc, namespace, service or pod, then one label (an
/// endpoint) or two (_port, _protocol). None: longer, or something else.
std::optional<KubernetesZone::Request> KubernetesZone::parse(const DnsName& name) const {
  std::vector<std::string> labels = name.lower_case().labels();
  labels.resize(labels.size() - settings_.zone.labels().size());
  Request request;
  if (labels.empty() || (labels.size() == 1 && (labels[0] == "svc" || labels[0] == "pod"))) return request;
  std::ranges::reverse(labels);
  request.pod_or_service = labels[0];
  if (labels[0] != "svc" && labels[0] != "pod") return std::nullopt;
  if (labels.size() > 1) request.name_space = labels[1];
  if (labels.size() > 2) request.service = labels[2];
  if (labels.size() == 4) request.endpoint = labels[3];
  if (labels.size() == 5) {
    request.protocol = without_underscore(labels[3]);
    request.port = without_underscore(labels[4]);
  }
  if (labels.size() > 5) return std::nullopt;
  return request;
}

/// kubernetes.go Records()
std::optional<std::vector<KubernetesZone::Found>> KubernetesZone::find(const DnsName& name) const {
  const auto request = parse(name);
  if (!request) return std::nullopt;
  if (request->pod_or_service.empty()) return std::vector<Found>();
  if (store_.find(ObjectKind::name_space, "", request->name_space) == nullptr) return std::nullopt;
  return request->pod_or_service == "pod" ? find_pods(*request) : find_services(*request);
}

/// Whatever address the name spells, a pod or not: that is why it is called insecure.
std::optional<std::vector<KubernetesZone::Found>> KubernetesZone::find_pods(const Request& request) const {
  if (!settings_.pods_insecure) return std::nullopt;
  if (request.service.empty()) return std::vector<Found>();
  std::string dotted = request.service;
  std::ranges::replace(dotted, '-', '.');
  const auto address = Ipv4Address::parse(dotted);
  if (!address) return std::nullopt;
  return std::vector{Found{DnsName(), address, {}, {}}};
}

std::optional<std::vector<KubernetesZone::Found>> KubernetesZone::find_services(
    const Request& request) const {
  if (request.service.empty()) return std::vector<Found>();
  const ApiObject* service = store_.find(ObjectKind::service, request.name_space, request.service);
  if (service == nullptr) return std::nullopt;
  const auto& spec = service->as<ServiceSpec>();
  const DnsName key = service_name({request.name_space, request.service});
  std::vector<Found> found;
  if (spec.type == ServiceType::external_name) {
    auto target = DnsName::parse(spec.external_name);
    const bool plain = request.endpoint.empty() && request.port.empty() && request.protocol.empty();
    if (plain && target) found.push_back({key, {}, std::move(target), {}});
  } else if (spec.headless || !request.endpoint.empty()) {
    find_endpoints(request, *service, found);
  } else {
    for (const ServicePortSpec& port : spec.ports) {
      if (request.wants(port.name, port.protocol)) found.push_back({key, spec.cluster_ip, {}, port.port});
    }
  }
  if (found.empty()) return std::nullopt;
  return found;
}

/// Only endpoints that are ready; a service that wants the others too has them marked so by its controller.
void KubernetesZone::find_endpoints(const Request& request, const ApiObject& service,
                                    std::vector<Found>& found) const {
  const Key key{service.meta.name_space, service.meta.name};
  const auto slices = slices_of_services_.find(key);
  if (slices == slices_of_services_.end()) return;
  for (const Key& name : slices->second) {
    const EndpointSliceContent& slice =
        content(*store_.find(ObjectKind::endpoint_slice, name.first, name.second));
    for (const auto& endpoint : slice.endpoints) {
      if (!endpoint.ready || endpoint.addresses.empty()) continue;
      const std::string label = endpoint_label(endpoint);
      if (!request.endpoint.empty() && request.endpoint != label) continue;
      const DnsName host = service_name(key, label);
      for (const Ipv4Address address : endpoint.addresses) {
        if (slice.ports.empty() && request.wants("", "")) found.push_back({host, address, {}, {}});
        for (const EndpointPort& port : slice.ports) {
          if (request.wants(port.name, port.protocol)) found.push_back({host, address, {}, port.port});
        }
      }
    }
  }
}

/// handler.go ServeDNS()
ZoneAnswer KubernetesZone::answer(const DnsQuestion& question, Ipv4Address own) const {
  const bool apex = question.name == settings_.zone;
  if (question.type == DnsType::soa && apex) return {true, {soa()}, {}, {}};
  static const DnsName default_server = DnsName::parse("ns.dns").value();
  if ((question.type == DnsType::ns && apex) || question.name == default_server.before(settings_.zone))
    return own_services(question, own);
  switch (question.type) {
    case DnsType::srv:
      return servers(question);
    case DnsType::txt:
      return texts(question);
    case DnsType::a:
    case DnsType::aaaa:
    case DnsType::cname:
      return addresses(question, 0);
    default:
      // "Do a fake A lookup, so we can distinguish between NODATA and NXDOMAIN"
      return {find(question.name).has_value(), {}, {}, {}};
  }
}

ZoneAnswer KubernetesZone::addresses(const DnsQuestion& question, unsigned depth) const {
  const auto found = find(question.name);
  if (!found) return {false, {}, {}, {}};
  ZoneAnswer answer;
  std::set<Ipv4Address> told;
  for (const Found& one : *found) {
    if (one.external) {
      if (*one.external == question.name || depth >= most_aliases) continue;
      const DnsRecord alias = record(question.name, DnsType::cname, *one.external);
      if (question.type == DnsType::cname) {
        answer.answers.push_back(alias);
      } else if (!one.external->is_within(settings_.zone)) {
        answer.answers.push_back(alias);
        answer.elsewhere = *one.external;
      } else {
        ZoneAnswer next = addresses({*one.external, question.type, question.question_class}, depth + 1);
        if (next.answers.empty()) continue;
        answer.answers.push_back(alias);
        answer.answers.insert(answer.answers.end(), next.answers.begin(), next.answers.end());
        answer.elsewhere = std::move(next.elsewhere);
      }
    } else if (question.type == DnsType::a && told.insert(*one.address).second) {
      answer.answers.push_back(record(question.name, DnsType::a, *one.address));
    }
  }
  return answer;
}

/// backend_lookup.go SRV(): equal weights that sum up to a hundred, each target's address beside it.
ZoneAnswer KubernetesZone::servers(const DnsQuestion& question) const {
  auto found = find(question.name);
  if (!found) return {false, {}, {}, {}};
  std::erase_if(*found, [](const Found& one) { return one.external.has_value(); });
  ZoneAnswer answer;
  const auto weight =
      static_cast<std::uint16_t>(std::max<std::size_t>(1, 100 / std::max<std::size_t>(1, found->size())));
  std::set<std::pair<DnsName, std::uint16_t>> told;
  std::set<std::pair<DnsName, Ipv4Address>> told_addresses;
  for (const Found& one : *found) {
    if (!one.port || one.key.is_root()) continue;
    if (told.insert({one.key, *one.port}).second)
      answer.answers.push_back(record(question.name, DnsType::srv, DnsSrv{0, weight, *one.port, one.key}));
    if (told_addresses.insert({one.key, *one.address}).second)
      answer.additional.push_back(record(one.key, DnsType::a, *one.address));
  }
  return answer;
}

ZoneAnswer KubernetesZone::texts(const DnsQuestion& question) const {
  static const DnsName version = DnsName::parse("dns-version").value();
  if (question.name == version.before(settings_.zone)) {
    return {true,
            {{question.name, DnsType::txt, DnsClass::internet, version_ttl,
              DnsTexts{std::string(schema_version)}}},
            {},
            {}};
  }
  const auto found = find(question.name);
  return {found && !found->empty(), {}, {}, {}};
}

/// ns.go nsAddrs(): the services that this server is an endpoint of; without one, itself as ns.dns.
ZoneAnswer KubernetesZone::own_services(const DnsQuestion& question, Ipv4Address own) const {
  std::vector<std::pair<DnsName, Ipv4Address>> servers;
  if (const auto slices = slices_by_address_.find(own); slices != slices_by_address_.end()) {
    std::set<Key> services;
    for (const Key& slice : slices->second) services.insert(slices_.at(slice).service);
    for (const Key& service : services) {
      const auto address = addresses_of_services_.find(service);
      if (address != addresses_of_services_.end())
        servers.emplace_back(service_name(service), address->second);
    }
  }
  if (servers.empty()) {
    servers.emplace_back(DnsName::parse("ns.dns").value().before(settings_.zone).value(), own);
  }
  ZoneAnswer answer;
  for (const auto& [name, address] : servers) {
    if (question.type == DnsType::ns) {
      answer.answers.push_back(record(question.name, DnsType::ns, name));
      answer.additional.push_back(record(name, DnsType::a, address));
    } else if (question.type == DnsType::a) {
      answer.answers.push_back(record(question.name, DnsType::a, address));
    }
  }
  return answer;
}

/// reverse.go serviceRecordForIP()
ZoneAnswer KubernetesZone::reverse(const DnsQuestion& question) const {
  const auto address = question.name.reversed_address();
  if (!address || question.type != DnsType::ptr) return {false, {}, {}, {}};
  ZoneAnswer answer;
  if (const auto service = services_by_address_.find(*address); service != services_by_address_.end()) {
    answer.answers.push_back(record(question.name, DnsType::ptr, service_name(service->second)));
    return answer;
  }
  if (const auto slices = slices_by_address_.find(*address); slices != slices_by_address_.end()) {
    for (const Key& name : slices->second) {
      for (const auto& endpoint :
           content(*store_.find(ObjectKind::endpoint_slice, name.first, name.second)).endpoints) {
        if (!endpoint.ready || std::ranges::find(endpoint.addresses, *address) == endpoint.addresses.end())
          continue;
        answer.answers.push_back(record(question.name, DnsType::ptr,
                                        service_name(slices_.at(name).service, endpoint_label(endpoint))));
      }
    }
  }
  answer.exists = !answer.answers.empty();
  return answer;
}

}  // namespace ekspath
