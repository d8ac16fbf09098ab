#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/apps/dns_client.hh"
#include "sim/eks/api/store.hh"

namespace ekspath {

/// What the `kubernetes` plugin says of a name: its records, or that there are none of that type, or no such
/// name.
struct ZoneAnswer {
  bool exists = true;
  std::vector<DnsRecord> answers;
  std::vector<DnsRecord> additional;
  /// The last answer is a CNAME to a name outside the zone, whose records are to follow.
  std::optional<DnsName> elsewhere;
};

/// The zone of CoreDNS's `kubernetes` plugin, straight from the objects of the API server: services, headless
/// ones with their endpoints, pods by their address, ExternalName, reverse. coredns 1.11.3 plugin/kubernetes:
/// kubernetes.go findServices(), findPods(), parse.go parseRequest(), reverse.go, plugin/backend_lookup.go;
/// the DNS specification of Kubernetes 1.1.0. What it learns of a change it knows at once.
class KubernetesZone final : public ObjectWatcher {
 public:
  struct Settings {
    DnsName zone;
    std::uint32_t ttl_s = 5;
    bool pods_insecure = false;  // else pods have no names
    std::int64_t epoch_ns = 0;   // wall clock of time zero: the SOA's serial is the time of the last change
  };
  /// The store outlives the zone.
  KubernetesZone(ObjectStore& store, Settings settings);
  ~KubernetesZone();
  KubernetesZone(const KubernetesZone&) = delete;
  KubernetesZone& operator=(const KubernetesZone&) = delete;

  [[nodiscard]] const DnsName& zone() const { return settings_.zone; }
  /// `own`: the address of the server that is asked, for the zone's NS records.
  [[nodiscard]] ZoneAnswer answer(const DnsQuestion& question, Ipv4Address own) const;
  /// The service whose cluster address it is, else the endpoints that have it.
  [[nodiscard]] ZoneAnswer reverse(const DnsQuestion& question) const;
  [[nodiscard]] DnsRecord soa() const;

  // ObjectWatcher
  void object_changed(ObjectChange change, const ApiObject& object) override;

 private:
  using Key = std::pair<std::string, std::string>;  // namespace, name
  struct Found;
  struct Request;

  [[nodiscard]] std::optional<Request> parse(const DnsName& name) const;
  /// None: no such name.
  [[nodiscard]] std::optional<std::vector<Found>> find(const DnsName& name) const;
  [[nodiscard]] std::optional<std::vector<Found>> find_pods(const Request& request) const;
  [[nodiscard]] std::optional<std::vector<Found>> find_services(const Request& request) const;
  void find_endpoints(const Request& request, const ApiObject& service, std::vector<Found>& found) const;
  [[nodiscard]] ZoneAnswer addresses(const DnsQuestion& question, unsigned depth) const;
  [[nodiscard]] ZoneAnswer servers(const DnsQuestion& question) const;
  [[nodiscard]] ZoneAnswer texts(const DnsQuestion& question) const;
  [[nodiscard]] ZoneAnswer own_services(const DnsQuestion& question, Ipv4Address own) const;
  [[nodiscard]] DnsName service_name(const Key& service, std::string_view endpoint = {}) const;
  [[nodiscard]] DnsRecord record(const DnsName& name, DnsType type, DnsData data) const;

  void index(const ApiObject& object);
  void forget(const Key& slice);

  /// Where a slice stands in the indexes.
  struct SliceEntry {
    Key service;
    std::set<Ipv4Address> addresses;
  };
  ObjectStore& store_;
  Settings settings_;
  Nanoseconds changed_;
  std::map<Ipv4Address, Key> services_by_address_;
  std::map<Key, Ipv4Address> addresses_of_services_;
  std::map<Key, SliceEntry> slices_;
  std::map<Key, std::set<Key>> slices_of_services_;
  std::map<Ipv4Address, std::set<Key>> slices_by_address_;
};

}  // namespace ekspath
