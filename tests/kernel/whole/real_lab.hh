#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/lab/netns_export/export_netns.hh"
#include "sim/lab/scenario.hh"
#include "sim/lab/world.hh"
#include "tests/kernel/real_tools.hh"
#include "tests/kernel/whole/node_frames.hh"

namespace ekspath {

/// A step as a real shell runs it: in which namespace, what.
struct RealStep {
  std::string host;
  std::vector<std::string> words;
  std::string input;
  Nanoseconds at;  // not before
  bool background = false;
};

/// The real tools' counterpart of a step, `line` with its references replaced. None for commands that only
/// read (iptables -L, conntrack -L): they move no packet. `why_not` says why a step cannot be run here.
[[nodiscard]] std::optional<RealStep> real_step(const Step& step, const std::string& line,
                                                std::string& why_not);

/// An exported folder, built in namespaces of the kernel, and captured at the interfaces of its nodes.
class RealLab {
 public:
  /// Runs up.sh; the caller is in namespaces of its own. What went wrong, or "".
  [[nodiscard]] std::string up(const std::vector<ExportedFile>& files, const std::vector<std::string>& hosts);
  ~RealLab();

  /// Captures the interfaces of a host from now on.
  [[nodiscard]] std::string capture(const std::string& host, const std::vector<std::string>& interfaces);
  /// Starts a server of `listens`.
  [[nodiscard]] std::string serve(const Host& host, const Listen& listen);
  /// Runs the steps one after another; what they printed, for a person.
  [[nodiscard]] std::string run(const std::vector<RealStep>& steps);
  /// What the captures saw so far.
  [[nodiscard]] NodeFrames frames();

 private:
  struct Wire {
    std::string name;
    Descriptor socket;
  };
  void stop();

  std::string folder_;
  std::vector<Wire> wires_;
  std::vector<pid_t> servers_;
  NodeFrames frames_;
};

}  // namespace ekspath
