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

}  // namespace ekspath
