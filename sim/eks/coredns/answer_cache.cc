#include "sim/eks/coredns/answer_cache.hh"

#include <algorithm>

namespace ekspath {
namespace {

constexpr std::uint32_t least_ttl_s = 5;       // dnsutil.MinimalDefaultTTL: minpttl, minnttl, failttl
constexpr std::uint32_t longest_ttl_s = 3600;  // dnsutil.MaximumDefaulTTL

enum class Kind : std::uint8_t { positive, denial, failure, other };

bool has_soa(const DnsMessage& reply) {
  return std::ranges::any_of(reply.authority,
                             [](const DnsRecord& record) { return record.type == DnsType::soa; });
}

/// response.Typify()
Kind kind_of(const DnsMessage& reply) {
  if (reply.truncated) return Kind::other;
  switch (reply.code) {
    case DnsCode::no_error:
      if (reply.answers.empty() && has_soa(reply)) return Kind::denial;
      return Kind::positive;
    case DnsCode::name_error:
      return has_soa(reply) ? Kind::denial : Kind::other;
    case DnsCode::server_failure:
    case DnsCode::not_implemented:
      return Kind::failure;
    default:
      return Kind::other;
  }
}

/// dnsutil.MinimalTTL()
std::uint32_t minimal_ttl(const DnsMessage& reply) {
  std::uint32_t least = longest_ttl_s;
  bool any = false;
  for (const auto* section : {&reply.answers, &reply.authority, &reply.additional}) {
    for (const DnsRecord& record : *section) {
      least = std::min(least, record.ttl_s);
      any = true;
    }
  }
  return any ? least : least_ttl_s;
}

void write_ttl(DnsMessage& reply, std::uint32_t ttl_s) {
  for (auto* section : {&reply.answers, &reply.authority, &reply.additional}) {
    for (DnsRecord& record : *section) record.ttl_s = ttl_s;
  }
}

}  // namespace

AnswerCache::Key AnswerCache::key_of(const DnsMessage& message) {
  const DnsQuestion& question = message.questions.front();
  return {question.name, question.type, message.edns && message.edns->dnssec_ok};
}

std::optional<DnsMessage> AnswerCache::find(const DnsMessage& query, Nanoseconds now) const {
  for (const Items* items : {&negative_, &positive_}) {
    const auto found = items->find(key_of(query));
    if (found == items->end()) continue;
    const auto age = static_cast<std::uint32_t>((now - found->second.kept_at).whole_seconds());
    if (age >= found->second.ttl_s) continue;
    const DnsMessage& kept = found->second.reply;
    DnsMessage reply = reply_to(query);
    reply.authoritative = true;
    reply.recursion_available = kept.recursion_available;
    reply.code = kept.code;
    reply.answers = kept.answers;
    reply.authority = kept.authority;
    reply.additional = kept.additional;
    write_ttl(reply, found->second.ttl_s - age);
    return reply;
  }
  return std::nullopt;
}

void AnswerCache::keep(DnsMessage& reply, Nanoseconds now) {
  const Kind kind = kind_of(reply);
  if (kind == Kind::other) return;
  const std::uint32_t most = kind == Kind::positive ? settings_.positive_s : settings_.negative_s;
  const std::uint32_t ttl_s = kind == Kind::failure
                                  ? least_ttl_s
                                  : std::min(std::max(minimal_ttl(reply), least_ttl_s), std::max(most, 1U));
  Items& items = kind == Kind::positive ? positive_ : negative_;
  if (items.size() >= capacity) {
    const auto first_to_end = std::ranges::min_element(items, {}, [](const auto& entry) {
      return entry.second.kept_at + Nanoseconds(std::int64_t{entry.second.ttl_s} * 1'000'000'000);
    });
    items.erase(first_to_end);
  }
  (kind == Kind::positive ? negative_ : positive_).erase(key_of(reply));
  write_ttl(reply, ttl_s);
  items.insert_or_assign(key_of(reply), Item{reply, now, ttl_s});
}

}  // namespace ekspath
