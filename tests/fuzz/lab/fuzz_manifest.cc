#include <cstdint>
#include <string>

#include "sim/eks/api/decode.hh"
#include "sim/lab/commands/kubectl_yaml.hh"
#include "sim/lab/manifest.hh"

using namespace ekspath;

/// Any text as a manifest: its objects are decoded, or refused with a reason, and what was read is YAML
/// again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Diagnostics diagnostics;
  for (const ManifestDocument& one :
       parse_manifest(std::string(data, data + size), "fuzz.yaml", diagnostics)) {
    (void)yaml_text(one.document);
    std::string error;
    if (!kind_of(one.document, error)) continue;
    const DecodedObject decoded = decode_object(one.document);
    if (decoded.object) continue;
    for (const FieldError& mistake : decoded.errors) (void)place_of_field(one.tree, mistake.path);
    (void)decoded.error().text();
  }
  return 0;
}
