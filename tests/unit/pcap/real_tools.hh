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
