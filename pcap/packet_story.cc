#include "pcap/packet_story.hh"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <utility>

#include "pcap/utf8.hh"
#include "sim/packet/headers.hh"

namespace ekspath {
namespace {

constexpr std::size_t longest_rule_word = 120;
constexpr std::size_t longest_text = 4096;  // a comment is for reading; hops.ndjson has every decision whole

std::uint8_t weight_of(const Decision& decision) {
  switch (decision.verdict) {
    case Verdict::drop:
    case Verdict::reject:
      return 5;
    case Verdict::translate:
      return 4;
    case Verdict::deliver:
      return 3;
    case Verdict::accept:
      return 2;
    case Verdict::queue:
    case Verdict::pass:
    case Verdict::log:
      return 1;
  }
  return 1;
}

bool is_netfilter(Stage stage) {
  return stage == Stage::raw || stage == Stage::mangle || stage == Stage::nat || stage == Stage::filter;
}

/// "nat AWS-SNAT-CHAIN-0 -A AWS-SNAT-CHAIN-0 ..." is shown as nat/AWS-SNAT-CHAIN-0, another rule as its stage
/// and itself.
std::string rule_word(const Decision& decision) {
  const std::string_view rule = decision.rule;
  if (rule.empty()) return {};
  if (is_netfilter(decision.stage)) {
    const std::size_t table_end = rule.find(' ');
    if (table_end != std::string_view::npos) {
      const std::size_t chain_end = std::min(rule.find(' ', table_end + 1), rule.size());
      return fmt::format("{}/{}", rule.substr(0, table_end),
                         rule.substr(table_end + 1, chain_end - table_end - 1));
    }
  }
  return fmt::format("{}/{}", to_string(decision.stage), utf8_cut(rule, longest_rule_word));
}

/// What stands for itself in a comment.
constexpr auto plain_characters = [] {
  std::array<bool, 256> plain{};
  for (std::size_t c = ' '; c < 0x7f; ++c) plain[c] = c != '=' && c != '%';
  return plain;
}();
bool is_plain(char c) { return plain_characters[static_cast<unsigned char>(c)]; }

void append_escaped(std::string& text, std::string_view value) {
  while (!value.empty()) {
    const auto* special = std::ranges::find_if_not(value, is_plain);
    const auto plain = static_cast<std::size_t>(special - value.begin());
    text += value.substr(0, plain);
    value.remove_prefix(plain);
    if (value.empty()) return;
    const std::size_t size = utf8_character(value);
    if (size > 1) {
      text += value.substr(0, size);
    } else {
      fmt::format_to(std::back_inserter(text), FMT_COMPILE("%{:02X}"),
                     static_cast<unsigned char>(value.front()));
    }
    value.remove_prefix(std::max<std::size_t>(size, 1));
  }
}

void append_endpoint(std::string& text, std::string_view what, Ipv4Address address, std::uint16_t port) {
  const std::uint32_t bits = address.bits();
  fmt::format_to(std::back_inserter(text), FMT_COMPILE("{}:{}.{}.{}.{}"), what, bits >> 24,
                 (bits >> 16) & 0xff, (bits >> 8) & 0xff, bits & 0xff);
  if (port != 0) fmt::format_to(std::back_inserter(text), FMT_COMPILE(":{}"), port);
}

/// What became of the addresses: "SNAT:192.168.1.251:23456", "DNAT:10.0.0.5:8080", or both. Of ICMP the
/// "port" is the id.
void append_translation(std::string& text, const Tuple& before, const Tuple& after) {
  const bool icmp = IpProtocol{after.protocol} == IpProtocol::icmp;
  const bool source = before.source != after.source || before.source_port != after.source_port;
  const bool destination =
      before.destination != after.destination || (!icmp && before.destination_port != after.destination_port);
  if (source) append_endpoint(text, "SNAT", after.source, after.source_port);
  if (source && destination) text += ',';
  if (destination) append_endpoint(text, "DNAT", after.destination, icmp ? 0 : after.destination_port);
}

std::string_view upper(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return "PASS";
    case Verdict::accept:
      return "ACCEPT";
    case Verdict::drop:
      return "DROP";
    case Verdict::translate:
      return "ACCEPT";  // the packet goes on; nat= says how
    case Verdict::deliver:
      return "DELIVER";
    case Verdict::reject:
      return "DROP";  // text and reason say that the sender was told; a filter looks for one word
    case Verdict::queue:
      return "QUEUE";
    case Verdict::log:
      return "PASS";
  }
  return "PASS";
}

}  // namespace

void append_word(std::string& comment, std::string_view value) {
  const std::size_t begin = comment.size();
  append_escaped(comment, value);
  std::ranges::replace(comment.begin() + static_cast<std::ptrdiff_t>(begin), comment.end(), ' ', '_');
}

void PacketStory::tell(const Decision& decision, std::string_view where) {
  const std::uint8_t weight = weight_of(decision);
  if (weight >= weight_) {
    weight_ = weight;
    verdict_ = decision.verdict;
    reason_ = decision.reason;
    // A plain "goes on" leaves the rule that was named before it.
    if (!decision.rule.empty() || weight > 1) rule_ = rule_word(decision);
    at_ = where;
  }
  if (decision.verdict == Verdict::translate) {
    if (!translated_) before_ = decision.before;
    translated_ = true;
    after_ = decision.after;
  }
  if (!decision.rule.empty() && text_.size() < longest_text) {
    if (!text_.empty()) text_ += " | ";
    if (!is_netfilter(decision.stage)) {  // whose rules begin with their table
      text_ += to_string(decision.stage);
      text_ += ": ";
    }
    text_ += utf8_cut(decision.rule, longest_text);
  }
}

void PacketStory::append(PacketStory&& later) {
  if (later.weight_ >= weight_ && later.weight_ > 0) {
    weight_ = later.weight_;
    verdict_ = later.verdict_;
    reason_ = later.reason_;
    if (!later.rule_.empty() || later.weight_ > 1) rule_ = std::move(later.rule_);
    at_ = std::move(later.at_);
  }
  if (later.translated_) {
    if (!translated_) before_ = later.before_;
    translated_ = true;
    after_ = later.after_;
  }
  if (!later.text_.empty() && text_.size() < longest_text) {
    if (!text_.empty()) text_ += " | ";
    text_ += later.text_;
  }
}

void PacketStory::clear() {
  verdict_ = Verdict::pass;
  reason_ = DropReason::none;
  weight_ = 0;
  translated_ = false;
  rule_.clear();
  at_.clear();
  text_.clear();
}

void PacketStory::append_words(std::string& comment) const {
  if (weight_ == 0) return;
  comment += " verdict=";
  comment += upper(verdict_);
  if (!rule_.empty()) {
    comment += " rule=";
    append_word(comment, rule_);
  }
  if (translated_ && before_ != after_) {
    comment += " nat=";
    append_translation(comment, before_, after_);
  }
  if (reason_ != DropReason::none) {
    comment += " reason=";
    comment += to_string(reason_);
  }
  comment += " at=";
  append_word(comment, at_);
}

void PacketStory::append_text(std::string& comment) const {
  if (text_.empty()) return;
  comment += " text=\"";
  append_escaped(comment, text_);
  comment += '"';
}

}  // namespace ekspath
