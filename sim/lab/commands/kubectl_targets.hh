#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/eks/api/field_selector.hh"
#include "sim/eks/api/label_selector.hh"
#include "sim/eks/api/object_kind.hh"
#include "sim/lab/commands/kubectl_arguments.hh"
#include "sim/lab/commands/kubectl_describe.hh"

namespace ekspath {

/// What a kubectl command is about: the words `TYPE`, `TYPE NAME...`, `TYPE/NAME...`, `TYPE,TYPE NAME`, with
/// -l, --field-selector, -A and --all. k8s.io/cli-runtime pkg/resource/builder.go
struct KubectlTargets {
  struct Target {
    ObjectKind kind = ObjectKind::pod;
    std::string name;  // "": all that the selector takes
  };
  std::vector<Target> targets;
  std::string name_space;  // "": all of them
  LabelSelector selector;
  std::map<ObjectKind, FieldSelector> fields;  // --field-selector, as each kind reads it
  std::string error;  // "error: ..." without the newline, when the words make no sense
};

struct TargetRules {
  bool type_alone = false;   // a type without a name means all of it: get, describe
  std::string_view missing;  // the error of a command without any words; "": that of the builder
};

[[nodiscard]] KubectlTargets parse_targets(const std::vector<std::string>& words,
                                           const KubectlArguments& arguments, TargetRules rules);

/// An object that was asked for.
struct FoundObject {
  ObjectKind kind = ObjectKind::pod;
  Document object;
};

/// What there is of the targets, in their order.
struct KubectlFinds {
  /// Of one target, or of several of one kind in a row: what one table shows.
  struct Group {
    ObjectKind kind = ObjectKind::pod;
    std::vector<Document> objects;
    bool by_name = false;
  };
  std::vector<Group> groups;
  std::string errors;  // a line for each name that is not there

  [[nodiscard]] std::vector<FoundObject> all() const;
};
[[nodiscard]] KubectlFinds find_targets(const ClusterReader& reader, const KubectlTargets& targets);

/// "pod/web", "deployment.apps/web": how kubectl names an object.
[[nodiscard]] std::string object_label(ObjectKind kind, const Document& object);

}  // namespace ekspath
