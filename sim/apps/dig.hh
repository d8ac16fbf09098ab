#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sim/apps/program.hh"
#include "sim/packet/dns_message.hh"

namespace ekspath {

/// dig(1) of bind 9.18, one name a run. What it prints was compared with dig 9.18.49 on the same replies.
struct DigOptions {
  std::string name = ".";
  DnsType type = DnsType::a;
  bool type_given = false;
  std::string server;  // of @; "": the first one of /etc/resolv.conf
  std::uint16_t port = dns_port;
  bool search = false;
  bool short_form = false;
  bool tcp = false;
  bool recurse = true;
  bool edns = true;
  bool cookie = true;
  bool command = true;   // +cmd
  bool all_off = false;  // +noall was said: no greeting with an answer
  bool comments = true;
  bool question = true;
  bool answer = true;
  bool authority = true;
  bool additional = true;
  bool statistics = true;
  std::int64_t timeout_s = 5;  // +time; TCP: twice
  std::int64_t tries = 3;
  std::optional<unsigned> ndots;
};
[[nodiscard]] std::variant<DigOptions, CommandError> parse_dig(const std::vector<std::string>& arguments);

/// One line of a section: name, TTL, class, type, data at columns 24, 32, 40 and 48, by tabs of 8 where they
/// reach and a space where a field is too long. bind9 9.18 lib/dns/masterdump.c indent()
[[nodiscard]] std::string dig_record_line(const DnsRecord& record);
[[nodiscard]] std::string dig_question_line(const DnsQuestion& question);

}  // namespace ekspath
