#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "sim/linux/netfilter/extension.hh"
#include "tests/unit/linux/netfilter/random_rules.hh"
#include "tests/unit/linux/netfilter/rule_host.hh"

namespace ekspath {
namespace {

constexpr std::string_view with_counters[]{"-c"};

/// The output of a shell line; "" where it cannot run.
std::string shell(const std::string& line) {
  std::string out;
  FILE* pipe = popen(line.c_str(), "r");  // the test's own namespace, made by unshare
  if (pipe == nullptr) return out;
  char buffer[4096];
  while (const std::size_t n = std::fread(buffer, 1, sizeof buffer, pipe)) out.append(buffer, n);
  pclose(pipe);
  return out;
}

bool real_iptables_runs() {
  return shell("unshare -n sh -c 'iptables -w -t nat -S >/dev/null && iptables -V' 2>/dev/null")
             .find("(nf_tables)") != std::string::npos;
}

/// What differs between the versions: iptables 1.8.9 lists protocols by number with -n (facts 4), and names
/// itself.
std::string as_1_8_8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n') + 1);
    text.remove_prefix(line.size());
    if (line.starts_with('#')) continue;
    // "target S%-4s opt": the number stands in front of " -- ", " -f " or " !f ".
    std::size_t opt = std::string_view::npos;
    for (const std::string_view word : {" -- ", " -f ", " !f "}) opt = std::min(opt, line.find(word));
    std::size_t begin = opt == std::string_view::npos || opt < 4 ? std::string_view::npos : opt - 4;
    if (begin == std::string_view::npos) {
      out += line;
      continue;
    }
    const std::string_view field = line.substr(begin, 4);
    const auto number = parse_number(field.substr(0, field.find(' ')), 255);
    out += line.substr(0, begin);
    const std::string_view name =
        number ? protocol_name(static_cast<std::uint8_t>(*number)) : std::string_view();
    std::string cell(name.empty() ? field : name);
    cell.resize(std::max<std::size_t>(cell.size(), 4), ' ');
    out += cell;
    out += line.substr(opt);
  }
  return out;
}

struct Question {
  std::string_view real;
  std::string_view ours;
};
constexpr Question questions[]{
    {"iptables -S -v", "-S -v"},
    {"iptables -L -n -v", "-L -n -v"},
    {"iptables -t mangle -S", "-t mangle -S"},
    {"iptables -t mangle -L -n -v -x --line-numbers", "-t mangle -L -n -v -x --line-numbers"},
    {"iptables -t nat -S", "-t nat -S"},
    {"iptables -t nat -L -n", "-t nat -L -n"},
    {"iptables -t raw -L -n -v", "-t raw -L -n -v"},
};

/// The real tool's answers to the same questions about the same text, each behind a line "== ".
std::string real_answers(const std::string& rules) {
  const auto path = std::filesystem::temp_directory_path() / ("ekspath-rules-" + std::to_string(getpid()));
  std::ofstream(path) << rules;
  std::string script =
      "iptables-restore -c < " + path.string() + " || echo REFUSED; echo '== save'; iptables-save -c";
  for (const Question& question : questions) script += "; echo '== '; " + std::string(question.real);
  std::string out = shell("unshare -n sh -c \"" + script + "\" 2>&1");
  std::filesystem::remove(path);
  return out;
}

std::string our_answers(RuleHost& host) {
  std::string out = "== save\n" + host.saved(true);
  for (const Question& question : questions) out += "== \n" + host.run(question.ours);
  return out;
}

}  // namespace

TEST_CASE("what is printed of random rules reads back as the same rules") {
  Random random(7, "rules", "round trip");
  for (int round = 0; round < 100; ++round) {
    RuleHost host;
    const std::string text = random_rules(random);
    const CommandResult loaded = iptables_restore(host.netns, text, with_counters);
    INFO(text);
    CHECK(loaded.err == "");
    const std::string saved = host.saved(true);
    RuleHost other;
    CHECK(iptables_restore(other.netns, saved, with_counters).err == "");
    CHECK(other.saved(true) == saved);
    CHECK(other.run("-L -n -v") == host.run("-L -n -v"));
  }
}

TEST_CASE("the installed iptables prints random rules as we do") {
  if (!real_iptables_runs()) {
    MESSAGE("skipped: needs root, unshare and iptables (nf_tables)");
    return;
  }
  Random random(11, "rules", "real iptables");
  for (int round = 0; round < 12; ++round) {
    const std::string text = random_rules(random);
    INFO(text);
    RuleHost host;
    CHECK(iptables_restore(host.netns, text, with_counters).err == "");
    const std::string ours = our_answers(host);
    CHECK(as_1_8_8(real_answers(text)) == ours);
    // Our own text, loaded into the real one, is what ours is.
    CHECK(as_1_8_8(real_answers(host.saved(true))) == ours);
  }
}

}  // namespace ekspath
