#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>

#include "sim/apps/http_message.hh"
#include "sim/apps/programs.hh"
#include "sim/apps/stream.hh"
#include "sim/apps/web_page.hh"

namespace ekspath {
namespace {

using namespace literals;
constexpr Nanoseconds keep_alive = 75_s;  // nginx's keepalive_timeout
constexpr std::size_t longest_head = 64 * 1024;

/// "Sun, 16 Feb 2025 01:00:00 GMT". RFC 9110 5.6.7; the calendar by Howard Hinnant's civil_from_days().
std::string date_text(std::int64_t unix_seconds) {
  static constexpr std::array<std::string_view, 7> days{"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
  static constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::int64_t day_number = unix_seconds / 86400;
  const std::int64_t second = unix_seconds % 86400;
  const std::int64_t shifted = day_number + 719468;
  const std::int64_t era = shifted / 146097;
  const std::int64_t day_of_era = shifted - era * 146097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month_from_march = (5 * day_of_year + 2) / 153;
  const std::int64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
  const std::int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
  const std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", days[static_cast<std::size_t>(day_number % 7)],
                     day, months[static_cast<std::size_t>(month - 1)], year, second / 3600, second / 60 % 60,
                     second % 60);
}

std::string own_name(RunningProgram& self) {
  const std::string& given = self.environment().host_name;
  return given.empty() ? std::string(self.netns().name()) : given;
}

/// What the server saw: for lessons about who a packet seems to come from.
std::string echo_body(RunningProgram& self, const TcpSocket& socket, const HttpHead& request) {
  std::string body = fmt::format("Hostname: {}\nServer address: {}:{}\nClient address: {}:{}\nRequest: {}\n",
                                 own_name(self), socket.local().address, socket.local().port,
                                 socket.remote().address, socket.remote().port, request.first_line);
  for (const auto& [name, value] : request.fields) body += fmt::format("{}: {}\n", name, value);
  return body;
}

/// What this server says to a request that it understands.
WebPage page_of(RunningProgram& self, const TcpSocket& socket, const HttpHead& request, HttpServes serves) {
  const std::string path = request_path(request.first_line);
  if (serves == HttpServes::nginx) return nginx_page(path);
  if (serves == HttpServes::agnhost) {
    return agnhost_page(
        {path, fmt::format("{}:{}", socket.remote().address, socket.remote().port), own_name(self)});
  }
  WebPage page;
  page.head =
      "Server: ekspath\r\nDate: %D\r\nContent-Type: text/plain\r\nContent-Length: %L\r\nConnection: %C\r\n";
  page.body = serves == HttpServes::echo ? echo_body(self, socket, request)
                                         : fmt::format("{}\n", socket.remote().address);
  return page;
}

/// The page as bytes: %D, %L and %C filled in.
std::string answer_text(const WebPage& page, bool closes, std::string_view date) {
  const auto filled = [&](std::string text) {
    const auto fill = [&](std::string_view mark, std::string_view value) {
      for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at))
        text.replace(at, mark.size(), value);
    };
    fill("%D", date);
    fill("%L", fmt::format("{}", page.body.size()));
    fill("%C", closes ? "close" : "keep-alive");
    return text;
  };
  return fmt::format("HTTP/1.1 {}\r\n{}\r\n", page.status, filled(page.head));
}

/// A request that came in whole, and who asks.
struct HttpExchange {
  RunningProgram& self;
  const TcpSocket& socket;
  const HttpHead& request;
  bool understood = false;  // it is of HTTP/1
  bool closes = false;      // no other follows on this connection

  [[nodiscard]] std::string date() const {
    return date_text((self.netns().kernel().epoch_ns + self.now().count()) / 1'000'000'000);
  }
};
/// The bytes of the answer.
using Respond = std::function<std::string(const HttpExchange&)>;

Task<void> serve_connection(RunningProgram& self, std::unique_ptr<TcpSocket> accepted, Respond respond) {
  Stream stream(self.scheduler(), std::move(accepted));
  std::string bytes;
  while (true) {
    auto parsed = parse_http_head(bytes);
    while (!parsed) {
      const Stream::Received received = co_await stream.read(self.now() + keep_alive);
      if (received.outcome != Stream::Outcome::done || received.bytes.empty()) co_return;
      bytes += received.bytes;
      if (bytes.size() > longest_head) co_return;
      parsed = parse_http_head(bytes);
    }
    bytes.erase(0, parsed->size);
    // A body is read and not looked at.
    for (std::uint64_t left = parsed->head.content_length().value_or(0); left > 0;) {
      if (bytes.empty()) {
        Stream::Received received = co_await stream.read(self.now() + keep_alive);
        if (received.outcome != Stream::Outcome::done || received.bytes.empty()) co_return;
        bytes = std::move(received.bytes);
      }
      const std::size_t taken = static_cast<std::size_t>(std::min<std::uint64_t>(left, bytes.size()));
      bytes.erase(0, taken);
      left -= taken;
    }
    const bool understood = parsed->head.first_line.find(" HTTP/1.") != std::string::npos;
    const std::string* wish = parsed->head.field("Connection");
    const bool is_old = parsed->head.first_line.ends_with("HTTP/1.0");
    const bool closes = !understood || (wish != nullptr ? equal_ignoring_case(*wish, "close") : is_old);
    std::string answer = respond({self, stream.socket(), parsed->head, understood, closes});
    if (co_await stream.write(std::move(answer), self.now() + keep_alive) != Stream::Outcome::done) co_return;
    if (closes) co_return;
  }
}

/// What the servers of `listens` answer.
std::string answer_of_server(const HttpExchange& exchange, HttpServes serves) {
  WebPage page{"400 Bad Request",
               "Server: ekspath\r\nDate: %D\r\nContent-Type: text/plain\r\nContent-Length: %L\r\nConnection: "
               "%C\r\n",
               ""};
  if (exchange.understood) page = page_of(exchange.self, exchange.socket, exchange.request, serves);
  std::string answer = answer_text(page, exchange.closes, exchange.date());
  if (!exchange.request.first_line.starts_with("HEAD ")) answer += page.body;
  return answer;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 503:
      return "Service Unavailable";
    default:
      return "";
  }
}

/// net/http/server.go bufferBeforeChunkingSize: how much a handler may write before the head goes out without
/// the length.
constexpr std::size_t go_buffer = 2048;

/// As Go's net/http writes an answer: the handler's fields sorted, then its own. net/http/server.go
/// cw.writeHeader(); net/http/sniff.go for the type of what the handler does not name: text is all we write
std::string answer_of_agent(const HttpExchange& exchange, const HttpHandler& handler) {
  const std::string& line = exchange.request.first_line;
  const std::size_t space = line.find(' ');
  if (!exchange.understood || space == std::string::npos) {
    return "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"
           "400 Bad Request";
  }
  const std::string_view method = std::string_view(line).substr(0, space);
  std::string_view path = std::string_view(line).substr(space + 1);
  path = path.substr(0, path.find(' '));
  HttpAnswer answer = handler(method, path);
  std::ranges::sort(answer.fields);
  std::string text = fmt::format("HTTP/1.1 {} {}\r\n", answer.status, reason_phrase(answer.status));
  for (const auto& [name, value] : answer.fields) text += fmt::format("{}: {}\r\n", name, value);
  text += fmt::format("Date: {}\r\n", exchange.date());
  const bool is_known = answer.body.size() <= go_buffer;
  const bool is_head = method == "HEAD";
  const bool is_chunked = !is_known && !is_head && !line.ends_with("HTTP/1.0");
  if (is_known) text += fmt::format("Content-Length: {}\r\n", answer.body.size());
  const bool names_type =
      std::ranges::find(answer.fields, "Content-Type", &std::pair<std::string, std::string>::first) !=
      answer.fields.end();
  if (!names_type && !answer.body.empty()) text += "Content-Type: text/plain; charset=utf-8\r\n";
  if (exchange.closes) text += "Connection: close\r\n";
  if (is_chunked) text += "Transfer-Encoding: chunked\r\n";
  text += "\r\n";
  if (is_head) return text;
  if (!is_chunked) return text + answer.body;
  return text + fmt::format("{:x}\r\n{}\r\n0\r\n\r\n", answer.body.size(), answer.body);
}

Task<int> serve_http(RunningProgram& self, Endpoint local, Respond respond) {
  TcpSocket listener(self.netns());
  Signal arrived(self.scheduler());
  listener.on_event = [&] { arrived.raise(); };
  listener.reuse_address = true;
  int error = listener.bind(local);
  if (error == 0) error = listener.listen(511);
  if (error != 0) {
    self.err(fmt::format("bind to {}:{} failed: {}\n", local.address, local.port, error_text(error)));
    co_return 1;
  }
  while (true) {
    while (auto accepted = listener.accept())
      self.scheduler().spawn(serve_connection(self, std::move(accepted), respond));
    co_await arrived.wait();
  }
}

}  // namespace

Task<int> http_server_main(RunningProgram& self, std::uint16_t port, HttpServes serves) {
  return serve_http(self, {Ipv4Address(), port},
                    [serves](const HttpExchange& exchange) { return answer_of_server(exchange, serves); });
}

Task<int> http_agent_main(RunningProgram& self, Endpoint local, HttpHandler handler) {
  return serve_http(self, local, [handler = std::move(handler)](const HttpExchange& exchange) {
    return answer_of_agent(exchange, handler);
  });
}

}  // namespace ekspath
