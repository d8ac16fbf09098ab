// Files that are no scenarios, or that are made to hurt.
#include "tests/cli/lab.hh"

namespace ekspath {
namespace {

TEST_CASE("YAML anchors that explode are refused before they do") {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int level = 1; level < 12; ++level) {
    const std::string below = "*a" + std::to_string(level - 1);
    bomb += "a" + std::to_string(level) + ": &a" + std::to_string(level) + " [" + below;
    for (int i = 1; i < 10; ++i) bomb += ", " + below;
    bomb += "]\n";
  }
  const TerminalSession terminal = session();
  terminal.write("lab.yaml", bomb);
  // In a second, and in no more memory than a file of the largest size takes.
  const Ended ended = terminal.type("ulimit -v 1500000; timeout 10 \"$ekspath\" check lab.yaml");
  CHECK(ended.status == 2);
  CHECK(ended.err ==
        "lab.yaml:6:40: more than 1000000 YAML nodes (aliases counted where they stand); expected a smaller "
        "file\n");
}

TEST_CASE("a file of 100 MB") {
  const Ended ended = session().type(
      "head -c 100000000 /dev/zero | tr '\\0' 'x' > lab.yaml; ulimit -v 200000; \"$ekspath\" check lab.yaml");
  CHECK(ended.status == 2);
  CHECK(ended.err == "lab.yaml: the scenario is too large: 95 MiB; expected at most 16 MiB\n");
}

TEST_CASE("a pipe that never ends") {
  const Ended ended = session().type("ekspath check <(yes)");
  CHECK(ended.status == 2);
  CHECK(ended.err == "/dev/fd/63: the scenario is too large; expected at most 16 MiB\n");
}

TEST_CASE("a binary file") {
  const TerminalSession terminal = session();
  const Ended ended = terminal.type(
      "ekspath check \"$ekspath\" 2> err; status=$?; sed \"s@$ekspath@PROGRAM@\" err >&2; exit $status");
  CHECK(ended.status == 2);
  CHECK(ended.err == "PROGRAM:1:1: the byte 0x7f: this is no text file; expected YAML in UTF-8\n");
}

TEST_CASE("lists nested without end") {
  const Ended ended =
      session().type("head -c 1000000 /dev/zero | tr '\\0' '[' > lab.yaml; ekspath check lab.yaml");
  CHECK(ended.status == 2);
  CHECK(ended.err == "lab.yaml:1:33: YAML nested more than 64 deep\n");
}

TEST_CASE("an empty file, a file that is not there, a directory, a file that may not be read") {
  const auto check = [](const std::string& script) {
    const Ended ended = session().type(script);
    CHECK(ended.status == 2);
    return ended.err;
  };
  CHECK(check("touch lab.yaml; ekspath run lab.yaml") ==
        "lab.yaml:1:1: nothing for 'the file'; expected the scenario (a mapping with the keys apiVersion, "
        "kind, metadata, spec)\n");
  CHECK(check("ekspath run lab.yaml") == "lab.yaml: no such scenario file\n");
  CHECK(check("mkdir lab.yaml; ekspath run lab.yaml") ==
        "lab.yaml: the scenario is a directory; expected a YAML file\n");
  if (!machine_can("[ $(id -u) = 0 ] && setpriv --reuid 65534 --clear-groups true", "become nobody")) return;
  CHECK(check("touch lab.yaml; chmod 600 lab.yaml; chmod 711 .\n"
              "setpriv --reuid 65534 --clear-groups \"$ekspath\" run lab.yaml") ==
        "lab.yaml: the scenario cannot be read: Permission denied\n");
}

}  // namespace
}  // namespace ekspath
