#include "sim/lab/tcpdump_payload.hh"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "sim/base/ipv4_address.hh"
#include "sim/packet/byte_order.hh"

namespace ekspath {
namespace {

/// A DNS message being printed. A read beyond its end, or a name that goes astray, ends the print: `cut`.
class DnsPrinter {
 public:
  DnsPrinter(std::span<const std::uint8_t> message, int verbosity)
      : message_(message), verbosity_(verbosity) {}

  std::string print(std::size_t length) {
    if (length < header_size) return fmt::format("domain [length {} < {}] (invalid)", length, header_size);
    if (message_.size() < header_size) return " [|domain]";
    const std::uint16_t flags = half(2);
    at_ = header_size;
    (flags & 0x8000) != 0 ? response(flags) : request(flags);
    text_ += cut_ ? " [|domain]" : fmt::format(" ({})", length);
    return std::move(text_);
  }

 private:
  static constexpr std::size_t header_size = 12;

  [[nodiscard]] std::uint16_t half(std::size_t at) const { return load16(&message_[at]); }
  [[nodiscard]] bool here(std::size_t bytes) {
    if (at_ + bytes > message_.size()) cut_ = true;
    return !cut_;
  }
  [[nodiscard]] bool at_end() const { return at_ >= message_.size(); }

  void response(std::uint16_t flags) {
    static constexpr std::string_view codes[] = {"",         " FormErr", " ServFail", " NXDomain",
                                                 " NotImp",  " Refused", " YXDomain", " YXRRSet",
                                                 " NXRRSet", " NotAuth", " NotZone"};
    const std::size_t code = flags & 0xfU;
    text_ += fmt::format("{}{}{}{}{}{}{}", half(0), operation(flags),
                         code < std::size(codes) ? std::string(codes[code]) : fmt::format(" Resp{}", code),
                         (flags & 0x0400) != 0 ? "*" : "", (flags & 0x0080) != 0 ? "" : "-",
                         (flags & 0x0200) != 0 ? "|" : "", (flags & 0x0020) != 0 ? "$" : "");
    const std::uint16_t questions = half(4);
    if (questions != 1) text_ += fmt::format(" [{}q]", questions);
    for (int i = 0; i < questions && !cut_; ++i) {
      if (i != 0) text_ += ",";
      if (verbosity_ > 1) {
        text_ += " q:";
        question();
      } else {
        skip_name();
        at_ += 4;
        if (at_ > message_.size()) cut_ = true;
      }
    }
    if (cut_) return;
    text_ += fmt::format(" {}/{}/{}", half(6), half(8), half(10));
    records(half(6), "");
    if (verbosity_ < 2 || cut_) return;
    records(half(8), " ns:");
    if (!cut_) records(half(10), " ar:");
  }

  void request(std::uint16_t flags) {
    text_ += fmt::format("{}{}{}{}", half(0), operation(flags), (flags & 0x0100) != 0 ? "+" : "",
                         (flags & 0x0010) != 0 ? "%" : "");
    if ((flags & 0x06cf) != 0) text_ += fmt::format(" [b2&3=0x{:x}]", flags);
    const std::uint16_t questions = half(4), answers = half(6);
    const bool inverse = (flags >> 11 & 0xf) == 1;
    if (inverse && questions != 0) text_ += fmt::format(" [{}q]", questions);
    if (answers != (inverse ? 1 : 0)) text_ += fmt::format(" [{}a]", answers);
    if (!inverse && questions != 1) text_ += fmt::format(" [{}q]", questions);
    if (half(8) != 0) text_ += fmt::format(" [{}n]", half(8));
    if (half(10) != 0) text_ += fmt::format(" [{}au]", half(10));
    for (int i = 0; i < questions && !cut_; ++i) {
      if (i > 0 && at_end()) cut_ = true;
      if (!cut_) question();
    }
    if (verbosity_ < 2 || cut_) return;
    records(answers, "");
    if (!cut_) records(half(8), " ns:");
    if (!cut_) records(half(10), " ar:");
  }

  static std::string operation(std::uint16_t flags) {
    static constexpr std::string_view names[] = {
        "",     " inv_q",   " stat",    " op3",      " notify",  " update",   " op6",      " op7",
        " op8", " updateA", " updateD", " updateDA", " updateM", " updateMA", " zoneInit", " zoneRef"};
    return std::string(names[flags >> 11 & 0xf]);
  }

  /// ns_qprint()
  void question() {
    const std::size_t name = at_;
    skip_name();
    if (!here(4)) return;
    const std::uint16_t type = half(at_), kind = half(at_ + 2);
    at_ += 4;
    text_ += " " + type_name(type);
    if (kind != 1) text_ += " " + class_name(kind);
    text_ += "? ";
    const std::size_t after = at_;
    at_ = name;
    print_name();
    at_ = after;
  }

  void records(std::uint16_t count, std::string_view title) {
    if (count == 0) return;
    if (at_end() && !title.empty()) {
      cut_ = true;
      return;
    }
    text_ += title;
    for (std::uint16_t left = count; left > 0 && !cut_;) {
      record();
      if (cut_) return;
      --left;
      if (left > 0 && at_end()) cut_ = true;
      if (left > 0 && !cut_) text_ += ",";
    }
  }

  /// ns_rprint()
  void record() {
    if (verbosity_ > 0) {
      text_ += " ";
      print_name();
    } else {
      skip_name();
    }
    if (cut_ || !here(10)) return;
    const std::uint16_t type = half(at_), kind = half(at_ + 2);
    const std::uint32_t life = load32(&message_[at_ + 4]);
    const std::size_t size = half(at_ + 8);
    if (kind != 1 && type != type_opt) text_ += " " + class_name(kind);
    if (type != type_opt && verbosity_ > 2) text_ += " [" + relative_time(life) + "]";
    at_ += 10;
    const std::size_t end = at_ + size;
    text_ += " " + type_name(type);
    if (end > message_.size()) {
      cut_ = true;
      return;
    }
    value(type, kind, life, end);
    at_ = end;
  }

  void value(std::uint16_t type, std::uint16_t kind, std::uint32_t life, std::size_t end) {
    if (type == 1 && end >= at_ + 4) {
      text_ += fmt::format(" {}", Ipv4Address(load32(&message_[at_])));
    } else if (type == 28 && end >= at_ + 16) {
      text_ += " " + ipv6_text(message_.subspan(at_, 16));
    } else if (type == 2 || type == 5 || type == 12) {
      text_ += " ";
      print_name();
    } else if (type == 15 && end >= at_ + 2) {
      const std::uint16_t preference = half(at_);
      at_ += 2;
      text_ += " ";
      print_name();
      if (!cut_) text_ += fmt::format(" {}", preference);
    } else if (type == 6 && verbosity_ > 0) {
      text_ += " ";
      print_name();
      text_ += " ";
      if (!cut_) print_name();
      for (int i = 0; i < 5 && here(4); ++i, at_ += 4) text_ += fmt::format(" {}", load32(&message_[at_]));
    } else if (type == 33 && end >= at_ + 6) {
      const std::uint16_t priority = half(at_), weight = half(at_ + 2), port = half(at_ + 4);
      at_ += 6;
      text_ += " ";
      print_name();
      if (!cut_) text_ += fmt::format(":{} {} {}", port, priority, weight);
    } else if (type == 16) {
      while (at_ < end && !cut_) {
        text_ += " \"";
        const std::size_t size = message_[at_++];
        if (!here(size)) return;
        print_characters(message_.subspan(at_, size));
        at_ += size;
        text_ += "\"";
      }
    } else if (type == type_opt) {
      text_ += fmt::format(" UDPsize={}", kind);
      if ((life & 0x8000) != 0) text_ += " DO";
    }
  }

  /// ns_nskip()
  void skip_name() {
    while (here(1)) {
      const std::uint8_t label = message_[at_++];
      if (label == 0) return;
      if ((label & 0xc0) == 0xc0) {
        ++at_;
        return;
      }
      if ((label & 0xc0) != 0) {
        cut_ = true;
        return;
      }
      at_ += label;
    }
  }

  /// The name at at_, which moves behind it. A pointer must go backwards. fqdn_print()
  void print_name() {
    std::size_t cursor = at_, limit = at_;
    std::optional<std::size_t> after;
    bool any = false;
    while (true) {
      if (cursor >= message_.size()) {
        cut_ = true;
        return;
      }
      const std::uint8_t label = message_[cursor++];
      if (label == 0) break;
      if ((label & 0xc0) == 0xc0) {
        if (cursor >= message_.size()) {
          cut_ = true;
          return;
        }
        if (!after) after = cursor + 1;
        const std::size_t target = std::size_t{label & 0x3fU} << 8 | message_[cursor];
        if (target >= limit) {
          text_ += "<BAD PTR>";
          cut_ = true;
          return;
        }
        limit = cursor = target;
        continue;
      }
      if ((label & 0xc0) != 0 || cursor + label > message_.size()) {
        if ((label & 0xc0) == 0x80) text_ += "<BAD LABEL TYPE>";
        if ((label & 0xc0) == 0x40) text_ += fmt::format("<ELT {}>", label & 0x3f);
        if ((label & 0xc0) == 0) print_characters(message_.subspan(cursor));
        cut_ = true;
        return;
      }
      print_characters(message_.subspan(cursor, label));
      text_ += ".";
      any = true;
      cursor += label;
    }
    if (!any) text_ += ".";
    at_ = after.value_or(cursor);
  }

  /// util-print.c fn_print_char()
  void print_characters(std::span<const std::uint8_t> characters) {
    for (std::uint8_t c : characters) {
      if (c >= 0x80) {
        c = c & 0x7f;
        text_ += "M-";
      }
      if (c < 0x20 || c == 0x7f) {
        c ^= 0x40;
        text_ += "^";
      }
      text_ += static_cast<char>(c);
    }
  }

  static std::string type_name(std::uint16_t type) {
    static constexpr std::pair<std::uint16_t, std::string_view> names[] = {
        {1, "A"},      {2, "NS"},     {5, "CNAME"},  {6, "SOA"},   {11, "WKS"},    {12, "PTR"},
        {13, "HINFO"}, {15, "MX"},    {16, "TXT"},   {28, "AAAA"}, {33, "SRV"},    {35, "NAPTR"},
        {41, "OPT"},   {43, "DS"},    {46, "RRSIG"}, {47, "NSEC"}, {48, "DNSKEY"}, {64, "SVCB"},
        {65, "HTTPS"}, {252, "AXFR"}, {255, "ANY"}};
    const auto found = std::ranges::find(names, type, &std::pair<std::uint16_t, std::string_view>::first);
    return found != std::end(names) ? std::string(found->second) : fmt::format("Type{}", type);
  }

  static std::string class_name(std::uint16_t kind) {
    if (kind == 3) return "CHAOS";
    if (kind == 4) return "HS";
    if (kind == 255) return "ANY";
    return fmt::format("(Class {})", kind);
  }

  /// util-print.c unsigned_relts_print()
  static std::string relative_time(std::uint32_t seconds) {
    if (seconds == 0) return "0s";
    std::string text;
    constexpr std::pair<std::uint32_t, char> units[] = {
        {604800, 'w'}, {86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
    for (const auto& [unit, letter] : units) {
      if (seconds >= unit) text += fmt::format("{}{}", seconds / unit, letter);
      seconds %= unit;
    }
    return text;
  }

  /// RFC 5952
  static std::string ipv6_text(std::span<const std::uint8_t> bytes) {
    int best = -1, best_length = 1;
    for (int from = 0; from < 8; ++from) {
      int to = from;
      while (to < 8 && load16(&bytes[static_cast<std::size_t>(to) * 2]) == 0) ++to;
      if (to - from > best_length) best = from, best_length = to - from;
    }
    std::string text;
    for (int group = 0; group < 8; ++group) {
      if (group == best) {
        text += "::";
        group += best_length - 1;
        continue;
      }
      if (!text.empty() && text.back() != ':') text += ":";
      text += fmt::format("{:x}", load16(&bytes[static_cast<std::size_t>(group) * 2]));
    }
    return text;
  }

  static constexpr std::uint16_t type_opt = 41;
  std::span<const std::uint8_t> message_;
  int verbosity_;
  std::size_t at_ = 0;
  bool cut_ = false;
  std::string text_;
};

constexpr std::string_view http_requests[] = {"GET",
                                              "PUT",
                                              "COPY",
                                              "HEAD",
                                              "LOCK",
                                              "MOVE",
                                              "POLL",
                                              "POST",
                                              "BCOPY",
                                              "BMOVE",
                                              "MKCOL",
                                              "TRACE",
                                              "LABEL",
                                              "MERGE",
                                              "DELETE",
                                              "SEARCH",
                                              "UNLOCK",
                                              "REPORT",
                                              "UPDATE",
                                              "NOTIFY",
                                              "BDELETE",
                                              "CONNECT",
                                              "OPTIONS",
                                              "CHECKIN",
                                              "PROPFIND",
                                              "CHECKOUT",
                                              "CCM_POST",
                                              "SUBSCRIBE",
                                              "PROPPATCH",
                                              "BPROPFIND",
                                              "BPROPPATCH",
                                              "UNCHECKOUT",
                                              "MKACTIVITY",
                                              "MKWORKSPACE",
                                              "UNSUBSCRIBE",
                                              "RPC_CONNECT",
                                              "VERSION-CONTROL",
                                              "BASELINE-CONTROL"};

bool is_printable(char c) { return c >= ' ' && c <= '~'; }
bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/// The word that begins at `at`, which moves to the next word of the line; "" when there is none. print.c
/// fetch_token()
std::string_view fetch_token(std::string_view text, std::size_t& at) {
  const std::size_t begin = at;
  while (at < text.size() && !is_space(text[at])) {
    if (!is_printable(text[at])) return {};
    ++at;
  }
  const std::string_view token = text.substr(begin, at - begin);
  while (at < text.size() && text[at] == ' ') ++at;
  return token.size() < 128 ? token : std::string_view{};
}

bool is_request_or_response(std::string_view text) {
  std::size_t at = 0;
  const std::string_view first = fetch_token(text, at);
  if (first.empty()) return false;
  const auto same = [first](std::string_view known) {
    return std::ranges::equal(first, known,
                              [](char a, char b) { return (a >= 'a' && a <= 'z' ? a - 32 : a) == b; });
  };
  if (std::ranges::any_of(http_requests, same)) return true;
  const std::string_view code = fetch_token(text, at);
  return code.size() == 3 && std::ranges::all_of(code, [](char c) { return c >= '0' && c <= '9'; });
}

/// Prints the line at `at` and moves behind it; false: no further line of text. `cut`: the payload goes on
/// behind what is there. print.c print_txt_line()
bool print_line(std::string& out, std::string_view prefix, std::string_view text, bool cut, std::size_t& at) {
  for (std::size_t i = at; i < text.size(); ++i) {
    const char c = text[i];
    const bool crlf = c == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
    if (c == '\n' || crlf) {
      out += std::string(prefix) + std::string(text.substr(at, i - at));
      at = i + (crlf ? 2 : 1);
      return true;
    }
    if (!is_printable(c) && c != '\t') return false;
  }
  if (!cut) out += std::string(prefix) + std::string(text.substr(at));
  out += " [|http]";
  return false;
}

}  // namespace

std::string tcpdump_dns(std::span<const std::uint8_t> message, std::size_t length, int verbosity) {
  return DnsPrinter(message, verbosity).print(length);
}

std::string tcpdump_http(std::span<const std::uint8_t> payload, std::size_t length, int verbosity) {
  const std::string_view text(reinterpret_cast<const char*>(payload.data()), payload.size());
  const bool cut = payload.size() < length;
  std::string out = "HTTP";
  if (!is_request_or_response(text)) return out;
  std::size_t at = 0;
  if (verbosity == 0) {
    (void)print_line(out, ": ", text, cut, at);
    return out;
  }
  out += fmt::format(", length: {}", length);
  while (at < length && print_line(out, "\n\t", text, cut, at)) {
  }
  return out;
}

}  // namespace ekspath
