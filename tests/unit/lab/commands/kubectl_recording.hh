#pragma once

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "sim/eks/api/render.hh"
#include "sim/lab/commands/kubectl_describe.hh"

namespace ekspath {

inline std::string recorded_file(const std::string& name) {
  std::ifstream file("tests/unit/lab/commands/kubectl/" + name);
  REQUIRE(file.good());
  return {std::istreambuf_iterator<char>(file), {}};
}

/// kubectl/objects.json: the objects that a real kubectl 1.31.9 was shown by a server of HTTP responses when
/// it wrote the texts beside it. "@-90" there is the time 90 seconds before 2026-01-01T00:00:00Z, which is
/// now.
class RecordedCluster final : public ClusterReader {
 public:
  RecordedCluster() : objects_(Document::parse(recorded_file("objects.json"))) { date(objects_); }

  [[nodiscard]] std::vector<Document> list(ObjectKind kind, const std::string& name_space) const override {
    std::vector<Document> found;
    for (const Document& object : objects_) {
      if (text_at(object, {"kind"}) == info(kind).name &&
          (name_space.empty() || text_at(object, {"metadata", "namespace"}) == name_space))
        found.push_back(object);
    }
    return found;
  }
  [[nodiscard]] std::int64_t now_ns() const override { return 1'767'225'600'000'000'000; }

  [[nodiscard]] Document object(ObjectKind kind, const std::string& name_space,
                                const std::string& name) const {
    for (const Document& one : list(kind, name_space)) {
      if (text_at(one, {"metadata", "name"}) == name) return one;
    }
    FAIL("no object " << name);
    return {};
  }

 private:
  void date(Document& value) const {
    if (value.is_structured()) {
      for (Document& child : value) date(child);
    } else if (value.is_string() && value.get_ref<const std::string&>().starts_with("@-")) {
      const std::int64_t ago = std::stoll(value.get<std::string>().substr(2));
      value = api_time(Nanoseconds(now_ns() - ago * 1'000'000'000));
    }
  }

  Document objects_;
};

/// A text file of "$ COMMAND" lines, each followed by what it printed.
struct RecordedCommand {
  std::string line;
  std::string text;
};
inline std::vector<RecordedCommand> recorded_commands(const std::string& file) {
  std::vector<RecordedCommand> commands;
  const std::string all = recorded_file(file);
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = all.find('\n', at);
    const std::size_t next = std::min(all.find("\n$ kubectl", end), all.size() - 1) + 1;
    commands.push_back({all.substr(at + 2, end - at - 2), all.substr(end + 1, next - end - 1)});
    at = next;
  }
  return commands;
}

}  // namespace ekspath
