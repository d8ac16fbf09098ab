#include "sim/eks/coredns/corefile.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace ekspath {
namespace {

struct Token {
  std::string text;
  unsigned line = 0;
};

/// A line of a block: a word, its arguments, and the lines of its own block.
struct Directive {
  std::vector<Token> words;
  std::vector<Directive> block;

  [[nodiscard]] const std::string& name() const { return words.front().text; }
  [[nodiscard]] unsigned line() const { return words.front().line; }
};

struct CorefileError {
  std::string text;
};

/// caddyfile/lexer.go: words by white space, "..." keeps them together, # begins a comment.
std::vector<Token> lex(std::string_view text) {
  std::vector<Token> tokens;
  unsigned line = 1;
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '\n') ++line;
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
      ++i;
    } else if (c == '#') {
      i = std::min(text.find('\n', i), text.size());
    } else if (c == '"') {
      const std::size_t end = std::min(text.find('"', i + 1), text.size());
      tokens.push_back({std::string(text.substr(i + 1, end - i - 1)), line});
      line += static_cast<unsigned>(std::ranges::count(tokens.back().text, '\n'));
      i = end + 1;
    } else {
      const std::size_t end = std::min(text.find_first_of(" \t\r\n", i), text.size());
      tokens.push_back({std::string(text.substr(i, end - i)), line});
      i = end;
    }
  }
  return tokens;
}

[[noreturn]] void refuse(unsigned line, std::string_view why) {
  throw CorefileError{fmt::format("/etc/coredns/Corefile:{} - Error during parsing: {}", line, why)};
}

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  [[nodiscard]] bool at_end() const { return at_ == tokens_.size(); }
  /// Words up to the end of the line or a brace, and the block that follows.
  Directive directive() {
    Directive result;
    const unsigned line = tokens_[at_].line;
    while (!at_end() && tokens_[at_].line == line && tokens_[at_].text != "{" && tokens_[at_].text != "}")
      result.words.push_back(tokens_[at_++]);
    if (result.words.empty()) refuse(line, fmt::format("Unexpected '{}'", tokens_[at_].text));
    if (at_end() || tokens_[at_].line != line || tokens_[at_].text != "{") return result;
    ++at_;
    while (!at_end() && tokens_[at_].text != "}") result.block.push_back(directive());
    if (at_end()) refuse(tokens_.back().line, "Unexpected EOF, expecting '}'");
    ++at_;
    return result;
  }

 private:
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

DnsName zone_of(const Token& token) {
  const auto name = DnsName::parse(token.text);
  if (!name) refuse(token.line, fmt::format("'{}' is not a valid zone", token.text));
  return *name;
}

std::uint32_t seconds_of(const Token& token) {
  std::uint32_t value = 0;
  const char* end = token.text.data() + token.text.size();
  const auto [stop, error] = std::from_chars(token.text.data(), end, value);
  if (error != std::errc() || stop != end) refuse(token.line, fmt::format("invalid number '{}'", token.text));
  return value;
}

[[noreturn]] void refuse_option(const Directive& option, std::string_view plugin) {
  refuse(option.line(), fmt::format("option '{}' of plugin/{} is not modelled", option.name(), plugin));
}

void read_kubernetes(const Directive& directive, CorefileServer& server) {
  static const DnsName reverse4 = DnsName::parse("in-addr.arpa").value();
  static const DnsName reverse6 = DnsName::parse("ip6.arpa").value();
  CorefileKubernetes kubernetes;
  bool has_zone = false;
  for (std::size_t i = 1; i < directive.words.size(); ++i) {
    const DnsName zone = zone_of(directive.words[i]);
    if (zone.is_within(reverse4) || zone.is_within(reverse6)) {
      kubernetes.reverse_zones.push_back(zone);
    } else if (has_zone) {
      refuse(directive.line(), "a second zone of plugin/kubernetes is not modelled");
    } else {
      kubernetes.zone = zone;
      has_zone = true;
    }
  }
  if (!has_zone) kubernetes.zone = server.zone;
  for (const Directive& option : directive.block) {
    if (option.name() == "pods" && option.words.size() == 2 &&
        (option.words[1].text == "insecure" || option.words[1].text == "disabled")) {
      kubernetes.pods_insecure = option.words[1].text == "insecure";
    } else if (option.name() == "ttl" && option.words.size() == 2) {
      kubernetes.ttl_s = seconds_of(option.words[1]);
      if (kubernetes.ttl_s > 3600) refuse(option.line(), "ttl must be in range [0, 3600]");
    } else if (option.name() == "fallthrough") {
      kubernetes.fallthrough = true;
      for (std::size_t i = 1; i < option.words.size(); ++i)
        kubernetes.fallthrough_zones.push_back(zone_of(option.words[i]));
    } else {
      refuse_option(option, "kubernetes");
    }
  }
  server.kubernetes = std::move(kubernetes);
}

void read_forward(const Directive& directive, CorefileServer& server) {
  if (server.forward) refuse(directive.line(), "a second plugin/forward in a block is not modelled");
  if (directive.words.size() < 3) refuse(directive.line(), "Wrong argument count or unexpected line ending");
  CorefileForward forward;
  forward.from = zone_of(directive.words[1]);
  for (std::size_t i = 2; i < directive.words.size(); ++i) {
    const std::string& to = directive.words[i].text;
    if (to.find("://") != std::string::npos && !to.starts_with("dns://"))
      refuse(directive.line(), fmt::format("'{}' of plugin/forward is not modelled", to));
    forward.to.push_back(to.starts_with("dns://") ? to.substr(6) : to);
  }
  for (const Directive& option : directive.block) {
    if (option.name() == "force_tcp") {
      forward.force_tcp = true;
    } else if (option.name() == "policy" && option.words.size() == 2) {
      const std::string& policy = option.words[1].text;
      if (policy != "random" && policy != "round_robin" && policy != "sequential")
        refuse(option.line(), fmt::format("unknown policy '{}'", policy));
      forward.policy = policy == "random"        ? CorefileForward::Policy::random
                       : policy == "round_robin" ? CorefileForward::Policy::round_robin
                                                 : CorefileForward::Policy::sequential;
    } else {
      refuse_option(option, "forward");
    }
  }
  server.forward = std::move(forward);
}

void read_cache(const Directive& directive, CorefileServer& server) {
  CorefileCache cache;
  if (directive.words.size() > 2) refuse(directive.line(), "zones of plugin/cache are not modelled");
  if (directive.words.size() == 2) cache.positive_s = cache.negative_s = seconds_of(directive.words[1]);
  for (const Directive& option : directive.block) refuse_option(option, "cache");
  server.cache = cache;
}

/// CoreDNS has them; a name that is none of its own is refused in its words.
constexpr std::array<std::string_view, 36> other_plugins{
    "acl",       "any",      "auto",    "autopath", "azure",  "bind",    "bufsize",      "cancel",
    "chaos",     "clouddns", "debug",   "dns64",    "dnssec", "dnstap",  "erratic",      "etcd",
    "file",      "geoip",    "grpc",    "header",   "hosts",  "import",  "k8s_external", "local",
    "log",       "metadata", "minimal", "nsid",     "pprof",  "rewrite", "root",         "route53",
    "secondary", "template", "view",    "whoami"};

void read_plugin(const Directive& directive, CorefileServer& server) {
  const std::string& name = directive.name();
  if (name == "kubernetes") return read_kubernetes(directive, server);
  if (name == "forward") return read_forward(directive, server);
  if (name == "cache") return read_cache(directive, server);
  if (name == "errors") {
    server.errors = true;
    for (const Directive& option : directive.block) refuse_option(option, "errors");
  } else if (name == "loadbalance") {
    if (directive.words.size() > 1 && directive.words[1].text != "round_robin")
      refuse(directive.line(), fmt::format("plugin/loadbalance {} is not modelled", directive.words[1].text));
    server.load_balance = true;
  } else if (name != "health" && name != "ready" && name != "prometheus" && name != "loop" &&
             name != "reload") {
    const bool known = std::ranges::find(other_plugins, name) != other_plugins.end();
    refuse(directive.line(), known ? fmt::format("plugin/{} is not modelled", name)
                                   : fmt::format("Unknown directive '{}'", name));
  }
}

/// "cluster.local:53", ".", "dns://.:1053"
CorefileServer server_of(const Token& key) {
  std::string_view text = key.text;
  if (text.ends_with(',')) text.remove_suffix(1);
  if (text.starts_with("dns://")) text.remove_prefix(6);
  if (text.find("://") != std::string_view::npos) refuse(key.line, fmt::format("'{}' is not modelled", text));
  CorefileServer server;
  if (const auto colon = text.rfind(':'); colon != std::string_view::npos) {
    const std::uint32_t port = seconds_of({std::string(text.substr(colon + 1)), key.line});
    if (port == 0 || port > 65535) refuse(key.line, fmt::format("invalid port '{}'", port));
    server.port = static_cast<std::uint16_t>(port);
    text = text.substr(0, colon);
  }
  server.zone = text.empty() ? DnsName() : zone_of({std::string(text), key.line});
  return server;
}

}  // namespace

std::variant<std::vector<CorefileServer>, std::string> parse_corefile(std::string_view text) {
  std::vector<CorefileServer> servers;
  try {
    Parser parser(lex(text));
    while (!parser.at_end()) {
      const Directive block = parser.directive();
      for (const Token& key : block.words) {
        CorefileServer server = server_of(key);
        for (const Directive& plugin : block.block) read_plugin(plugin, server);
        servers.push_back(std::move(server));
      }
    }
  } catch (const CorefileError& error) {
    return error.text;
  }
  return servers;
}

}  // namespace ekspath
