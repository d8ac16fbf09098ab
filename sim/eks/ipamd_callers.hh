#pragma once

#include "sim/eks/agent_log.hh"

/// The places that ipamd.log names: for each function that logs, the line that calls it.
namespace ekspath::ipamd_caller {

constexpr LogCaller main_start{"aws-k8s-agent/main.go:50", "aws-k8s-agent/main.go:52"};
constexpr LogCaller new_ipamd{"aws-k8s-agent/main.go:134", "aws-k8s-agent/main.go:148"};
constexpr LogCaller node_init{"ipamd/ipamd.go:401", "ipamd/ipamd.go:448"};
constexpr LogCaller discovered_eni{"ipamd/ipamd.go:464", "ipamd/ipamd.go:536"};
constexpr LogCaller manager{"runtime/asm_amd64.s:1700", "runtime/asm_amd64.s:1700"};
constexpr LogCaller serving_rpc{"aws-k8s-agent/main.go:159", "aws-k8s-agent/main.go:184"};
// StartNodeIPPoolManager()
constexpr LogCaller update_pool{"ipamd/ipamd.go:688", "ipamd/ipamd.go:785"};
constexpr LogCaller reconcile{"ipamd/ipamd.go:691", "ipamd/ipamd.go:788"};
constexpr LogCaller reconcile_addresses{"ipamd/ipamd.go:1430", "ipamd/ipamd.go:1647"};
constexpr LogCaller reconcile_pool_stats{"ipamd/ipamd.go:1479", "ipamd/ipamd.go:1696"};
// updateIPPoolIfRequired()
constexpr LogCaller too_low{"ipamd/ipamd.go:701", "ipamd/ipamd.go:799"};
constexpr LogCaller increase{"ipamd/ipamd.go:706", "ipamd/ipamd.go:803"};
constexpr LogCaller too_high{"ipamd/ipamd.go:707", "ipamd/ipamd.go:804"};
constexpr LogCaller decrease{"ipamd/ipamd.go:708", "ipamd/ipamd.go:806"};
constexpr LogCaller surplus_enis{"ipamd/ipamd.go:710", "ipamd/ipamd.go:808"};
constexpr LogCaller free_eni{"ipamd/ipamd.go:711", "ipamd/ipamd.go:809"};
constexpr LogCaller too_low_stats{"ipamd/ipamd.go:2271", "ipamd/ipamd.go:2640"};
// increaseDatastorePool() and below
constexpr LogCaller assign_addresses{"ipamd/ipamd.go:931", "ipamd/ipamd.go:1104"};
constexpr LogCaller assign_prefixes{"ipamd/ipamd.go:929", "ipamd/ipamd.go:1102"};
constexpr LogCaller allocatable_enis{"ipamd/ipamd.go:952", "ipamd/ipamd.go:1124"};
constexpr LogCaller allocatable_enis_prefixes{"ipamd/ipamd.go:1044", "ipamd/ipamd.go:1216"};
constexpr LogCaller allocate_all{"ipamd/ipamd.go:958", "ipamd/ipamd.go:1130"};
constexpr LogCaller allocate_one{"ipamd/ipamd.go:962", "ipamd/ipamd.go:1134"};
constexpr LogCaller allocate_all_prefixes{"ipamd/ipamd.go:1048", "ipamd/ipamd.go:1220"};
constexpr LogCaller allocate_one_prefix{"ipamd/ipamd.go:1052", "ipamd/ipamd.go:1224"};
constexpr LogCaller prefixes_needed{"ipamd/ipamd.go:1041", "ipamd/ipamd.go:1213"};
constexpr LogCaller prefix_target{"ipamd/ipamd.go:2338", "ipamd/ipamd.go:2709"};
constexpr LogCaller add_cidr{"ipamd/ipamd.go:1148", "ipamd/ipamd.go:1345"};
constexpr LogCaller add_prefix{"ipamd/ipamd.go:1169", "ipamd/ipamd.go:1366"};
constexpr LogCaller added_stats{"ipamd/ipamd.go:1155", "ipamd/ipamd.go:1352"};
constexpr LogCaller action_stats{"ipamd/ipamd.go:868", "ipamd/ipamd.go:1042"};
constexpr LogCaller allocate_eni{"ipamd/ipamd.go:852", "ipamd/ipamd.go:993"};
constexpr LogCaller alloc_eni_call{"ipamd/ipamd.go:892", "ipamd/ipamd.go:1066"};
constexpr LogCaller wait_for_eni{"awsutils/awsutils.go:1809", "awsutils/awsutils.go:2199"};
constexpr LogCaller setup_eni{"ipamd/ipamd.go:913", "ipamd/ipamd.go:1086"};
constexpr LogCaller store_eni{"ipamd/ipamd.go:1092", "ipamd/ipamd.go:1278"};
// awsutils
constexpr LogCaller create_eni{"awsutils/awsutils.go:837", "awsutils/awsutils.go:1045"};
constexpr LogCaller try_create{"awsutils/awsutils.go:983", "awsutils/awsutils.go:1268"};
constexpr LogCaller try_create_custom{"awsutils/awsutils.go:959", "awsutils/awsutils.go:1216"};
constexpr LogCaller custom_config{"awsutils/awsutils.go:956", "awsutils/awsutils.go:1213"};
constexpr LogCaller free_eni_call{"awsutils/awsutils.go:1137", "awsutils/awsutils.go:1506"};
constexpr LogCaller delete_eni{"awsutils/awsutils.go:1184", "awsutils/awsutils.go:1552"};
constexpr LogCaller setup_network{"networkutils/network.go:1019", "networkutils/network.go:1030"};
// shrinking
constexpr LogCaller unassign_all{"ipamd/ipamd.go:729", "ipamd/ipamd.go:838"};
constexpr LogCaller remove_eni{"ipamd/ipamd.go:749", "ipamd/ipamd.go:863"};
constexpr LogCaller deletable_eni{"datastore/data_store.go:1002", "datastore/data_store.go:1148"};
constexpr LogCaller delete_cidr{"ipamd/ipamd.go:795", "ipamd/ipamd.go:917"};
constexpr LogCaller deallocate{"ipamd/ipamd.go:2325", "ipamd/ipamd.go:2696"};
constexpr LogCaller deallocate_prefixes{"ipamd/ipamd.go:2321", "ipamd/ipamd.go:2692"};
constexpr LogCaller decreased_stats{"ipamd/ipamd.go:734", "ipamd/ipamd.go:841"};
// RPC
constexpr LogCaller add_network{"rpc/rpc.pb.go:1105", "rpc/rpc_grpc.pb.go:117"};
constexpr LogCaller del_network{"rpc/rpc.pb.go:1123", "rpc/rpc_grpc.pb.go:135"};
constexpr LogCaller assign_ipv4{"datastore/data_store.go:607", "datastore/data_store.go:713"};
constexpr LogCaller free_from_cidr{"datastore/data_store.go:687", "datastore/data_store.go:806"};
constexpr LogCaller unused_address{"datastore/data_store.go:1287", "datastore/data_store.go:1469"};
constexpr LogCaller mark_assigned{"datastore/data_store.go:714", "datastore/data_store.go:838"};
constexpr LogCaller unassign{"ipamd/rpc_handler.go:262", "ipamd/rpc_handler.go:353"};
constexpr LogCaller mark_unassigned{"datastore/data_store.go:1108", "datastore/data_store.go:1262"};

}  // namespace ekspath::ipamd_caller
