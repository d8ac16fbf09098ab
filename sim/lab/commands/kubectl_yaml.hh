#pragma once

#include <string>

#include "sim/lab/commands/kubectl_document.hh"

namespace ekspath {

/// A document as `kubectl get -o yaml` writes it (sigs.k8s.io/yaml goyaml.v2): names in order, lists not
/// indented under their name, long lines folded, strings quoted only where they would be read as something
/// else.
[[nodiscard]] std::string yaml_text(const Document& value);

}  // namespace ekspath
