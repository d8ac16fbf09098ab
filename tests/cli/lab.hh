#pragma once

#include <doctest/doctest.h>

#include <string>

#include "tests/support/program/terminal_session.hh"

namespace ekspath {

/// Two instances of one VPC and two hosts of the internet. Four short steps, and every expectation holds.
extern const std::string lab;
/// The same world with a cluster of two nodes and two pods; nothing is run in it.
extern const std::string cluster_lab;
/// Pings that go on for days of simulated time: what an interrupt finds in mid-run.
extern const std::string endless_lab;

/// `text` with the first `from` replaced; the test fails where there is none.
[[nodiscard]] std::string with(std::string text, const std::string& from, const std::string& to);

[[nodiscard]] inline TerminalSession session() { return TerminalSession(EKSPATH_PROGRAM); }

/// Runs `ekspath check lab.yaml` on a text: it must end with status 2 and print nothing on standard output.
/// What it says comes back.
[[nodiscard]] std::string refusal_of(const std::string& text);

}  // namespace ekspath
