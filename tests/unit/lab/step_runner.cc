#include "sim/lab/step_runner.hh"

#include "tests/unit/lab/load_lab.hh"

namespace ekspath {
namespace {

/// The steps' results of the good lab with other steps.
std::vector<StepResult> results_of(std::string_view steps) {
  const std::string old = "    - {name: ping, run: \"kubectl exec pod1 -- ping -c 1 ${pod2.ip}\"}\n";
  const Scenario scenario = loaded(lab_with(old, steps));
  Diagnostics diagnostics;
  const auto world = build_world(scenario, diagnostics);
  REQUIRE(diagnostics.text() == "");
  StepRunner runner(*world, scenario, diagnostics);
  REQUIRE(diagnostics.text() == "");
  CHECK(runner.run());
  return runner.results();
}

TEST_CASE("a step starts when the one before has ended") {
  const auto results = results_of(
      "    - kubectl exec pod1 -- ping -c 3 192.168.1.151\n"
      "    - ssh node1 ip rule\n");
  CHECK(results[0].started == Nanoseconds());
  CHECK(results[0].ended.whole_seconds() == 2);
  CHECK(results[1].started == results[0].ended);
}

TEST_CASE("a step starts at its time, and in the background it does not hold up the next") {
  const auto results = results_of(
      "    - {run: kubectl exec pod1 -- ping -c 10 192.168.1.151, background: true}\n"
      "    - {at: 5s, run: ssh node1 ip rule}\n");
  CHECK(results[1].started == Nanoseconds(5'000'000'000));
  CHECK(results[0].ended > results[1].ended);
  CHECK(results[0].finished);
}

TEST_CASE("references stand for addresses in a command and in what it reads") {
  const auto results = results_of(
      "    - {run: ssh node1 sudo iptables-restore -n, stdin: \"*filter\\n-A FORWARD -s ${pod1.ip} -j "
      "DROP\\nCOMMIT\\n\"}\n"
      "    - ssh node1 sudo iptables -S FORWARD\n"
      "    - \"kubectl exec pod1 -- ping -c 1 -W 1 ${pod2.ip}\"\n");
  CHECK(results[0].exit_status == 0);
  CHECK(results[1].text.find("-A FORWARD -s 192.168.1.101/32 -j DROP") != std::string::npos);
  CHECK(results[2].line == "kubectl exec pod1 -- ping -c 1 -W 1 192.168.1.151");
  CHECK(results[2].exit_status == 1);
}

TEST_CASE("a step's text may stand in a later one, and in what that reads") {
  const auto results = results_of(
      "    - {name: who, run: \"kubectl get pod pod2 -o jsonpath={.status.podIP}\"}\n"
      "    - \"kubectl exec pod1 -- ping -c 1 ${steps.who}\"\n"
      "    - {run: ssh node1 sudo iptables-restore -n, stdin: \"*filter\\n-A FORWARD -s ${steps.who} -j "
      "DROP\\nCOMMIT\\n\"}\n"
      "    - ssh node1 sudo iptables -S FORWARD\n");
  CHECK(results[0].text == "192.168.1.151");
  CHECK(results[1].line == "kubectl exec pod1 -- ping -c 1 192.168.1.151");
  CHECK(results[1].exit_status == 0);
  CHECK(results[3].text.find("-A FORWARD -s 192.168.1.151/32 -j DROP") != std::string::npos);
}

TEST_CASE("a step's text that makes no command of a later one is that step's error") {
  const auto results = results_of(
      "    - {name: nothing, run: \"kubectl get pods -l app=nobody -o jsonpath={.items[*].metadata.name}\"}\n"
      "    - \"kubectl exec ${steps.nothing} -- hostname\"\n");
  CHECK(results[0].text == "");
  CHECK(results[1].finished);
  CHECK(results[1].exit_status == 2);
  CHECK(results[1].text != "");
}

}  // namespace
}  // namespace ekspath
