#include "sim/apps/curl.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "sim/apps/chunked_body.hh"
#include "sim/apps/http_message.hh"
#include "sim/apps/programs.hh"
#include "sim/apps/stream.hh"

namespace ekspath {
namespace {

using namespace literals;

/// Linux curl's exit statuses. man curl, EXIT CODES
enum Status : int {
  ok = 0,
  unsupported_protocol = 1,
  no_such_host = 6,
  no_connection = 7,
  partial_file = 18,
  timed_out = 28,
  interface_failed = 45,
  empty_reply = 52,
  receive_failed = 56,
};

class Curl {
 public:
  Curl(RunningProgram& self, CurlOptions options)
      : self_(self),
        options_(std::move(options)),
        start_(self.now()),
        stream_(self.scheduler(), std::make_unique<TcpSocket>(self.netns())) {}

  Task<int> run();

 private:
  [[nodiscard]] Task<Status> transfer();
  [[nodiscard]] Status bind();
  [[nodiscard]] Task<Status> connect();
  void send_request();
  [[nodiscard]] Task<Status> receive_head();
  [[nodiscard]] Task<Status> receive_body();
  [[nodiscard]] Task<Status> receive_chunks();
  [[nodiscard]] Status fail(Status status, std::string message);
  [[nodiscard]] Status fail_operation();
  [[nodiscard]] std::string request_head() const;
  void note(std::string_view text) {
    if (options_.verbose) self_.err(fmt::format("* {}\n", text));
  }
  [[nodiscard]] std::int64_t elapsed_ms() const { return (self_.now() - start_).whole_milliseconds(); }
  [[nodiscard]] Nanoseconds deadline() const {
    return options_.max_time_ns == 0 ? Nanoseconds::never() : start_ + Nanoseconds(options_.max_time_ns);
  }
  [[nodiscard]] std::string write_out(Status status) const;
  [[nodiscard]] std::string variable(std::string_view name, Status status) const;

  RunningProgram& self_;
  CurlOptions options_;
  Nanoseconds start_;
  Stream stream_;
  Ipv4Address address_;
  Nanoseconds resolved_, connected_, requested_, first_byte_;
  bool is_connected_ = false;
  std::string bytes_;
  HttpHead head_;
  int response_code_ = 0;
  std::uint64_t body_bytes_ = 0;
  std::string error_;
};

std::string seconds_text(Nanoseconds time) {
  const std::int64_t us = time.count() / 1000;
  return fmt::format("{}.{:06}", us / 1'000'000, us % 1'000'000);
}

Task<int> Curl::run() {
  const Status status = co_await transfer();
  if (status != ok && (!options_.silent || options_.show_error)) {
    self_.err(fmt::format("curl: ({}) {}\n", static_cast<int>(status), error_));
  }
  if (!options_.write_out.empty()) self_.out(write_out(status));
  co_return status;
}

Task<Status> Curl::transfer() {
  const NamedHost host = co_await self_.resolve(options_.host);
  if (host.error != NameError::none) {
    note(fmt::format("Could not resolve host: {}", options_.host));
    co_return fail(no_such_host, fmt::format("Could not resolve host: {}", options_.host));
  }
  address_ = host.addresses.front();
  resolved_ = self_.now();
  note(fmt::format("  Trying {}:{}...", address_, options_.port));
  if (const Status status = bind(); status != ok) co_return status;
  if (const Status status = co_await connect(); status != ok) co_return status;
  send_request();
  if (const Status status = co_await receive_head(); status != ok) co_return status;
  const Status status = co_await receive_body();
  const std::string* wish = head_.field("Connection");
  const bool closes = wish != nullptr && equal_ignoring_case(*wish, "close");
  if (status == ok) {
    note(closes ? "Closing connection" : fmt::format("Connection #0 to host {} left intact", options_.host));
  }
  co_return status;
}

/// --interface, --local-port. curl lib/cf-socket.c bindlocal()
Status Curl::bind() {
  TcpSocket& socket = stream_.socket();
  socket.no_delay = true;
  Ipv4Address source;
  if (const auto given = Ipv4Address::parse(options_.source)) {
    source = *given;
  } else if (!options_.source.empty()) {
    const Interface* device = self_.netns().find_interface(options_.source);
    if (device == nullptr) {
      note(fmt::format("Couldn't bind to '{}'", options_.source));
      return fail(interface_failed, fmt::format("Couldn't bind to '{}'", options_.source));
    }
    socket.options.bound_interface = device->index;
    if (!device->addresses.empty()) source = device->addresses.front().address;
  }
  if (source.is_unspecified() && options_.local_port == 0) return ok;
  int error = 0;
  for (std::uint32_t i = 0; i < std::max<std::uint32_t>(options_.local_ports, 1); ++i) {
    error = socket.bind(
        {source, static_cast<std::uint16_t>(options_.local_port == 0 ? 0 : options_.local_port + i)});
    if (error != EADDRINUSE) break;
  }
  if (error == 0) return ok;
  const std::string text = fmt::format("bind failed with errno {}: {}", error, error_text(error));
  note(text);
  return fail(interface_failed, text);
}

Task<Status> Curl::connect() {
  // curl's timers count whole milliseconds and fire in the one after: "after 2001 milliseconds".
  const Nanoseconds own = options_.connect_timeout_ns == 0 ? 300_s : Nanoseconds(options_.connect_timeout_ns);
  const Nanoseconds until = std::min(start_ + own, deadline()) + 1_ms;
  const Stream::Connected result = co_await stream_.connect({address_, options_.port}, until);
  if (result.outcome == Stream::Outcome::done) {
    is_connected_ = true;
    connected_ = self_.now();
    note(fmt::format("Connected to {} ({}) port {}", options_.host, address_, options_.port));
    co_return ok;
  }
  if (result.outcome == Stream::Outcome::timed_out && deadline() <= start_ + own) {
    const std::string text = fmt::format("Connection timed out after {} milliseconds", elapsed_ms());
    note(text);
    note("Closing connection");
    co_return fail(timed_out, text);
  }
  const bool by_time = result.outcome == Stream::Outcome::timed_out || result.error == ETIMEDOUT;
  if (result.outcome == Stream::Outcome::failed) {
    note(result.error == ENETUNREACH || result.error == EINVAL || result.error == EACCES
             ? fmt::format("Immediate connect fail for {}: {}", address_, error_text(result.error))
             : fmt::format("connect to {} port {} failed: {}", address_, options_.port,
                           error_text(result.error)));
  }
  const std::string text =
      fmt::format("Failed to connect to {} port {} after {} ms: {}", options_.host, options_.port,
                  elapsed_ms(), by_time ? "Timeout was reached" : "Couldn't connect to server");
  note(text);
  note("Closing connection");
  co_return fail(by_time ? timed_out : no_connection, text);
}

std::string Curl::request_head() const {
  const auto replaced = [&](std::string_view name) {
    return std::ranges::any_of(options_.headers, [&](const std::string& header) {
      return equal_ignoring_case(std::string_view(header).substr(0, header.find_first_of(":;")), name);
    });
  };
  const auto custom = [&](std::string_view name) -> std::string {
    for (const std::string& header : options_.headers) {
      const auto colon = header.find(':');
      if (colon != std::string::npos &&
          equal_ignoring_case(std::string_view(header).substr(0, colon), name)) {
        return header + "\r\n";
      }
    }
    return {};
  };
  std::string head = fmt::format("{} {} HTTP/1.1\r\n", options_.head ? "HEAD" : "GET", options_.path);
  head += replaced("Host")
              ? custom("Host")
              : fmt::format("Host: {}{}\r\n", options_.host,
                            options_.port == 80 ? std::string() : fmt::format(":{}", options_.port));
  if (!replaced("User-Agent")) head += "User-Agent: curl/8.5.0\r\n";
  if (!replaced("Accept")) head += "Accept: */*\r\n";
  for (const std::string& header : options_.headers) {
    const auto colon = header.find(':');
    // "Name:" takes a field away, "Name;" sends it empty.
    if (colon == std::string::npos) {
      if (header.ends_with(';')) head += header.substr(0, header.size() - 1) + ":\r\n";
    } else if (colon + 1 < header.size() &&
               !equal_ignoring_case(std::string_view(header).substr(0, colon), "Host")) {
      head += header + "\r\n";
    }
  }
  return head + "\r\n";
}

void Curl::send_request() {
  const std::string head = request_head();
  requested_ = self_.now();
  if (options_.verbose) {
    std::string_view left = head;
    while (!left.empty()) {
      const auto end = left.find("\r\n");
      self_.err(fmt::format("> {}\n", left.substr(0, end)));
      left.remove_prefix(end + 2);
    }
  }
  // A request is far smaller than a send buffer; an error of the connection shows when reading.
  stream_.socket().write(head);
}

Status Curl::fail_operation() {
  return fail(timed_out, fmt::format("Operation timed out after {} milliseconds with {} bytes received",
                                     elapsed_ms(), body_bytes_));
}

Task<Status> Curl::receive_head() {
  auto parsed = parse_http_head(bytes_);
  while (!parsed) {
    Stream::Received received = co_await stream_.read(deadline());
    if (received.outcome == Stream::Outcome::timed_out) co_return fail_operation();
    if (received.outcome == Stream::Outcome::failed) {
      co_return fail(receive_failed, fmt::format("Recv failure: {}", error_text(received.error)));
    }
    if (received.bytes.empty()) {
      if (bytes_.empty()) co_return fail(empty_reply, "Empty reply from server");
      co_return fail(receive_failed, "Recv failure: Connection closed in the middle of a header");
    }
    if (bytes_.empty()) first_byte_ = self_.now();
    bytes_ += received.bytes;
    constexpr std::string_view protocol = "HTTP/";
    const std::size_t known = std::min(bytes_.size(), protocol.size());
    if (std::string_view(bytes_).substr(0, known) != protocol.substr(0, known)) {
      co_return fail(unsupported_protocol, "Received HTTP/0.9 when not allowed");
    }
    parsed = parse_http_head(bytes_);
  }
  head_ = std::move(parsed->head);
  const auto space = head_.first_line.find(' ');
  if (space != std::string::npos) response_code_ = std::atoi(head_.first_line.c_str() + space + 1);
  std::string text;
  for (const char c : std::string_view(bytes_).substr(0, parsed->size)) {
    if (c != '\r') text += c;  // a terminal shows no carriage return before a newline
  }
  if (options_.verbose) {
    std::string_view left = text;
    while (!left.empty()) {
      const auto end = left.find('\n');
      self_.err(fmt::format("< {}\n", left.substr(0, end)));
      left.remove_prefix(end + 1);
    }
  }
  if (options_.head && !options_.discard_body) self_.out(text);
  bytes_.erase(0, parsed->size);
  co_return ok;
}

Task<Status> Curl::receive_body() {
  if (options_.head || response_code_ == 204 || response_code_ == 304) co_return ok;
  const std::string* coding = head_.field("Transfer-Encoding");
  if (coding != nullptr && equal_ignoring_case(*coding, "chunked")) co_return co_await receive_chunks();
  const std::optional<std::uint64_t> length = head_.content_length();
  while (true) {
    if (length && body_bytes_ + bytes_.size() > *length)
      bytes_.resize(static_cast<std::size_t>(*length - body_bytes_));
    body_bytes_ += bytes_.size();
    if (!bytes_.empty() && !options_.discard_body) self_.out(bytes_);
    bytes_.clear();
    if (length && body_bytes_ == *length) co_return ok;
    Stream::Received received = co_await stream_.read(deadline());
    if (received.outcome == Stream::Outcome::timed_out) {
      if (!length) co_return fail_operation();
      co_return fail(timed_out,
                     fmt::format("Operation timed out after {} milliseconds with {} out of {} bytes received",
                                 elapsed_ms(), body_bytes_, *length));
    }
    if (received.outcome == Stream::Outcome::failed) {
      co_return fail(receive_failed, fmt::format("Recv failure: {}", error_text(received.error)));
    }
    if (received.bytes.empty()) {
      if (!length) co_return ok;
      co_return fail(partial_file,
                     fmt::format("transfer closed with {} bytes remaining to read", *length - body_bytes_));
    }
    bytes_ = std::move(received.bytes);
  }
}

/// curl lib/http_chunks.c Curl_chunked_strerror()
std::string_view fault_text(ChunkedBody::Fault fault) {
  switch (fault) {
    case ChunkedBody::Fault::no_size:
      return "Illegal or missing hexadecimal sequence";
    case ChunkedBody::Fault::size_too_long:
      return "Too long hexadecimal number";
    case ChunkedBody::Fault::none:
    case ChunkedBody::Fault::malformed:
      break;
  }
  return "Malformed encoding found";
}

Task<Status> Curl::receive_chunks() {
  ChunkedBody body;
  while (true) {
    std::string part = body.decode(bytes_);
    bytes_.clear();
    body_bytes_ += part.size();
    if (!part.empty() && !options_.discard_body) self_.out(std::move(part));
    if (body.fault() != ChunkedBody::Fault::none)
      co_return fail(receive_failed, fmt::format("{} in chunked-encoding", fault_text(body.fault())));
    if (body.ended()) co_return ok;
    Stream::Received received = co_await stream_.read(deadline());
    if (received.outcome == Stream::Outcome::timed_out) co_return fail_operation();
    if (received.outcome == Stream::Outcome::failed)
      co_return fail(receive_failed, fmt::format("Recv failure: {}", error_text(received.error)));
    if (received.bytes.empty())
      co_return fail(partial_file, "transfer closed with outstanding read data remaining");
    bytes_ = std::move(received.bytes);
  }
}

Status Curl::fail(Status status, std::string message) {
  error_ = std::move(message);
  return status;
}

/// -w. curl src/tool_writeout.c
std::string Curl::write_out(Status status) const {
  std::string text;
  const std::string& format = options_.write_out;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] == '\\' && i + 1 < format.size()) {
      const char c = format[++i];
      switch (c) {
        case 'n':
          text += '\n';
          break;
        case 't':
          text += '\t';
          break;
        case 'r':
          text += '\r';
          break;
        default:
          text += {'\\', c};
      }
    } else if (format.compare(i, 2, "%%") == 0) {
      text += '%';
      ++i;
    } else if (format.compare(i, 2, "%{") == 0 && format.find('}', i) != std::string::npos) {
      const std::size_t end = format.find('}', i);
      text += variable(std::string_view(format).substr(i + 2, end - i - 2), status);
      i = end;
    } else {
      text += format[i];
    }
  }
  return text;
}

std::string Curl::variable(std::string_view name, Status status) const {
  const Endpoint local = is_connected_ ? stream_.socket().local() : Endpoint();
  const auto since_start = [&](Nanoseconds time) {
    return seconds_text(time == Nanoseconds() ? time : time - start_);
  };
  if (name == "http_code" || name == "response_code") return fmt::format("{:03}", response_code_);
  if (name == "time_total") return seconds_text(self_.now() - start_);
  if (name == "time_namelookup") return since_start(resolved_);
  if (name == "time_connect") return since_start(connected_);
  if (name == "time_pretransfer") return since_start(requested_);
  if (name == "time_starttransfer") return since_start(first_byte_);
  if (name == "local_ip") return is_connected_ ? fmt::format("{}", local.address) : std::string();
  if (name == "local_port") return fmt::format("{}", local.port);
  if (name == "remote_ip") return is_connected_ ? fmt::format("{}", address_) : std::string();
  if (name == "remote_port") return fmt::format("{}", is_connected_ ? options_.port : 0);
  if (name == "size_download") return fmt::format("{}", body_bytes_);
  if (name == "num_connects") return is_connected_ ? "1" : "0";
  if (name == "url" || name == "url_effective") return options_.url;
  if (name == "exitcode") return fmt::format("{}", static_cast<int>(status));
  if (name == "errormsg") return error_;
  if (name == "method") return options_.head ? "HEAD" : "GET";
  if (name == "scheme") return "HTTP";
  if (name == "http_version") return response_code_ != 0 ? "1.1" : "0";
  if (name == "content_type") {
    const std::string* value = head_.field("Content-Type");
    return value != nullptr ? *value : std::string();
  }
  ASSERT(!"a variable that parse_curl() let through");
  return {};
}

}  // namespace

Task<int> curl_main(RunningProgram& self, CurlOptions options) {
  Curl curl(self, std::move(options));
  co_return co_await curl.run();
}

}  // namespace ekspath
