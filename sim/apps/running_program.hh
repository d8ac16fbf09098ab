#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "sim/apps/dns_client.hh"
#include "sim/apps/program.hh"
#include "sim/apps/task.hh"
#include "sim/linux/netns.hh"

namespace ekspath {

/// A Program whose main function is a coroutine: what the programs of this folder see of the world.
class RunningProgram final : public Program {
 public:
  using Main = std::function<Task<int>(RunningProgram&)>;

  struct Start {
    std::vector<std::string> arguments;
    std::string input;
    ProgramEnvironment environment;
    Main main;
    /// Its container has a PID namespace of its own, in which it is the first; it counts for nobody else.
    bool is_container = false;
  };
  RunningProgram(Netns& netns, Start start);
  ~RunningProgram() override;

  // Program
  [[nodiscard]] const std::vector<std::string>& arguments() const override { return start_.arguments; }
  [[nodiscard]] const std::vector<ProgramOutput>& output() const override { return output_; }
  [[nodiscard]] std::optional<int> exit_status() const override { return exit_status_; }
  void interrupt() override;

  // for the coroutine
  [[nodiscard]] Netns& netns() { return netns_; }
  [[nodiscard]] Scheduler& scheduler() { return scheduler_; }
  [[nodiscard]] Nanoseconds now() const { return netns_.now(); }
  [[nodiscard]] const std::string& input() const { return start_.input; }
  [[nodiscard]] const ProgramEnvironment& environment() const { return start_.environment; }
  [[nodiscard]] std::uint16_t process_id() const { return process_id_; }
  void out(std::string text) { write(ProgramOutput::Stream::out, std::move(text)); }
  void err(std::string text) { write(ProgramOutput::Stream::err, std::move(text)); }
  /// getaddrinfo(3): an address as it is, a name by /etc/hosts and DNS. Without an error there is an IPv4
  /// address.
  [[nodiscard]] Task<NamedHost> resolve(std::string name, NameFamily family = NameFamily::any);
  /// getnameinfo(3): the name of an address, or "".
  [[nodiscard]] Task<std::string> name_of(Ipv4Address address);
  /// The resolver of this process.
  [[nodiscard]] DnsClient& dns();
  /// What SIGINT does; empty: the program ends with 130.
  std::function<void()> on_interrupt;

 private:
  void write(ProgramOutput::Stream stream, std::string text);
  void end(int status);

  Netns& netns_;
  Start start_;
  std::uint16_t process_id_;
  std::vector<ProgramOutput> output_;
  std::optional<int> exit_status_;
  std::optional<int> ending_;
  Scheduler scheduler_;
  std::unique_ptr<DnsClient> dns_;  // null until a name is looked up
};

/// strerror(3) of the errno values that the simulated kernel gives, the same on every machine.
[[nodiscard]] std::string_view error_text(int error_number);

}  // namespace ekspath
