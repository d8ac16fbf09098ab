// What `kubectl describe` prints, word for word as kubectl 1.31.9 printed it of the same objects.
#include "sim/lab/commands/kubectl_describe.hh"

#include "sim/base/shell_words.hh"
#include "tests/unit/lab/commands/kubectl_recording.hh"

using namespace ekspath;

TEST_CASE("every description is the one that kubectl 1.31.9 printed of the same object") {
  const RecordedCluster cluster;
  const auto commands = recorded_commands("describe.txt");
  REQUIRE(commands.size() == 26);
  for (const RecordedCommand& command : commands) {
    CAPTURE(command.line);
    std::vector<std::string> words = shell_words(command.line).value();
    std::string name_space = "default";
    const auto option = std::ranges::find(words, "-n");
    if (option != words.end()) {
      name_space = *(option + 1);
      words.erase(option, option + 2);
    }
    REQUIRE(words.size() == 4);
    const ObjectKind kind = parse_resource(words[2]).value();
    const Document object = cluster.object(kind, info(kind).namespaced ? name_space : "", words[3]);
    CHECK(describe_object(cluster, kind, object) == command.text);
  }
}

TEST_CASE("a kind without a form of its own is described field by field") {
  const RecordedCluster cluster;
  const Document eni = Document::parse(
      R"({"apiVersion":"crd.k8s.amazonaws.com/v1alpha1","kind":"ENIConfig","metadata":{"name":"us-west-2a","uid":"u"},
          "spec":{"securityGroups":["sg-1"],"subnet":"subnet-1"}})");
  CHECK(describe_object(cluster, ObjectKind::eni_config, eni) ==
        "Name:         us-west-2a\n"
        "Namespace:    \n"
        "Labels:       <none>\n"
        "Annotations:  <none>\n"
        "API Version:  crd.k8s.amazonaws.com/v1alpha1\n"
        "Kind:         ENIConfig\n"
        "Metadata:\n"
        "  UID:  u\n"
        "Spec:\n"
        "  Security Groups:\n"
        "    sg-1\n"
        "  Subnet:  subnet-1\n"
        "Events:    <none>\n");
}
