#include "sim/base/diagnostics.hh"

#include <doctest/doctest.h>

#include <cerrno>

using namespace ekspath;

TEST_CASE("an error reads as place, what was found, what was expected and the hint") {
  CHECK(to_string(ScenarioError{{"lab.yaml", 12, 9},
                                "unknown key 'hostNetwrk' in a pod",
                                "one of name, node",
                                "did you mean 'hostNetwork'?"}) ==
        "lab.yaml:12:9: unknown key 'hostNetwrk' in a pod; expected one of name, node; did you mean "
        "'hostNetwork'?");
  CHECK(to_string(ScenarioError{{"lab.yaml", 0, 0}, "is a directory", "", ""}) == "lab.yaml: is a directory");
}

TEST_CASE("errors are told in the order of the file, equal ones once") {
  Diagnostics diagnostics;
  CHECK(diagnostics.ok());
  diagnostics.report({{"b.yaml", 1, 1}, "third", "", ""});
  diagnostics.report({{"a.yaml", 20, 1}, "second", "", ""});
  diagnostics.report({{"a.yaml", 3, 7}, "first", "", ""});
  diagnostics.report({{"a.yaml", 3, 7}, "also there", "", ""});
  diagnostics.report({{"a.yaml", 3, 7}, "first", "", ""});
  CHECK_FALSE(diagnostics.ok());
  CHECK(diagnostics.errors().size() == 5);
  CHECK(diagnostics.text() ==
        "a.yaml:3:7: first\n"
        "a.yaml:3:7: also there\n"
        "a.yaml:20:1: second\n"
        "b.yaml:1:1: third\n");
}

TEST_CASE("an error of the outside names what could not be done, where and why") {
  CHECK(to_string(SystemError{"cannot write", "out/trace.pcapng", ENOSPC}) ==
        "cannot write out/trace.pcapng: No space left on device");
}
