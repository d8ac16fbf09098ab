#include "sim/aws/local_services.hh"

namespace ekspath {

std::string_view to_string(LocalService service) {
  switch (service) {
    case LocalService::resolver:
      return "VPC resolver";
    case LocalService::metadata:
      return "instance metadata";
    case LocalService::time_sync:
      return "Amazon Time Sync";
  }
  return "?";
}

std::string_view unmodelled(LocalService service) {
  switch (service) {
    case LocalService::resolver:
      return "the VPC resolver is not modelled here";
    case LocalService::metadata:
      return "the instance metadata service is not modelled here";
    case LocalService::time_sync:
      return "Amazon Time Sync is not modelled here";
  }
  return "?";
}

}  // namespace ekspath
