// `ekspath export netns`: a folder that a shell can run, and what it says when it cannot be written.
#include "tests/cli/lab.hh"

namespace ekspath {
namespace {

TEST_CASE("`export netns` writes scripts that a shell accepts, and a folder for each host") {
  const TerminalSession terminal = session();
  terminal.write("lab.yaml", cluster_lab);
  const Ended ended = terminal.type("ekspath export netns lab.yaml");
  CHECK(ended.err == "");
  CHECK(ended.status == 0);
  CHECK(ended.out ==
        "written to out/lab/netns/: cd out/lab/netns && unshare -n -m sh -c './up.sh && exec bash'\n");
  CHECK(terminal
            .type("cd out/lab/netns && sh -n up.sh && sh -n down.sh && sh -n configure.sh && "
                  "[ -x up.sh ] && [ -x down.sh ] && [ ! -x configure.sh ]")
            .status == 0);
  CHECK(terminal
            .type("while read -r name; do cat out/lab/netns/namespaces/$name/ip > /dev/null || exit 1; "
                  "done < out/lab/netns/names")
            .status == 0);
  CHECK(terminal.type("cat out/lab/netns/names").out.find("node1\n") != std::string::npos);
}

TEST_CASE("up.sh refuses to run where an interface leads outside, and says how to start it") {
  const TerminalSession terminal = session();
  if (!machine_can("unshare -r -n -m ip link add veth7 type veth peer name veth8", "a namespace with a veth")) return;
  terminal.write("lab.yaml", lab);
  CHECK(terminal.type("ekspath export netns lab.yaml --out made").status == 0);
  const Ended refused =
      terminal.type("unshare -r -n -m sh -c 'ip link add veth7 type veth peer name veth8; made/up.sh'");
  CHECK(refused.status == 1);
  CHECK(refused.err.find("up.sh: this network namespace has the interface ") == 0);
  CHECK(refused.err.find("unshare -n -m sh -c './up.sh && exec bash'") != std::string::npos);
}

TEST_CASE("what up.sh builds answers real pings, and down.sh leaves nothing of it") {
  const TerminalSession terminal = session();
  if (!machine_can("unshare -r -n -m sh -c 'ip link add veth7 type veth peer name veth8 && "
                   "iptables -t nat -A POSTROUTING -j MASQUERADE && command -v ping'",
                   "namespaces with iptables and ping")) {
    return;
  }
  terminal.write("lab.yaml", lab);
  CHECK(terminal.type("ekspath export netns lab.yaml --out made").status == 0);
  const Ended ended = terminal.type(
      "unshare -r -n -m sh -c 'made/up.sh && ip netns exec client ping -c 1 -W 5 dns.google && "
      "made/down.sh && ip -o link | grep -v \" lo:\" ; ls /run/netns 2> /dev/null | grep client'");
  CHECK(ended.err == "");
  CHECK(ended.out.find("up: ") == 0);
  CHECK(ended.out.find("1 packets transmitted, 1 received, 0% packet loss") != std::string::npos);
  CHECK(ended.out.find("\nclient") == std::string::npos);
}

TEST_CASE("--at takes the state of that time, and nothing takes the one before the first step") {
  const TerminalSession terminal = session();
  terminal.write("lab.yaml",
                 with(lab, "  steps:\n",
                      "  steps:\n    - {at: 5s, run: ssh client sudo ip rule add to 9.9.9.9 lookup 7}\n"));
  const std::string grep = " && grep -c 9.9.9.9 made/namespaces/client/ip";
  CHECK(terminal.type("ekspath export netns lab.yaml --out made > /dev/null" + grep).out == "0\n");
  CHECK(terminal.type("ekspath export netns lab.yaml --at 4.9s --out made > /dev/null" + grep).out == "0\n");
  CHECK(terminal.type("ekspath export netns lab.yaml --at 5s --out made > /dev/null" + grep).out == "1\n");
}

TEST_CASE("a wrong usage of export is told with what was found") {
  const TerminalSession terminal = session();
  terminal.write("lab.yaml", lab);
  const auto refusal = [&](const std::string& arguments) {
    const Ended ended = terminal.type("ekspath export" + arguments);
    CHECK(ended.status == 2);
    CHECK(ended.out == "");
    return ended.err.substr(0, ended.err.find('\n'));
  };
  CHECK(refusal("") == "ekspath: A subcommand is required");
  CHECK(refusal(" nets lab.yaml") ==
        "ekspath: unknown export 'nets'; expected one of netns; did you mean 'netns'?");
  CHECK(refusal(" netns") == "ekspath: SCENARIO is required");
  CHECK(refusal(" netns lab.yaml --at soon") ==
        "ekspath: --at: found 'soon'; expected a time such as 5s, 300ms or 1.5s");
  CHECK(refusal(" netns lab.yaml --att 5s") == "ekspath: unknown option '--att'; did you mean '--at'?");
  CHECK(refusal(" netns lab.yaml --variant closd") == "lab.yaml: unknown variant 'closd'; expected closed");
}

TEST_CASE("a folder that cannot be made is an output that failed") {
  const TerminalSession terminal = session();
  terminal.write("lab.yaml", lab);
  terminal.write("file", "");
  const Ended ended = terminal.type("ekspath export netns lab.yaml --out file/made");
  CHECK(ended.status == 3);
  CHECK(ended.err == "ekspath: cannot make the folder file/made: Not a directory\n");
}

}  // namespace
}  // namespace ekspath
