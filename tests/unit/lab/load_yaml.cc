#include "sim/lab/load_yaml.hh"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace ekspath {
namespace {

std::string errors_of(const std::string& text, YamlLimits limits = {}) {
  Diagnostics diagnostics;
  const auto node = parse_yaml(text, "f.yaml", diagnostics, limits);
  CHECK((node.has_value() || !diagnostics.ok()));
  return diagnostics.text();
}

YamlNode parsed(const std::string& text) {
  Diagnostics diagnostics;
  auto node = parse_yaml(text, "f.yaml", diagnostics);
  REQUIRE(diagnostics.text() == "");
  return *node;
}

/// A folder of its own, gone with the test.
class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / ("ekspath-load-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return (path_ / name).string();
  }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

std::string errors_of_file(const std::string& path) {
  Diagnostics diagnostics;
  const auto text = read_text_file(path, "scenario", {path, 0, 0}, diagnostics);
  CHECK(text.has_value() == diagnostics.ok());
  return diagnostics.text();
}

TEST_CASE("lines and columns count from 1") {
  const YamlNode root = parsed("a: 1\nb:\n  - x\n  - {c: y}\n");
  CHECK(root.find("a")->where.line == 1);
  CHECK(root.find("a")->where.column == 4);
  const YamlNode& flow = root.find("b")->items[1];
  CHECK(flow.find("c")->where.line == 4);
  CHECK(flow.find("c")->where.column == 9);
  CHECK(flow.entries[0].where.column == 6);
}

TEST_CASE("a quoted scalar is text, a plain one is what it looks like") {
  const YamlNode root = parsed("[1, '1', -5, 1.5, true, \"true\", ~, null, text, 1.2.3.4, 0x10]");
  CHECK(root.items[0].is_integer());
  CHECK_FALSE(root.items[1].is_integer());
  CHECK(root.items[2].is_integer());
  CHECK((root.items[3].is_number() && !root.items[3].is_integer()));
  CHECK(root.items[4].is_boolean());
  CHECK_FALSE(root.items[5].is_boolean());
  CHECK(root.items[6].is_null());
  CHECK(root.items[7].is_null());
  CHECK_FALSE(root.items[9].is_number());
}

TEST_CASE("a duplicate key is found, which yaml-cpp lets pass") {
  CHECK(errors_of("a: 1\nb: 2\na: 3\n") ==
        "f.yaml:3:1: duplicate key 'a'; expected each key once; the first stands at line 1\n");
}

TEST_CASE("all duplicate keys of a file are found in one run") {
  const std::string text = errors_of("a: {x: 1, x: 2}\nb: {y: 1, y: 2}\n");
  CHECK(text.find("f.yaml:1:11: duplicate key 'x'") != std::string::npos);
  CHECK(text.find("f.yaml:2:11: duplicate key 'y'") != std::string::npos);
}

TEST_CASE("what is no YAML is refused with its place") {
  CHECK(errors_of("a: [1, 2\nb: }\n").starts_with("f.yaml:2:"));
  CHECK(errors_of("a: b: c\n").starts_with("f.yaml:1:"));
  CHECK(errors_of("\tx: 1\n").starts_with("f.yaml:1:3: this is not YAML"));
  CHECK(errors_of("a: *nobody\n").starts_with("f.yaml:1:4: this is not YAML"));
}

TEST_CASE("an alias stands for a copy") {
  const YamlNode root = parsed("a: &x {k: 1}\nb: *x\n");
  CHECK(root.find("b")->find("k")->text == "1");
  CHECK(root.find("b")->find("k")->where.line == 1);
}

TEST_CASE("anchors that explode are refused before they cost memory") {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 9; ++k) text += before + (k < 8 ? ", " : "]\n");
  }
  CHECK(errors_of(text).find("more than 1000000 YAML nodes (aliases counted where they stand)") !=
        std::string::npos);
}

TEST_CASE("an alias inside of what it stands for is refused") {
  CHECK(errors_of("a: &x [1, *x]\n") == "f.yaml:1:11: an alias inside of what it stands for\n");
}

TEST_CASE("what is nested too deeply is refused") {
  CHECK(errors_of(std::string(100'000, '[')).find("nested more than 64 deep") != std::string::npos);
  std::string block;
  for (int i = 0; i < 100; ++i) block += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  CHECK(errors_of(block).find("nested more than 64 deep") != std::string::npos);
}

TEST_CASE("tags, merge keys, keys that are no words and a second document are refused by name") {
  CHECK(errors_of("a: !!python/object x\n").find("the YAML tag") != std::string::npos);
  CHECK(errors_of("a: &x {k: 1}\nb: {<<: *x}\n").find("2:5: a merge key '<<'") != std::string::npos);
  CHECK(errors_of("{[1]: 2}\n") == "f.yaml:1:2: a list as a key; expected a word\n");
  CHECK(errors_of("a: 1\n---\nb: 2\n") ==
        "f.yaml:3:1: a second YAML document; expected one document a file\n");
}

TEST_CASE("a missing file, a directory and an unreadable one are told apart") {
  const Folder folder;
  CHECK(errors_of_file(folder.path() + "/none.yaml") ==
        folder.path() + "/none.yaml: no such scenario file\n");
  CHECK(errors_of_file(folder.path()) ==
        folder.path() + ": the scenario is a directory; expected a YAML file\n");
  if (::getuid() == 0) return;  // root reads everything
  const std::string secret = folder.file("secret.yaml", "a: 1");
  ::chmod(secret.c_str(), 0);
  CHECK(errors_of_file(secret) == secret + ": the scenario cannot be read: Permission denied\n");
}

TEST_CASE("a binary text is refused with the first byte that is no text") {
  const auto errors = [](const std::string& text) {
    Diagnostics diagnostics;
    CHECK_FALSE(parse_yaml(text, "x.yaml", diagnostics).has_value());
    CHECK(parse_yaml_documents(text, "x.yaml", diagnostics).empty());
    return diagnostics.text();
  };
  CHECK(errors(std::string("a: 1\nb: \x7f\x45LF", 12))
            .find("x.yaml:2:4: the byte 0x7f: this is no text file; expected YAML in UTF-8\n") == 0);
  CHECK(errors("a: \xe9t\xe9").find("1:4: the byte 0xe9") != std::string::npos);
  // RFC 3629, 4: overlong, a surrogate, beyond U+10FFFF
  for (const char* text :
       {"a: \xe0\x83\xa4", "a: \xf0\x83\x83\x83", "a: \xed\xa0\x80", "a: \xf4\x90\x80\x80"}) {
    CHECK(errors(text).find("x.yaml:1:4: the byte 0x") == 0);
  }
  Diagnostics diagnostics;
  CHECK(parse_yaml("a: \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "x.yaml", diagnostics).has_value());
}

TEST_CASE("a file of 100 MB is refused by its size") {
  const Folder folder;
  const std::string large = folder.file("large.yaml", "a: 1\n");
  std::filesystem::resize_file(large, 100U << 20U);
  CHECK(errors_of_file(large) == large + ": the scenario is too large: 100 MiB; expected at most 16 MiB\n");
}

TEST_CASE("a stream without an end is refused when it passes the limit") {
  CHECK(errors_of_file("/dev/zero") == "/dev/zero: the scenario is too large; expected at most 16 MiB\n");
}

}  // namespace
}  // namespace ekspath
