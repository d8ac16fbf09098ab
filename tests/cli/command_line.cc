// What is typed behind `ekspath`, and what comes back: texts for people, JSON for programs.
#include <nlohmann/json.hpp>
#include <regex>

#include "tests/cli/lab.hh"

namespace ekspath {
namespace {

TEST_CASE("--version and --help are printed with status 0, each subcommand has its own help") {
  const TerminalSession terminal = session();
  CHECK(std::regex_match(terminal.type("ekspath --version").out,
                         std::regex("ekspath [0-9]+\\.[0-9]+\\.[0-9]+\n")));
  const Ended help = terminal.type("ekspath --help");
  CHECK(help.status == 0);
  CHECK(help.err == "");
  for (const std::string command :
       {"run", "check", "list", "diff", "graph", "export", "max-pods", "schema", "completion"}) {
    CHECK(help.out.find("\n  " + command + " ") != std::string::npos);
    const Ended own = terminal.type("ekspath " + command + " --help");
    CHECK(own.status == 0);
    CHECK(own.out.find("Usage: ekspath " + command) != std::string::npos);
    CHECK(own.out.find("130 interrupted") != std::string::npos);
  }
}

TEST_CASE("a wrong usage is told on standard error, with what was found and status 2") {
  const TerminalSession terminal = session();
  terminal.write("lab.yaml", lab);
  const auto refusal = [&](const std::string& arguments) {
    const Ended ended = terminal.type("ekspath " + arguments);
    CHECK(ended.status == 2);
    CHECK(ended.out == "");
    return ended.err.substr(0, ended.err.find('\n'));
  };
  CHECK(refusal("") == "ekspath: A subcommand is required");
  CHECK(refusal("rnu lab.yaml") ==
        "ekspath: unknown subcommand 'rnu'; expected one of run, check, list, diff, graph, export, max-pods, "
        "schema, completion; did you mean 'run'?");
  CHECK(refusal("run") == "ekspath: SCENARIO is required");
  CHECK(refusal("run lab.yaml other.yaml") == "ekspath: The following argument was not expected: other.yaml");
  CHECK(refusal("run lab.yaml --nofiles") ==
        "ekspath: unknown option '--nofiles'; did you mean '--no-files'?");
  CHECK(refusal("run lab.yaml --out ''") == "ekspath: --out: found nothing; expected a path");
  CHECK(refusal("run lab.yaml --output xml") == "ekspath: --output: found 'xml'; expected one of text, json");
  CHECK(refusal("run lab.yaml --packets -1") ==
        "ekspath: --packets: found '-1'; expected a whole number from 0 to 4294967295");
  CHECK(
      refusal("run lab.yaml --seed 9223372036854775808") ==
      "ekspath: --seed: found '9223372036854775808'; expected a whole number from 0 to 9223372036854775807");
  CHECK(refusal("run lab.yaml --seed 1x") ==
        "ekspath: --seed: found '1x'; expected a whole number from 0 to 9223372036854775807");
  CHECK(refusal("run lab.yaml --variant closd") == "lab.yaml: unknown variant 'closd'; expected closed");
  CHECK(refusal("run lab.yaml --set seed") ==
        "--set seed: no change; expected PATH=VALUE, such as cluster.nodeGroups.ng1.count=5");
  CHECK(refusal("run lab.yaml --set instances.cleint.type=t3.small") ==
        "--set instances.cleint.type=t3.small: unknown 'cleint' in the path 'instances.cleint.type': the "
        "list 'instances' has no such thing; expected one of web1, client; did you mean 'client'?");
  CHECK(refusal("diff lab.yaml base opened") == "lab.yaml: unknown variant 'opened'; expected closed");
  CHECK(refusal("graph lab.yaml --format png") == "ekspath: --format: found 'png'; expected one of dot, svg");
  CHECK(refusal("list nowhere") == "nowhere: No such file or directory; expected a folder of scenario files");
  CHECK(refusal("completion tcsh") == "ekspath: SHELL: found 'tcsh'; expected one of bash, zsh, fish");
}

TEST_CASE("`max-pods` prints the calculator's number, for people and for programs") {
  const TerminalSession terminal = session();
  const auto pods = [&](const std::string& arguments) {
    const Ended ended = terminal.type("ekspath max-pods " + arguments);
    CHECK(ended.status == 0);
    return ended.out;
  };
  CHECK(pods("t3.medium") == "17\n");
  CHECK(pods("t3.medium --custom-networking") == "12\n");
  CHECK(pods("t3.medium --max-eni 1") == "7\n");
  CHECK(pods("t3.medium --prefix-delegation") == "110\n");
  CHECK(pods("t3.medium --prefix-delegation --show-max-allowed") == "242\n");
  CHECK(pods("t3.medium --prefix-delegation --cni-version 1.8") == "17\n");
  CHECK(nlohmann::json::parse(pods("m5.24xlarge --output json"))["maxPods"] == 250);
  const Ended unknown = terminal.type("ekspath max-pods t3.meduim");
  CHECK(unknown.status == 2);
  CHECK(unknown.out == "");
  CHECK(unknown.err ==
        "ekspath: unknown instance type 't3.meduim'; expected one such as t3.medium; did you mean "
        "'t3.medium'?\n");
  CHECK(terminal.type("ekspath max-pods t3.medium --cni-version latest").status == 2);
}

TEST_CASE("`run` prints the steps, the journeys and the expectations") {
  const TerminalSession terminal = session();
  terminal.write("lab.yaml", lab);
  const Ended ended = terminal.type("ekspath run lab.yaml");
  CHECK(ended.status == 0);
  CHECK(ended.err == "");
  CHECK(ended.out.starts_with(
      "lab: Two instances and the internet\n\n$ ssh client ping -c 2 8.8.8.8\nPING 8.8.8.8 "));
  CHECK(ended.out.find("\npacket 1  ") != std::string::npos);
  CHECK(ended.out.find("\nok     step ping contains") != std::string::npos);
  CHECK(ended.out.ends_with("\nwritten to out/lab/\n"));
  CHECK(terminal.type("ekspath run lab.yaml --quiet").out == "");
}

TEST_CASE("`--then` adds steps behind the scenario's own, checked as they are") {
  const TerminalSession terminal = session();
  terminal.write("cluster.yaml", cluster_lab);
  terminal.write("web.yaml",
                 "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n");
  const Ended ended = terminal.type(
      "ekspath run cluster.yaml --no-files --then 'kubectl apply -f web.yaml' --then 'kubectl get svc web -o "
      "name'");
  CHECK(ended.status == 0);
  CHECK(ended.err == "");
  CHECK(ended.out.find("\n$ kubectl apply -f web.yaml\nservice/web created\n\n$ kubectl get svc web -o "
                       "name\nservice/web\n") != std::string::npos);
  const Ended refused = terminal.type(
      "ekspath run cluster.yaml --then 'kubectl gte pods' --then 'kubectl apply -f nothere.yaml'");
  CHECK(refused.status == 2);
  CHECK(refused.err.find("--then 'kubectl gte pods': 'kubectl gte' is not modelled") != std::string::npos);
  CHECK(refused.err.find("--then 'kubectl apply -f nothere.yaml': no such manifest file: nothere.yaml") !=
        std::string::npos);
}

TEST_CASE("an expectation that does not hold is told with its place, and the status is 1") {
  const TerminalSession terminal = session();
  terminal.write("lab.yaml", with(lab, "packets: 4", "packets: 5"));
  const Ended ended = terminal.type("ekspath run lab.yaml --no-files");
  CHECK(ended.status == 1);
  CHECK(ended.out.find("FAILED ") != std::string::npos);
  CHECK(ended.out.find("lab.yaml:34:7: ") != std::string::npos);
  // Where nothing goes to standard output, or a capture does, it is told on standard error.
  CHECK(terminal.type("ekspath run lab.yaml --no-files --quiet").err.starts_with("lab.yaml:34:7: "));
  const Ended live = terminal.type("ekspath run lab.yaml --no-files --trace - > trace.pcapng");
  CHECK(live.status == 1);
  CHECK(live.err.starts_with("lab.yaml:34:7: "));
}

TEST_CASE("`run --output json` prints what summary.json has") {
  const TerminalSession terminal = session();
  terminal.write("lab.yaml", lab);
  const Ended ended = terminal.type("ekspath run lab.yaml --output json");
  CHECK(ended.status == 0);
  CHECK(ended.out == terminal.folder().read("out/lab/summary.json"));
  const auto summary = nlohmann::json::parse(ended.out);
  CHECK(summary["scenario"] == "lab");
  CHECK(summary["interrupted"] == false);
  CHECK(summary["steps"].size() == 4);
  CHECK(summary["steps"][0]["exit"] == 0);
  CHECK(summary["expectations"].size() == 5);
  CHECK(summary["expectations"][0]["met"] == true);
}

TEST_CASE("every line of hops.ndjson is a JSON object") {
  const TerminalSession terminal = session();
  terminal.write("lab.yaml", lab);
  CHECK(terminal.type("ekspath run lab.yaml -q").status == 0);
  std::istringstream lines(terminal.folder().read("out/lab/hops.ndjson"));
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    const auto hop = nlohmann::json::parse(line);
    CHECK(hop["trace"].is_number());
    CHECK(hop["where"].is_string());
  }
  CHECK(count > 50);
}

TEST_CASE("a variant and --set change the run, and the variant names the folder") {
  const TerminalSession terminal = session();
  terminal.write("lab.yaml", lab);
  const Ended closed = terminal.type("ekspath run lab.yaml --variant closed");
  CHECK(closed.status == 0);
  CHECK(closed.out.starts_with("lab (closed): "));
  CHECK(terminal.folder().has("out/lab-closed/summary.json"));
  CHECK(terminal.type("ekspath run lab.yaml --no-files --set internet.hosts.dns.google.rtt=80ms")
            .out.find("icmp_seq=2 ttl=") != std::string::npos);
  CHECK(terminal.type("ekspath run lab.yaml --no-files --set internet.hosts.dns.google.rtt=80ms")
            .out.find("time=80.0 ms") != std::string::npos);
}

TEST_CASE("--packets and --all-decisions choose what is told") {
  const TerminalSession terminal = session();
  terminal.write("lab.yaml", lab);
  const auto printed = [&](const std::string& options) {
    return terminal.type("ekspath run lab.yaml --no-files " + options).out;
  };
  CHECK(printed("--packets 1").find("\npacket 1  ") != std::string::npos);
  CHECK(printed("--packets 1").find("\npacket 2  ") == std::string::npos);
  CHECK(printed("--packets 0").find("\npacket 1  ") == std::string::npos);
  CHECK(printed("--all-decisions").size() > printed("").size());
}

TEST_CASE("colours are for terminals, and not where NO_COLOR is set") {
  if (!machine_can("command -v script", "give a program a terminal (script of bsdutils)")) return;
  const TerminalSession terminal = session();
  terminal.write("lab.yaml", lab);
  const std::string run = "script -qec \"'$ekspath' run lab.yaml --no-files\" /dev/null";
  CHECK(terminal.type("ekspath run lab.yaml --no-files").out.find('\033') == std::string::npos);
  CHECK(terminal.type("unset NO_COLOR; " + run).out.find("\033[32mok\033[0m") != std::string::npos);
  CHECK(terminal.type("export NO_COLOR=1; " + run).out.find("\033[32m") == std::string::npos);
}

TEST_CASE("`list` groups a folder's scenarios by what they teach, and names their variants") {
  const TerminalSession terminal = session();
  terminal.write("one.yaml", with(lab, "{name: lab,", "{name: one, teaches: [ping],"));
  terminal.write("two.yaml", with(lab, "{name: lab,", "{name: two, teaches: [http, ping],"));
  terminal.write("notes.txt", "no scenario");
  const Ended text = terminal.type("ekspath list .");
  CHECK(text.status == 0);
  CHECK(text.out ==
        "http:\n"
        "  ./two.yaml  Two instances and the internet\n"
        "                --variant closed  Nobody may ask web1\n"
        "\n"
        "ping:\n"
        "  ./one.yaml  Two instances and the internet\n"
        "                --variant closed  Nobody may ask web1\n");
  const auto json = nlohmann::json::parse(terminal.type("ekspath list . --output json").out);
  REQUIRE(json.size() == 2);
  CHECK(json[0]["name"] == "one");
  CHECK(json[1]["teaches"] == nlohmann::json::array({"http", "ping"}));
  CHECK(json[1]["variants"] == nlohmann::json::array({"closed"}));
}

TEST_CASE("`schema` is a JSON Schema that knows the sections") {
  const Ended ended = session().type("ekspath schema");
  CHECK(ended.status == 0);
  const auto schema = nlohmann::json::parse(ended.out);
  CHECK(schema["$schema"] == "https://json-schema.org/draft/2020-12/schema");
  CHECK(ended.out.find("\"nodeGroups\"") != std::string::npos);
}

TEST_CASE("`graph` draws what Graphviz reads") {
  const TerminalSession terminal = session();
  terminal.write("lab.yaml", lab);
  const Ended dot = terminal.type("ekspath graph lab.yaml");
  CHECK(dot.status == 0);
  CHECK(dot.out.find("left-a") != std::string::npos);
  CHECK(dot.out.find("10.0.2.10") != std::string::npos);
  CHECK(terminal.type("ekspath graph lab.yaml --out lab.dot").status == 0);
  CHECK(terminal.folder().read("lab.dot") == dot.out);
  if (!machine_can("command -v dot", "draw: no Graphviz")) return;
  CHECK(terminal.type("dot -Tcanon lab.dot > /dev/null").err == "");
  const Ended svg = terminal.type("ekspath graph lab.yaml --format svg");
  CHECK(svg.status == 0);
  CHECK(svg.out.find("<svg ") != std::string::npos);
  CHECK(svg.out.find("</svg>") != std::string::npos);
}

TEST_CASE("`graph --format svg` without Graphviz says what is missing") {
  const TerminalSession terminal = session();
  terminal.write("lab.yaml", lab);
  const Ended ended = terminal.type("PATH=/nowhere; ekspath graph lab.yaml --format svg");
  CHECK(ended.status == 2);
  CHECK(ended.err.find("needs Graphviz' dot (Debian: graphviz)") != std::string::npos);
}

TEST_CASE("`diff` marks the first difference of two variants, and says when there is none") {
  const TerminalSession terminal = session();
  terminal.write("lab.yaml", lab);
  const Ended ended = terminal.type("ekspath diff lab.yaml base closed");
  CHECK(ended.status == 0);
  const auto mark = ended.out.find("<-- first difference");
  CHECK(mark != std::string::npos);
  CHECK(ended.out.find("<-- first difference", mark + 1) == std::string::npos);
  CHECK(ended.out.find("security_group") != std::string::npos);
  CHECK(terminal.type("ekspath diff lab.yaml base base").out.find("no difference in ") != std::string::npos);
}

TEST_CASE("bash accepts the completion script, and completes with it") {
  const TerminalSession terminal = session();
  CHECK(terminal.type("ekspath completion bash > complete; bash -n complete").status == 0);
  const std::string complete =
      ". ./complete; COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _ekspath; printf '%s\\n' \"${COMPREPLY[@]}\"";
  CHECK(terminal.type("COMP_WORDS=(ekspath sch); " + complete).out == "schema\n");
  CHECK(terminal.type("COMP_WORDS=(ekspath run --tr); " + complete).out == "--trace\n");
  CHECK(terminal.type("ekspath completion zsh").out.starts_with("autoload -U +X bashcompinit"));
  CHECK(terminal.type("ekspath completion fish").out.find("-a run -d ") != std::string::npos);
}

}  // namespace
}  // namespace ekspath
