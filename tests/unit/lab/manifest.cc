#include "sim/lab/manifest.hh"

#include <doctest/doctest.h>

using namespace ekspath;

namespace {

std::vector<ManifestDocument> parsed(const std::string& text) {
  Diagnostics diagnostics;
  auto documents = parse_manifest(text, "web.yaml", diagnostics);
  CHECK(diagnostics.text() == "");
  return documents;
}

}  // namespace

TEST_CASE("a manifest has as many objects as it has documents; empty ones are none, a List is its items") {
  const auto documents = parsed(
      "# a comment\n---\nkind: Pod\n---\n---\nkind: List\nitems:\n- kind: Service\n- kind: ConfigMap\n---\n");
  REQUIRE(documents.size() == 3);
  CHECK(documents[0].document == Document{{"kind", "Pod"}});
  CHECK(documents[1].document["kind"] == "Service");
  CHECK(documents[2].document["kind"] == "ConfigMap");
  CHECK(parsed("").empty());
}

TEST_CASE("plain scalars are what sigs.k8s.io/yaml makes of them") {
  const auto documents = parsed(
      "a: yes\nb: off\nc: 0x1f\nd: 010\ne: 1_000\nf: 1.5\ng: 1e3\nh: ~\ni: 80:80\nj: '5'\nk: 10.0.0.1\nl: "
      "-3\nm: 100m\n"
      "n: [y, 2026-01-01]\n");
  REQUIRE(documents.size() == 1);
  CHECK(documents[0].document.dump() ==
        R"({"a":true,"b":false,"c":31,"d":8,"e":1000,"f":1.5,"g":1000.0,"h":null,"i":"80:80","j":"5",)"
        R"("k":"10.0.0.1","l":-3,"m":"100m","n":[true,"2026-01-01"]})");
}

TEST_CASE("a manifest that is no YAML, or no object, is reported with its place") {
  Diagnostics diagnostics;
  CHECK(parse_manifest("kind: Pod\n---\n- a\n", "web.yaml", diagnostics).size() == 1);
  CHECK(diagnostics.text().starts_with("web.yaml:3:1: a list as a manifest; expected an object"));
  Diagnostics broken;
  CHECK(parse_manifest("kind: Pod\n---\na: [\n", "web.yaml", broken).size() == 1);
  CHECK(broken.text().find("this is not YAML") != std::string::npos);
}

TEST_CASE("a field that the API server names is found in the file") {
  const auto documents = parsed("kind: Pod\nspec:\n  containers:\n  - name: web\n    image: nginx\n");
  REQUIRE(documents.size() == 1);
  const Location image = place_of_field(documents[0].tree, "spec.containers[0].image");
  CHECK(image.line == 5);
  CHECK(image.column == 5);
  CHECK(place_of_field(documents[0].tree, "spec.containers[0].ports").line == 4);
  CHECK(place_of_field(documents[0].tree, "metadata.name").line == 1);
}
