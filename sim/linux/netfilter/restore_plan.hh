#pragma once
#include <string>
namespace ekspath {
struct RestorePlan {
  std::string text;
};
}  // namespace ekspath
