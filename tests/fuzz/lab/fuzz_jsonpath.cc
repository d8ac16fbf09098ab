#include <cstdint>
#include <string>

#include "sim/base/assert.hh"
#include "sim/lab/commands/kubectl_jsonpath.hh"

using namespace ekspath;

/// Any text as a template of `kubectl get -o jsonpath=`: it finds something, finds nothing, or says why not.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Document pods = Document::parse(
      R"({"items":[{"a":{"b":[1,2,3]},"name":"x","ready":true},{"a":{},"name":"y","none":null}],"kind":"List"})");
  // Each range may repeat what is in it: deep nests of them only cost time.
  if (size > 96) return 0;
  std::string error;
  const auto path = JsonPath::parse(std::string(data, data + size), error);
  ASSERT(path.has_value() == error.empty());
  if (path) (void)jsonpath_text(path->find(pods));
  return 0;
}
