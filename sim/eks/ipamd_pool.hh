#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/aws/ids.hh"
#include "sim/base/nanoseconds.hh"
#include "sim/base/prefix.hh"
#include "sim/base/shared_text.hh"
#include "sim/eks/sandbox_id.hh"

namespace ekspath {

/// ipamd's data store: the addresses that EC2 gave to the node's ENIs for pods, and who has which. Knows no
/// events and calls nobody. amazon-vpc-cni-k8s pkg/ipamd/datastore/data_store.go
///
/// The real one iterates Go maps, so that it hands addresses out in any order; ours does in a fixed one: ENIs
/// by device number, the addresses of an ENI as EC2 gave them, in a prefix as the real one.
class IpamdPool {
 public:
  struct Owner {
    SandboxId container_id;
    SharedText pod_namespace;
    SharedText pod_name;
  };
  /// An address that a pod has, or had.
  struct Lease {
    Ipv4Address address;
    std::optional<Owner> owner;
    Nanoseconds assigned;
    std::optional<Nanoseconds> unassigned;
  };
  /// A secondary address (/32) or a delegated prefix (/28).
  struct Cidr {
    Prefix prefix;
    [[nodiscard]] bool is_prefix() const { return prefix.length() != 32; }
    [[nodiscard]] std::uint32_t size() const { return is_prefix() ? 16 : 1; }
  };
  struct PooledEni {
    EniId eni;
    std::string resource_id;  // "eni-0..."
    std::uint32_t device = 0;
    Nanoseconds created;  // when ipamd learnt of it
    std::vector<Cidr> cidrs;
    std::vector<Lease> leases;  // by address; of all the CIDRs: addresses never handed out have none
    [[nodiscard]] std::span<const Lease> leases_of(const Cidr& cidr) const;
    [[nodiscard]] std::uint32_t assigned(const Cidr& cidr) const;
    [[nodiscard]] std::uint32_t assigned() const;
    [[nodiscard]] bool is_primary() const { return device == 0; }
  };
  struct Stats {
    std::uint32_t total = 0;
    std::uint32_t prefixes = 0;
    std::uint32_t assigned = 0;
    std::uint32_t cooldown = 0;
    /// Those in cooldown count.
    [[nodiscard]] std::uint32_t available() const { return total - assigned; }
  };
  struct Assignment {
    Ipv4Address address;
    std::uint32_t device = 0;
    EniId eni;
    Prefix cidr;
    std::string owner_id;       // of the pool's ENI: "eni-0..."
    bool is_duplicate = false;  // the container had it already
  };

  /// Which kind of address is handed out and counted: single ones, or those of prefixes. The other kind, left
  /// from before a change, is kept for the pods that have it.
  void use_prefixes(bool on) { uses_prefixes_ = on; }
  [[nodiscard]] bool uses_prefixes() const { return uses_prefixes_; }
  void change_cooldown(Nanoseconds period) { cooldown_ = period; }
  [[nodiscard]] Nanoseconds cooldown() const { return cooldown_; }

  /// False: it is there already.
  bool add_eni(EniId eni, std::string resource_id, std::uint32_t device, Nanoseconds now);
  void remove_eni(EniId eni);
  bool add_cidr(EniId eni, Prefix cidr);
  /// Only one that no pod has.
  void remove_cidr(EniId eni, Prefix cidr);

  /// The container's own address when it has one. None: no address is free and out of cooldown.
  [[nodiscard]] std::optional<Assignment> assign(const Owner& owner, Nanoseconds now);
  /// This very address, which the pool may not know yet: pods that the scenario pins.
  Assignment adopt(const Owner& owner, EniId eni, Ipv4Address address, Nanoseconds now);
  /// None: nobody knows the container.
  [[nodiscard]] std::optional<Assignment> unassign(const SandboxId& container_id, Nanoseconds now);
  [[nodiscard]] std::optional<Assignment> find(const SandboxId& container_id) const;

  [[nodiscard]] Stats stats(Nanoseconds now) const;
  /// Over both kinds, as introspection has it.
  [[nodiscard]] std::uint32_t total() const;
  [[nodiscard]] std::uint32_t assigned() const;
  [[nodiscard]] std::uint32_t free_prefixes() const;
  /// Of an ENI, those that no pod has: what may be given back to EC2.
  [[nodiscard]] std::vector<Prefix> freeable(EniId eni) const;
  /// Targets of the environment; 0: not set.
  struct Targets {
    std::uint32_t warm_addresses = 0;
    std::uint32_t minimum_addresses = 0;
    std::uint32_t warm_prefixes = 0;
  };
  /// Why an ENI must stay; empty: it may go. getDeletableENI()
  [[nodiscard]] std::string why_kept(const PooledEni& eni, const Targets& targets, Nanoseconds now) const;
  /// A secondary one without pods. CheckFreeableENIexists()
  [[nodiscard]] bool has_idle_eni() const;

  /// By device number.
  [[nodiscard]] const std::vector<PooledEni>& enis() const { return enis_; }
  [[nodiscard]] const PooledEni* eni(EniId id) const;

 private:
  [[nodiscard]] bool counts(const Cidr& cidr) const { return cidr.is_prefix() == uses_prefixes_; }
  [[nodiscard]] bool is_cooling(const Lease& lease, Nanoseconds now) const {
    return !lease.owner && lease.unassigned && now - *lease.unassigned <= cooldown_;
  }
  [[nodiscard]] std::optional<Ipv4Address> unused_address(PooledEni& eni, const Cidr& cidr,
                                                          Nanoseconds now) const;
  static Lease& lease_of(PooledEni& eni, Ipv4Address address);
  [[nodiscard]] static Assignment assignment(const PooledEni& eni, Ipv4Address address);
  PooledEni* find_eni(EniId id);

  bool uses_prefixes_ = false;
  Nanoseconds cooldown_ = Nanoseconds(30'000'000'000);
  std::vector<PooledEni> enis_;
};

}  // namespace ekspath
