#pragma once

#include <stdlib.h>

#include <doctest/doctest.h>

#include <array>
#include <cstdio>
#include <string>

/// What a shell command prints. Nothing here is given to a shell but texts of the tests.
inline std::string output_of(const std::string& command) {
  std::FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  std::array<char, 4096> part{};
  for (std::size_t size = 0; (size = std::fread(part.data(), 1, part.size(), pipe)) > 0;)
    text.append(part.data(), size);
  ::pclose(pipe);
  return text;
}

/// Whether the tool is installed; says by name what is skipped where it is not.
inline bool have_tool(const std::string& name) {
  if (std::system(("command -v " + name + " > /dev/null 2>&1").c_str()) == 0) return true;
  MESSAGE("skipped, not installed: " << name);
  return false;
}

/// What tshark (checksums on, warnings and errors) and tcpdump say against a file: empty when nothing is
/// wrong.
inline std::string complaints_about(const std::string& path) {
  const std::string tshark =
      "tshark -2 -r '" + path +
      "' -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE"
      " -Y '_ws.expert.severity >= 0x00600000' -T fields -e frame.number -e _ws.expert.message"
      " 2>/dev/null";
  const std::string tcpdump = "tcpdump -nn -vvv -r '" + path +
                              "' 2>/dev/null | grep -E 'incorrect|bad cksum|bad udp cksum|wrong icmp'";
  const std::string whole =
      "tcpdump -nn -r '" + path + "' 2>&1 >/dev/null | grep -iE 'truncated|bad dump|error'";
  return output_of(tshark) + output_of(tcpdump) + output_of(whole);
}
