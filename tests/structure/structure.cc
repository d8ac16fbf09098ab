// Reads the tree and prints, as file:line: what is wrong, whatever breaks the table of floors or the rules of
// determinism.
//   test_structure ROOT          exit status 1 when something was found
//   test_structure --self-test   shows to each rule a line that breaks it, and one that does not
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct Floor {
  std::string_view folder;
  std::vector<std::string_view> may_include;  // itself apart
};

// docs/architecture.md. The longest folder that a path begins with is its floor.
const std::vector<Floor> floors{
    {"sim/base/", {}},
    {"sim/engine/", {"sim/base/"}},
    {"sim/packet/", {"sim/base/"}},
    {"sim/linux/", {"sim/base/", "sim/engine/", "sim/packet/"}},
    {"sim/apps/", {"sim/base/", "sim/engine/", "sim/packet/", "sim/linux/"}},
    {"sim/aws/", {"sim/base/", "sim/engine/", "sim/packet/"}},
    {"sim/eks/", {"sim/base/", "sim/engine/", "sim/linux/", "sim/apps/", "sim/aws/"}},
    {"sim/lab/", {"sim/"}},
    {"pcap/", {"sim/base/", "sim/packet/"}},
    {"tools/", {"sim/", "pcap/"}},
    {"tests/", {"sim/", "pcap/", "tools/"}},
};

// Libraries that one floor alone may know, or some.
struct Library {
  std::string_view header;  // what an include begins with
  std::vector<std::string_view> floors;
};
const std::vector<Library> libraries{
    {"yaml-cpp/", {"sim/lab/"}},
    {"pcap.h", {"pcap/"}},
    {"pcap/pcap.h", {"pcap/"}},
    {"CLI/", {"tools/"}},
    {"boost/asio", {"sim/apps/", "sim/lab/"}},
    {"boost/graph", {"sim/aws/", "sim/lab/", "tools/"}},
};

struct Rule {
  std::regex pattern;
  std::string_view why;
  std::vector<std::string_view> folders;  // where it holds
  bool headers_only = false;
  std::string_view breaks, keeps;  // for the self-test
};

const std::vector<Rule> rules{
    {std::regex(R"(\busing\s+namespace\b)"),
     "'using namespace' in a header reaches whoever includes it",
     {"sim/", "pcap/", "tools/", "tests/"},
     true,
     "using namespace std;",
     "using std::vector;"},
    {std::regex(R"(\bstd::hash\b)"),
     "std::hash differs between libraries: write the hash",
     {"sim/", "pcap/"},
     false,
     "std::hash<int>",
     "TupleHash hash;"},
    {std::regex(R"(\bstd::unordered_)"),
     "unordered containers of std iterate as their library likes, and are slow: boost::unordered_flat_map "
     "for look-up, vectors for order",
     {"sim/"},
     false,
     "std::unordered_map<int, int>",
     "boost::unordered_flat_map<int, int>"},
    {std::regex(
         R"(#\s*include\s*<random>|\bstd::(mt19937|uniform_int_distribution|random_device)|\bs?rand\s*\()"),
     "chance comes from a stream of sim/engine/random.hh",
     {"sim/", "pcap/"},
     false,
     "int x = rand();",
     "operand(x);"},
    {std::regex(
         R"(\b(steady_clock|system_clock|high_resolution_clock)\b|\b(clock_gettime|gettimeofday)\b|\bstd::time\b|[^\w.>:]time\s*\(\s*(0|NULL|nullptr|&))"),
     "time comes from the engine; the host's clock is unknown here",
     {"sim/"},
     false,
     "auto t = time(nullptr);",
     "event.time(now);"},
    {std::regex(R"(\bshared_ptr\b)"),
     "the world owns entities, others hold ids: no shared_ptr on the packet's floors",
     {"sim/base/", "sim/engine/", "sim/packet/", "sim/linux/", "sim/aws/"},
     false,
     "std::shared_ptr<Node> node;",
     "std::unique_ptr<Node> node;"},
    {std::regex(R"(\bthread_local\b|\bstd::(thread|async|mutex)\b)"),
     "a run is one thread: no thread, lock or thread-local in the simulation",
     {"sim/"},
     false,
     "thread_local int x;",
     "int thread_count;"},
    {std::regex(R"(\b(std::function)\b)"),
     "std::function allocates and hides its target: none on the packet's floors",
     {"sim/engine/", "sim/packet/"},
     false,
     "std::function<void()> f;",
     "Receiver<Frame>* far;"},
};

bool begins_with_any(std::string_view path, const std::vector<std::string_view>& folders) {
  return std::ranges::any_of(folders, [path](std::string_view folder) { return path.starts_with(folder); });
}

const Floor* floor_of(std::string_view path) {
  const auto found =
      std::ranges::find_if(floors, [path](const Floor& floor) { return path.starts_with(floor.folder); });
  return found == floors.end() ? nullptr : &*found;
}

using Findings = std::vector<std::string>;

/// The lines without what stands in comments and, but for includes, in string literals; the numbering stays.
std::vector<std::string> code_lines(std::string_view text) {
  std::vector<std::string> lines(1);
  enum class Inside { code, line_comment, block_comment, literal, character, raw } inside = Inside::code;
  std::string raw_end;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (c == '\n') {
      if (inside == Inside::line_comment) inside = Inside::code;
      lines.emplace_back();
      continue;
    }
    std::string& line = lines.back();
    switch (inside) {
      case Inside::code:
        if (c == '/' && next == '/')
          inside = Inside::line_comment;
        else if (c == '/' && next == '*')
          inside = Inside::block_comment;
        else if (c == 'R' && next == '"') {
          const std::size_t open = text.find('(', i);
          raw_end = ")" + std::string(text.substr(i + 2, open - i - 2)) + "\"";
          inside = Inside::raw;
          i = open;
        } else if (c == '"' && !line.starts_with("#include"))
          inside = Inside::literal;
        else if (c == '\'' && !(!line.empty() && std::isxdigit(static_cast<unsigned char>(line.back()))))
          inside = Inside::character;
        else
          line += c;
        break;
      case Inside::block_comment:
        if (c == '*' && next == '/') {
          inside = Inside::code;
          ++i;
        }
        break;
      case Inside::literal:
      case Inside::character:
        if (c == '\\')
          ++i;
        else if (c == (inside == Inside::literal ? '"' : '\''))
          inside = Inside::code;
        break;
      case Inside::raw:
        if (text.substr(i).starts_with(raw_end)) {
          i += raw_end.size() - 1;
          inside = Inside::code;
        }
        break;
      case Inside::line_comment:
        break;
    }
  }
  return lines;
}

void check_include(std::string_view path, std::size_t number, const std::string& line, Findings& findings) {
  static const std::regex include(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])");
  std::smatch match;
  if (!std::regex_search(line, match, include)) return;
  const std::string target = match[2];
  const Floor* own = floor_of(path);
  if (match[1] == "\"") {
    const Floor* other = floor_of(target);
    if (target.find("..") != std::string::npos || other == nullptr) {
      findings.push_back(fmt::format("{}:{}: include \"{}\": written from the repository's root, of a floor",
                                     path, number, target));
    } else if (own != nullptr && other != own && !begins_with_any(target, own->may_include)) {
      findings.push_back(fmt::format("{}:{}: {} may not include {} (\"{}\")", path, number, own->folder,
                                     other->folder, target));
    }
    return;
  }
  for (const Library& library : libraries) {
    if (!target.starts_with(library.header)) continue;
    if (begins_with_any(path, library.floors) || path.starts_with("tests/")) continue;
    findings.push_back(
        fmt::format("{}:{}: <{}> belongs to {}", path, number, target, fmt::join(library.floors, ", ")));
  }
}

void check_name(std::string_view path, Findings& findings) {
  static const std::regex snake_case(R"([a-z0-9]+(_[a-z0-9]+)*(\.[a-z0-9]+)*)");
  static const std::array<std::string_view, 6> nameless{"utils",  "util",    "common",
                                                        "helper", "helpers", "manager"};
  std::size_t start = 0;
  while (start <= path.size()) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::string part(path.substr(start, end - start));
    if (!std::regex_match(part, snake_case))
      findings.push_back(fmt::format("{}:1: '{}' is not snake_case", path, part));
    const std::string stem = part.substr(0, part.find('.'));
    for (const std::string_view word : nameless) {
      if (stem == word || stem.ends_with(fmt::format("_{}", word))) {
        findings.push_back(fmt::format(
            "{}:1: '{}' says nothing: a thing without a name of its own has no place yet", path, part));
      }
    }
    start = end + 1;
  }
}

/// Where each type of a named namespace is defined. Two of one name are one type to the linker, which keeps
/// one of their inline functions and says nothing ([basic.def.odr]).
using Definitions = std::map<std::string, std::string>;

void check_definitions(std::string_view path, const std::vector<std::string>& lines, Definitions& definitions,
                       Findings& findings) {
  static const std::regex definition(
      R"(^(?:struct|class|union|enum class|enum)\s+(?:alignas\(\w+\)\s+)?(\w+)(?:\s+final)?\s*(?::(?!:).*)?(\{.*)?$)");
  bool unnamed = false;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].starts_with("namespace {")) unnamed = true;
    if (unnamed && lines[i].starts_with("}") && lines[i].find(';') == std::string::npos &&
        (i + 1 == lines.size() || lines[i + 1].empty()) && i > 0 && lines[i - 1].empty())
      unnamed = false;
    std::smatch match;
    if (unnamed || !std::regex_match(lines[i], match, definition) || lines[i].ends_with(";")) continue;
    const std::string here = fmt::format("{}:{}", path, i + 1);
    const auto [known, fresh] = definitions.emplace(match[1], here);
    if (!fresh)
      findings.push_back(
          fmt::format("{}: a second type called {}, after {}", here, known->first, known->second));
  }
}

Findings check_file(std::string_view path, std::string_view text, Definitions& definitions) {
  Findings findings;
  const bool header = path.ends_with(".hh");
  check_name(path, findings);
  const std::vector<std::string> lines = code_lines(text);
  if (header && std::ranges::find(lines, "#pragma once") == lines.end()) {
    findings.push_back(fmt::format("{}:1: a header without #pragma once", path));
  }
  check_definitions(path, lines, definitions, findings);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    check_include(path, i + 1, lines[i], findings);
    for (const Rule& rule : rules) {
      if ((rule.headers_only && !header) || !begins_with_any(path, rule.folders)) continue;
      if (std::regex_search(lines[i], rule.pattern))
        findings.push_back(fmt::format("{}:{}: {}", path, i + 1, rule.why));
    }
  }
  return findings;
}

int check_tree(const std::filesystem::path& root) {
  std::vector<std::string> paths;
  for (const char* top : {"sim", "pcap", "tools", "tests"}) {
    if (!std::filesystem::exists(root / top)) continue;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / top)) {
      const std::string extension = entry.path().extension().string();
      if (!entry.is_regular_file()) continue;
      if (extension == ".cc" || extension == ".hh") {
        paths.push_back(std::filesystem::relative(entry.path(), root).string());
      } else if (extension == ".cpp" || extension == ".h" || extension == ".hpp" || extension == ".cxx") {
        fmt::print("{}:1: C++ files end in .cc and .hh\n",
                   std::filesystem::relative(entry.path(), root).string());
        return 1;
      }
    }
  }
  std::ranges::sort(paths);
  std::size_t found = 0;
  Definitions definitions;
  for (const std::string& path : paths) {
    std::ifstream in(root / path, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    for (const std::string& finding : check_file(path, text, definitions)) {
      fmt::print("{}\n", finding);
      ++found;
    }
  }
  fmt::print("{} files read, {} faults\n", paths.size(), found);
  if (paths.size() < 20) {
    fmt::print("{} does not look like the repository\n", root.string());
    return 1;
  }
  return found == 0 ? 0 : 1;
}

Findings findings_of(std::string_view path, std::string_view text) {
  Definitions definitions;
  return check_file(path, text, definitions);
}

struct Example {
  std::string_view path, text;
  std::size_t findings;
};

int self_test() {
  const std::vector<Example> examples{
      {"sim/linux/fib.hh", "#pragma once\n#include \"sim/packet/tuple.hh\"\n", 0},
      {"sim/linux/fib.hh", "#include \"sim/packet/tuple.hh\"\n", 1},
      {"sim/linux/fib.hh", "// #pragma once\n", 1},
      {"sim/linux/fib.cc", "#include \"sim/aws/vpc.hh\"\n", 1},
      {"sim/aws/vpc.cc", "#include \"sim/linux/netns.hh\"\n", 1},
      {"sim/packet/parse.cc", "#include \"sim/engine/engine.hh\"\n", 1},
      {"sim/eks/node.cc", "#include \"sim/packet/packet.hh\"\n", 1},
      {"sim/lab/world.cc", "#include \"sim/eks/node.hh\"\n#include \"sim/linux/netns.hh\"\n", 0},
      {"sim/lab/world.cc", "#include \"pcap/pcap_file.hh\"\n", 1},
      {"pcap/pcap_file.cc", "#include \"sim/engine/engine.hh\"\n", 1},
      {"tools/run.cc", "#include \"sim/lab/world.hh\"\n#include \"pcap/pcap_file.hh\"\n", 0},
      {"sim/linux/fib.cc", "#include \"../packet/tuple.hh\"\n", 1},
      {"sim/linux/fib.cc", "#include \"fib.hh\"\n", 1},
      {"sim/linux/fib.cc", "// #include \"sim/aws/vpc.hh\"\n/* std::hash */ auto s = \"std::hash\";\n", 0},
      {"sim/linux/fib.cc", "auto s = R\"(std::hash\nstd::hash)\"; int n = 1'000; std::hash<int> h;\n", 1},
      {"sim/linux/load.cc", "#include <yaml-cpp/yaml.h>\n", 1},
      {"sim/lab/load.cc", "#include <yaml-cpp/yaml.h>\n", 0},
      {"sim/linux/Fib.cc", "", 1},
      {"sim/linux/fib-table.cc", "", 1},
      {"sim/linux/utils.cc", "", 1},
      {"sim/linux/route_manager.cc", "", 1},
      {"sim/linux/fib.cc", "struct Route {\n};\nclass Route final : public Entity {\n};\n", 1},
      {"sim/linux/fib.cc", "struct Route {\n};\nstruct Route;\nclass Fib::Route {\n};\nRoute route();\n", 0},
      {"sim/linux/fib.cc", "struct Route {\n};\nnamespace {\n\nstruct Route {\n};\n\n}  // namespace\n", 0},
  };
  int wrong = 0;
  for (const Example& example : examples) {
    const std::size_t found = findings_of(example.path, example.text).size();
    if (found == example.findings) continue;
    fmt::print("{} with {}: {} findings instead of {}\n", example.path, example.text, found,
               example.findings);
    ++wrong;
  }
  for (const Rule& rule : rules) {
    const std::string path = fmt::format("{}x.hh", rule.folders.front());
    if (findings_of(path, fmt::format("#pragma once\n{}\n", rule.breaks)).size() != 1) {
      fmt::print("not caught: {}\n", rule.breaks);
      ++wrong;
    }
    if (!findings_of(path, fmt::format("#pragma once\n{}\n", rule.keeps)).empty()) {
      fmt::print("refused without cause: {}\n", rule.keeps);
      ++wrong;
    }
  }
  fmt::print("{} examples and {} rules tried, {} wrong\n", examples.size(), rules.size(), wrong);
  return wrong == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: test_structure ROOT | --self-test\n");
    return 2;
  }
  return std::string_view(argv[1]) == "--self-test" ? self_test() : check_tree(argv[1]);
}
