#include <cstdint>
#include <string>

#include "sim/base/assert.hh"
#include "sim/lab/load_scenario.hh"

using namespace ekspath;

/// Any text as a scenario file: it is loaded, or there is a message; nothing in between. What was loaded
/// keeps what the world's builder relies on.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  // A path of /dev/zero for a manifest is a legal thing to name; here it would only cost time.
  if (text.find("manifests") != std::string::npos) return 0;
  Diagnostics diagnostics;
  const auto scenario = parse_scenario(text, "fuzz.yaml", {}, diagnostics);
  ASSERT(scenario.has_value() == diagnostics.ok());
  (void)diagnostics.text();
  if (!scenario || !scenario->cluster) return 0;
  for (const auto& pod : scenario->cluster->pods) ASSERT(scenario->node(*pod.node) != nullptr);
  for (const auto& node : scenario->cluster->nodes) ASSERT(scenario->subnet(node.subnet).first != nullptr);
  return 0;
}
