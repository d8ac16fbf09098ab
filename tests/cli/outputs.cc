// Outputs that cannot be written, readers that go away, signals: what is whole stays, what is not has no
// final name.
#include <nlohmann/json.hpp>

#include "tests/cli/lab.hh"

namespace ekspath {
namespace {

/// Mounts are made in a mount namespace of the script's own, and end with it.
const std::string mounts = "[ $(id -u) = 0 ] && unshare -m true";

bool have_tshark() { return machine_can("command -v tshark", "read captures: no tshark"); }

/// Waits until the file is there and has something in it.
std::string wait_for(const std::string& file) {
  return "for i in $(seq 200); do [ -s " + file + " ] && break; sleep 0.05; done\n";
}

TEST_CASE(
    "captures that meet at one interface: each file has what was asked for, the trace has each frame once") {
  if (!have_tshark()) return;
  const TerminalSession terminal = session();
  terminal.write("lab.yaml", with(lab, "  steps:\n", R"(  captures:
    - {at: client/any}
    - {at: client/ens5, filter: icmp and src 8.8.8.8}
    - {at: client/ens5, filter: tcp and src 34.117.59.81}
    - {at: client/ens5, filter: icmp and src 8.8.8.8}
  steps:
)"));
  const Ended ended = terminal.type(
      "ekspath run lab.yaml --trace all.pcapng >/dev/null || exit\n"
      "count() { tshark -r \"$1\" -Y \"$2\" 2>/dev/null | wc -l; }\n"
      "count out/lab/client/ens5.pcap icmp; count out/lab/client/ens5.pcap 'not (icmp or tcp)'\n"
      "count out/lab/client/any.pcap icmp; count all.pcapng icmp\n"
      "tshark -r all.pcapng -T fields -e frame.interface_name 2>/dev/null | sort -u");
  CHECK(ended.out == "2\n0\n6\n6\nclient/ens5\n");
  CHECK(ended.err == "");
}

TEST_CASE("a folder that may not be written") {
  if (!machine_can("[ $(id -u) = 0 ] && setpriv --reuid 65534 --clear-groups true", "become nobody")) return;
  const TerminalSession terminal = session();
  terminal.write("lab.yaml", lab);
  const Ended ended = terminal.type(
      "chmod 755 . lab.yaml; mkdir out; setpriv --reuid 65534 --clear-groups \"$ekspath\" run lab.yaml; "
      "status=$?; ls out; exit $status");
  CHECK(ended.status == 3);
  CHECK(ended.out == "");
  CHECK(ended.err == "ekspath: cannot make the folder out/lab: Permission denied\n");
}

TEST_CASE("a file system that is mounted read-only") {
  if (!machine_can(mounts, "mount")) return;
  const TerminalSession terminal = session();
  terminal.write("lab.yaml", lab);
  terminal.write("script", "mount -t tmpfs -o ro none out; exec \"$1\" run lab.yaml\n");
  const Ended ended = terminal.type("mkdir out; unshare -m bash script \"$ekspath\"");
  CHECK(ended.status == 3);
  CHECK(ended.err == "ekspath: cannot make the folder out/lab: Read-only file system\n");
}

TEST_CASE("a folder where a file is wanted, and a file where a folder is wanted") {
  const TerminalSession terminal = session();
  terminal.write("lab.yaml", lab);
  const Ended file = terminal.type("ekspath run lab.yaml --out lab.yaml");
  CHECK(file.status == 3);
  CHECK(file.err == "ekspath: cannot make the folder lab.yaml/lab: Not a directory\n");
  const Ended folder = terminal.type("mkdir -p there; ekspath run lab.yaml --no-files --trace there");
  CHECK(folder.status == 3);
  CHECK(folder.err == "ekspath: cannot write there: Is a directory\n");
  const Ended nowhere = terminal.type("ekspath graph lab.yaml --out nowhere/lab.dot");
  CHECK(nowhere.status == 3);
  CHECK(nowhere.err == "ekspath: cannot open for writing nowhere/lab.dot: No such file or directory\n");
}

TEST_CASE("a disk that fills at the end: the files that are whole have their names, the others are .part") {
  if (!machine_can(mounts, "mount")) return;
  const TerminalSession terminal = session();
  terminal.write("lab.yaml", lab);
  // The captures are small; the hops are what no longer fits.
  terminal.write("script",
                 "mount -t tmpfs -o size=48k none out\n"
                 "\"$1\" run lab.yaml > printed; status=$?\n"
                 "cp -r out kept; exit $status\n");
  const Ended ended = terminal.type("mkdir out; unshare -m bash script \"$ekspath\"");
  CHECK(ended.status == 3);
  CHECK(ended.err.find("ekspath: cannot write out/lab/hops.ndjson: No space left on device\n") !=
        std::string::npos);
  CHECK(terminal.folder().has("kept/lab/client/ens5.pcap"));
  CHECK_FALSE(terminal.folder().has("kept/lab/hops.ndjson"));
  CHECK(terminal.folder().has("kept/lab/hops.ndjson.part"));
  CHECK(terminal.folder().read("printed").find("written to") == std::string::npos);
}

TEST_CASE("a disk that fills in mid-run stops the run, and no file has its final name") {
  if (!machine_can(mounts, "mount")) return;
  const TerminalSession terminal = session();
  terminal.write("lab.yaml", endless_lab);
  terminal.write("script",
                 "mount -t tmpfs -o size=2m none out\n"
                 "\"$1\" run lab.yaml > printed; status=$?\n"
                 "cp -r out kept; exit $status\n");
  const Ended ended = terminal.type(
      "mkdir out; unshare -m bash script \"$ekspath\"; status=$?; find kept -type f ! -name '*.part'; exit "
      "$status");
  CHECK(ended.status == 3);
  CHECK(ended.out == "");
  CHECK(ended.err.find("No space left on device") != std::string::npos);
  CHECK(ended.err.find("ekspath: stopped at ") != std::string::npos);
}

TEST_CASE("records of a .part file are whole, so tshark reads it to its end") {
  if (!machine_can(mounts, "mount") || !have_tshark()) return;
  const TerminalSession terminal = session();
  terminal.write("lab.yaml", endless_lab);
  terminal.write("script",
                 "mount -t tmpfs -o size=2m none out\n\"$1\" run lab.yaml > printed 2>&1; cp -r out kept\n");
  const Ended ended = terminal.type(
      "mkdir out; unshare -m bash script \"$ekspath\"\n"
      "for part in $(find kept -name '*.pcap*.part'); do tshark -r $part 2> err > packets || cat err; done");
  CHECK(ended.out == "");
}

TEST_CASE("standard output on a full disk") {
  const TerminalSession terminal = session();
  terminal.write("lab.yaml", lab);
  for (const char* command : {"run lab.yaml --no-files", "run lab.yaml --no-files --trace -",
                              "check lab.yaml", "list .", "diff lab.yaml base closed", "graph lab.yaml",
                              "schema", "completion bash", "--help", "--version", "run --help"}) {
    CAPTURE(command);
    const Ended ended = terminal.type(std::string("ekspath ") + command + " > /dev/full");
    CHECK(ended.status == 3);
    CHECK(ended.err.find("No space left on device") != std::string::npos);
  }
}

TEST_CASE("a reader that closes the pipe: of text, of a capture, of a FIFO") {
  const TerminalSession terminal = session();
  terminal.write("lab.yaml", endless_lab);
  terminal.write("short.yaml", lab);
  // So much text that no pipe holds it.
  const Ended text = terminal.type(
      "ekspath run short.yaml --no-files --all-decisions --set steps.ping.run='ssh client ping -c 3000 "
      "8.8.8.8' "
      "--packets 100000 2> err | head -1; status=${PIPESTATUS[0]}; grep -v FAILED err >&2; exit $status");
  CHECK(text.status == 3);
  CHECK(text.out == "lab: Two instances and the internet\n");
  CHECK(text.err == "ekspath: cannot write standard output: Broken pipe\n");

  const Ended capture =
      terminal.type("ekspath run lab.yaml --no-files --trace - | head -c 4 | wc -c; exit ${PIPESTATUS[0]}");
  CHECK(capture.status == 3);
  CHECK(capture.out == "4\n");
  CHECK(capture.err.find("ekspath: cannot write -: Broken pipe\n") != std::string::npos);

  const Ended fifo = terminal.type(
      "mkfifo live; ekspath run lab.yaml --no-files --trace live > printed & head -c 4 live | wc -c; wait "
      "%1");
  CHECK(fifo.status == 3);
  CHECK(fifo.out == "4\n");
  CHECK(fifo.err.find("ekspath: cannot write live: Broken pipe\n") != std::string::npos);
}

TEST_CASE(
    "SIGINT and SIGTERM in mid-run: status 130, everything flushed and readable, nothing has its final "
    "name") {
  for (const std::string signal : {"INT", "TERM"}) {
    CAPTURE(signal);
    const TerminalSession terminal = session();
    terminal.write("lab.yaml", endless_lab);
    const Ended ended = terminal.type("\"$ekspath\" run lab.yaml & pid=$!\n" +
                                      wait_for("out/endless/hops.ndjson.part") + "kill -" + signal +
                                      " $pid; wait $pid; status=$?\n"
                                      "find out -type f ! -name '*.part'; exit $status");
    CHECK(ended.status == 130);
    CHECK(ended.out.find("written to") == std::string::npos);
    CHECK(ended.out.find(".pcap") == std::string::npos);
    CHECK(ended.err.find("ekspath: interrupted at ") != std::string::npos);
    // The last line is whole.
    const std::string hops = terminal.folder().read("out/endless/hops.ndjson.part");
    REQUIRE(hops.ends_with('\n'));
    const auto start = hops.rfind('\n', hops.size() - 2) + 1;
    CHECK(nlohmann::json::accept(hops.substr(start)));
    if (!have_tshark()) continue;
    CHECK(terminal
              .type("tshark -c 100000 -r out/endless/trace.pcapng.part 2>&1 > /dev/null | grep -v 'as user'")
              .out == "");
  }
}

TEST_CASE("an interrupted run leaves the files of an earlier, whole one as they were") {
  const TerminalSession terminal = session();
  terminal.write("lab.yaml", endless_lab);
  const Ended ended = terminal.type(
      "ekspath run lab.yaml --set 'steps.last.run=ssh client ping -c 1 8.8.8.8' > /dev/null; cp -r out "
      "before\n"
      "\"$ekspath\" run lab.yaml > /dev/null & pid=$!\n" +
      wait_for("out/endless/hops.ndjson.part") +
      "kill -INT $pid; wait $pid; find out -name '*.part' -delete; diff -r before out");
  CHECK(ended.status == 0);
  CHECK(ended.out == "");
}

TEST_CASE("a second signal ends a run whose reader does not read") {
  const TerminalSession terminal = session();
  terminal.write("lab.yaml", endless_lab);
  const Ended ended = terminal.type(
      "mkfifo live; exec 9<>live\n"
      "\"$ekspath\" run lab.yaml --no-files --trace live 9<&- & pid=$!\n"
      "sleep 1; kill -INT $pid; sleep 0.3; kill -INT $pid; wait $pid");
  CHECK(ended.status == 130);
}

TEST_CASE("tshark reads a FIFO while the run goes on") {
  if (!have_tshark()) return;
  const TerminalSession terminal = session();
  terminal.write("lab.yaml", endless_lab);
  // The run would last for hours: what tshark prints it has read live. The first two frames are ARP.
  const Ended ended = terminal.type(
      "mkfifo live; ekspath run lab.yaml --no-files --trace live > printed 2>&1 &\n"
      "tshark -n -r live -c 6 -T fields -e frame.interface_name -e icmp.type 2> /dev/null; wait %1");
  CHECK(ended.status == 3);
  CHECK(ended.out ==
        "client/ens5\t\nclient/ens5\t\nclient/ens5\t8\nclient/ens5\t8\n"
        "dns.google/eth0\t8\ndns.google/eth0\t0\n");
}

}  // namespace
}  // namespace ekspath
