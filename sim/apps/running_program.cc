#include "sim/apps/running_program.hh"

#include <fmt/format.h>

#include <cerrno>

#include "sim/linux/socket/socket_tables.hh"

namespace ekspath {
namespace {

/// Each program of a namespace gets the next number from a start that differs by namespace; ping uses it as
/// its ICMP id.
std::uint16_t next_process_id(Netns& netns) {
  auto& last = netns.ensure_sockets().tables().last_process_id;
  if (last == 0) last = static_cast<std::uint16_t>(netns.random("process ids").between(300, 20000));
  return ++last;
}

Task<void> run_main(RunningProgram& program, RunningProgram::Main& main, std::function<void(int)> end) {
  const int status = co_await main(program);
  end(status);
}

}  // namespace

RunningProgram::RunningProgram(Netns& netns, Start start)
    : netns_(netns),
      start_(std::move(start)),
      process_id_(start_.is_container ? std::uint16_t{1} : next_process_id(netns)),
      scheduler_(netns) {
  scheduler_.on_pause = [this] {
    scheduler_.cancel_all();
    exit_status_ = ending_;
    if (on_end) on_end(*this);
  };
  scheduler_.spawn(run_main(*this, start_.main, [this](int status) { end(status); }));
}

RunningProgram::~RunningProgram() = default;

void RunningProgram::interrupt() {
  if (exit_status_ || ending_) return;
  if (on_interrupt) return on_interrupt();
  scheduler_.cancel_all();
  exit_status_ = 130;
  if (on_end) on_end(*this);
}

void RunningProgram::end(int status) {
  ending_ = status;
  scheduler_.ask_for_pause();
}

void RunningProgram::write(ProgramOutput::Stream stream, std::string text) {
  output_.push_back({now(), stream, std::move(text)});
  if (on_output) on_output(*this, output_.back());
}

DnsClient& RunningProgram::dns() {
  if (!dns_) {
    dns_ = std::make_unique<DnsClient>(scheduler_, netns_,
                                       DnsClient::Files{environment().resolv_conf, environment().hosts},
                                       fmt::format("dns {}", process_id_));
  }
  return *dns_;
}

Task<NamedHost> RunningProgram::resolve(std::string name, NameFamily family) {
  if (const auto address = Ipv4Address::parse(name)) co_return NamedHost{{}, name, {}, {*address}, {}};
  NamedHost host = co_await dns().find(std::move(name), family);
  if (host.error == NameError::none && host.addresses.empty()) host.error = NameError::no_data;
  co_return host;
}

Task<std::string> RunningProgram::name_of(Ipv4Address address) { return dns().name_of(address); }

std::string_view error_text(int error_number) {
  switch (error_number) {
    case EPERM:
      return "Operation not permitted";
    case EINVAL:
      return "Invalid argument";
    case EACCES:
      return "Permission denied";
    case EPIPE:
      return "Broken pipe";
    case EADDRINUSE:
      return "Address already in use";
    case EADDRNOTAVAIL:
      return "Cannot assign requested address";
    case ENETUNREACH:
      return "Network is unreachable";
    case EHOSTUNREACH:
      return "No route to host";
    case EHOSTDOWN:
      return "Host is down";
    case ENONET:
      return "Machine is not on the network";
    case ECONNREFUSED:
      return "Connection refused";
    case ECONNRESET:
      return "Connection reset by peer";
    case ECONNABORTED:
      return "Software caused connection abort";
    case ETIMEDOUT:
      return "Connection timed out";
    case EMSGSIZE:
      return "Message too long";
    case ENOPROTOOPT:
      return "Protocol not available";
    case EOPNOTSUPP:
      return "Operation not supported";
    case EPROTO:
      return "Protocol error";
    case ENODEV:
      return "No such device";
    case ENOBUFS:
      return "No buffer space available";
    case EDESTADDRREQ:
      return "Destination address required";
    case EISCONN:
      return "Transport endpoint is already connected";
    case ENOTCONN:
      return "Transport endpoint is not connected";
    default:
      return "Unknown error";
  }
}

}  // namespace ekspath
