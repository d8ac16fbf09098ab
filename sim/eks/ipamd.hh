#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/apps/program.hh"
#include "sim/aws/instance_type.hh"
#include "sim/eks/agent_log.hh"
#include "sim/eks/ec2_delays.hh"
#include "sim/eks/ipamd_pool.hh"
#include "sim/eks/ipamd_settings.hh"
#include "sim/eks/node_ec2.hh"
#include "sim/eks/node_files.hh"
#include "sim/eks/pod_sandbox.hh"
#include "sim/eks/vpc_cni.hh"
#include "sim/engine/engine.hh"

namespace ekspath {

/// What custom networking takes from the node's ENIConfig instead of the primary ENI.
struct EniConfig {
  std::string name;  // of the object: "ap-northeast-2a"
  SubnetId subnet;
  std::vector<SecurityGroupId> security_groups;  // empty: the primary ENI's
};

/// Where an ipamd runs. All of it outlives the agent.
struct IpamdSite {
  Fabric& fabric;
  Netns& host;
  VpcCni& cni;
  NodeFiles& files;
  CniVersion version;
  SharedText instance_id;      // "i-0..."
  SharedText kubernetes_name;  // of the Node object
  const InstanceType& type;
  /// What is plugged in when it first starts, with device numbers; the primary first.
  std::vector<std::pair<EniId, std::uint32_t>> enis;
  SharedText cluster;          // for the tags of new ENIs
  std::uint32_t max_pods = 0;  // the node's capacity.pods
  std::optional<EniConfig> eni_config;
  /// The scenario placed pods or ENIs on this node by hand: the ENIs are as given, and ipamd leaves them so
  /// until a pod is added or removed in the run.
  bool is_furnished = false;
  Ec2Delays delays;
};

/// amazon-vpc-cni-k8s ipamd on one node: keeps the pool of addresses as warm as its targets say, and hands
/// them to the plugin. pkg/ipamd/ipamd.go; facts/vpc-cni.md 5. Writes /var/log/aws-routed-eni/ipamd.log.
///
/// Not modelled, and said so in docs/limitations.md: trunk and branch ENIs, EFA, several network cards, the
/// clean-up of leaked ENIs, the jitter of retries.
class Ipamd final : public Entity {
 public:
  Ipamd(Engine& engine, IpamdSite site);

  /// nodeInit() of a new process: programs the host by VpcCni::start(), reads EC2 and the state file
  /// (whatever pods have stays theirs), then fills the pool one step before it listens. Restarts are the
  /// same.
  void start(const CniEnvironment& environment);
  /// SIGTERM: nobody listens any more; what EC2 was asked for is not set up by this process.
  void stop();
  [[nodiscard]] bool is_listening() const { return listening_; }

  /// Before the world runs: the pool as ipamd's passes leave it, without the time that they take. Then the
  /// loop begins. Later calls do nothing.
  void settle();

  /// AddNetwork. The address and ENI, or the plugin's error: what follows "failed (add): " in the event.
  struct Reply {
    std::optional<IpamdPool::Assignment> assignment;
    std::string error;
  };
  /// Before settle() the pool grows at once as far as its rules let it. The same sandbox gets the same
  /// address.
  [[nodiscard]] Reply assign(const PodSandbox& sandbox);
  /// For a pod that the scenario pins: this address of this device, which the fabric gave to the ENI before.
  IpamdPool::Assignment adopt(const PodSandbox& sandbox, Ipv4Address address, std::uint32_t device);
  /// DelNetwork. None: unknown container, or nobody listens.
  std::optional<IpamdPool::Assignment> release(const PodSandbox& sandbox);

  /// The replies as protobuf prints them.
  [[nodiscard]] std::string reply_text(const IpamdPool::Assignment& assignment) const;
  [[nodiscard]] std::string release_text(const IpamdPool::Assignment& assignment) const;

  /// The taint node.kubernetes.io/unschedulable: no ENI comes or goes meanwhile.
  void mark_unschedulable(bool on) { unschedulable_ = on; }

  [[nodiscard]] const IpamdPool& pool() const { return pool_; }
  [[nodiscard]] const IpamdSettings& settings() const { return settings_; }
  /// `enis` follows what comes and goes.
  [[nodiscard]] const IpamdSite& site() const { return site_; }
  [[nodiscard]] bool uses_prefixes() const { return pool_.uses_prefixes(); }
  /// Limits as they stand after the environment's.
  [[nodiscard]] std::uint32_t most_enis() const;
  [[nodiscard]] std::uint32_t addresses_per_eni() const;

  void fire(const Event& event) override;

 private:
  enum EventKind : std::uint32_t {
    pool_pass,
    reconcile_pass,
    addresses_assigned,
    eni_created,
    eni_attached,
    eni_listed,
    cidrs_unassigned,
    eni_detached,
    eni_deleted,
  };

  /// What the pass at hand is about.
  struct Work {
    std::vector<EniId> candidates;  // with room for more addresses, not yet tried
    std::uint32_t wanted = 0;       // addresses or prefixes of the call under way
    bool single = false;            // it is the second try, for one
    EniId eni;                      // created, attached, detached
    std::uint32_t device = 0;
    bool is_plugged = false;
    std::vector<Prefix> cidrs;   // being given back
    std::uint32_t over = 0;      // how many are still to be given back
    std::uint32_t next_eni = 0;  // of the pool, to look at for that
    bool at_start = false;       // nodeInit()'s step, before anybody listens
  };

  // The loop. Each step ends by after(), or in the next function.
  void run_pass();
  void run_reconcile();
  void finish_growth();
  void finish_pass();
  void after(Nanoseconds delay, EventKind kind);
  void proceed(EventKind kind);

  // Growth (ipamd_growth.cc).
  void grow();
  void try_next_eni();
  void on_addresses_assigned();
  void on_assign_refused(const Ec2Error& error);
  void allocate_eni();
  void on_eni_created();
  void on_eni_attached();
  void on_eni_listed();
  void set_up(EniId eni, std::uint32_t device);
  void add_cidrs(EniId eni, const std::vector<Prefix>& cidrs);
  [[nodiscard]] std::uint32_t lowest_free_device() const;
  [[nodiscard]] std::uint32_t room_of(const IpamdPool::PooledEni& eni) const;

  // Shrinking (ipamd_shrink.cc).
  void shrink();
  void unassign_next();
  void on_cidrs_unassigned();
  void free_eni();
  void on_eni_detached();
  void on_eni_deleted();
  void drop_other_kind(EniId eni);

  // What the rules say of the pool as it is (ipamd_targets.cc).
  struct TargetState {
    std::uint32_t shortage = 0;  // addresses, or prefixes
    std::uint32_t surplus = 0;
    bool defined = false;
  };
  [[nodiscard]] TargetState target_state(const IpamdPool::Stats& stats) const;
  [[nodiscard]] bool is_too_low(const IpamdPool::Stats& stats);
  [[nodiscard]] bool is_too_high(const IpamdPool::Stats& stats);
  [[nodiscard]] bool has_surplus_enis();
  [[nodiscard]] std::uint32_t prefixes_needed();
  [[nodiscard]] bool has_room_for_eni() const;
  void log_pool(const LogCaller& caller);

  [[nodiscard]] IpamdPool::Stats stats() const { return pool_.stats(now()); }
  [[nodiscard]] bool is_settling() const { return settling_; }
  [[nodiscard]] bool may_provision() const;
  [[nodiscard]] std::vector<CniEni> attached_enis() const;
  [[nodiscard]] static IpamdPool::Owner owner_of(const PodSandbox& sandbox);
  [[nodiscard]] EniId primary() const { return site_.enis.front().first; }
  [[nodiscard]] const Eni& eni(EniId id) const { return site_.fabric.eni(id); }
  [[nodiscard]] Reply no_address();
  [[nodiscard]] std::string allocation_text(const IpamdPool::Assignment& assignment) const;
  void log_assignment(const IpamdPool::Assignment& assignment, const PodSandbox& sandbox);
  void run_passes_at_once();
  void listen();
  void read_ec2();
  void abandon_work();

  IpamdSite site_;
  NodeEc2 ec2_;
  AgentLog log_;
  IpamdSettings settings_;
  CniEnvironment environment_;
  IpamdPool pool_;
  Work work_;
  Nanoseconds last_pool_action_;
  std::optional<Nanoseconds> last_shrink_;
  std::optional<Nanoseconds> last_shortage_;
  std::unique_ptr<Program> introspection_;  // null while nobody listens
  bool listening_ = false;
  bool started_ = false;
  bool settled_ = false;
  bool settling_ = false;   // EC2 answers at once
  bool changed_ = false;    // by the pass at hand, while settling
  bool furnished_ = false;  // see IpamdSite
  bool unschedulable_ = false;
  std::uint32_t process_ = 0;  // counts starts and stops: events of an older process are void
};

}  // namespace ekspath
