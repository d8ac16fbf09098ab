#pragma once

#include <fmt/format.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/linux/netns.hh"
#include "sim/linux/socket/tcp_socket.hh"
#include "sim/linux/socket/udp_socket.hh"
#include "sim/packet/dns_message.hh"

namespace ekspath {

/// A name server on port 53 of a host that answers as a test says, and writes down what it was asked.
class ScriptedDns {
 public:
  /// None: it stays silent.
  using Script = std::function<std::optional<DnsMessage>(const DnsMessage& query, bool by_tcp)>;

  ScriptedDns(Netns& netns, Script script)
      : netns_(netns), script_(std::move(script)), udp_(netns), listener_(netns) {
    udp_.on_readable = [this] { take_datagrams(); };
    listener_.on_event = [this] {
      if (auto accepted = listener_.accept()) {
        accepted->on_event = [this] { take_stream(); };
        stream_ = std::move(accepted);
        take_stream();
      }
    };
    if (udp_.bind({Ipv4Address(), dns_port}) != 0 || listener_.bind({Ipv4Address(), dns_port}) != 0 ||
        listener_.listen() != 0)
      std::abort();
  }

  /// "5s udp 40000 A www.google.com.", in order; ports are numbered as they come.
  std::vector<std::string> asked;
  /// The same as lines.
  [[nodiscard]] std::string asked_text() const {
    std::string text;
    for (const std::string& line : asked) text += line + "\n";
    return text;
  }

 private:
  void note(const DnsMessage& query, std::string_view protocol, std::uint16_t port) {
    const auto number = ports_.emplace(port, ports_.size() + 1).first->second;
    const DnsQuestion& question = query.questions.at(0);
    asked.push_back(fmt::format("{}s {} #{} {} {}", netns_.now().whole_seconds(), protocol, number,
                                to_string(question.type), question.name.text()));
  }
  void take_datagrams() {
    while (const auto datagram = udp_.receive()) {
      const auto query = read_dns(datagram->payload);
      if (!query) continue;
      note(*query, "udp", datagram->from.port);
      if (const auto answer = script_(*query, false))
        static_cast<void>(udp_.send_to(datagram->from, write_dns(*answer)));
    }
  }
  void take_stream() {
    std::string bytes(stream_->readable(), '\0');
    stream_->read(std::span(reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()));
    reader_.feed(bytes);
    while (const auto message = reader_.take()) {
      const auto query = read_dns({reinterpret_cast<const std::uint8_t*>(message->data()), message->size()});
      note(*query, "tcp", stream_->remote().port);
      if (const auto answer = script_(*query, true)) stream_->write(dns_stream_frame(write_dns(*answer)));
    }
  }

  Netns& netns_;
  Script script_;
  UdpSocket udp_;
  TcpSocket listener_;
  std::unique_ptr<TcpSocket> stream_;
  DnsStreamReader reader_;
  std::map<std::uint16_t, std::size_t> ports_;
};

inline DnsRecord a_record(std::string_view name, Ipv4Address address, std::uint32_t ttl = 5) {
  return {DnsName::parse(name).value(), DnsType::a, DnsClass::internet, ttl, address};
}

}  // namespace ekspath
