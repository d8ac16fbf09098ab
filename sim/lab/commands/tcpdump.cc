#include <algorithm>
#include <charconv>

#include "sim/lab/commands/commands.hh"
#include "sim/lab/commands/immediate.hh"
#include "sim/lab/tcpdump_text.hh"
#include "sim/lab/world.hh"

/// tcpdump 4.99.3: -i, -n, -nn, -e, -v, -c, -l and an expression. tcpdump.c; observed: fixture
/// tcpdump-live-banner
namespace ekspath {
namespace {

struct Query {
  std::string interface;
  TcpdumpForm form;
  std::uint64_t count = 0;  // 0: until somebody stops it
  std::string expression;
  std::string error;
};

/// One word of options, as getopt(3) takes it: letters, then perhaps a value. False: `error` says why.
bool parse_options(const std::vector<std::string>& words, std::size_t& at, Query& query, bool& numeric) {
  const std::string& word = words[at];
  for (std::size_t i = 1; i < word.size(); ++i) {
    const char option = word[i];
    if (option == 'n') {
      numeric = true;
    } else if (option == 'e') {
      query.form.link_header = true;
    } else if (option == 'v') {
      ++query.form.verbosity;
    } else if (option == 'l') {
      // line by line: so it is always
    } else if (option == 'i' || option == 'c') {
      std::string value = word.substr(i + 1);
      if (value.empty() && at + 1 < words.size()) value = words[++at];
      if (option == 'i') query.interface = value;
      if (option == 'c') {
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), query.count);
        if (error != std::errc() || end != value.data() + value.size() || query.count == 0)
          query.error = fmt::format("tcpdump: invalid packet count {}", value);
      }
      if (value.empty()) query.error = fmt::format("tcpdump: expected a value after -{}", option);
      return query.error.empty();
    } else {
      query.error =
          fmt::format("tcpdump: option '-{}' is not modelled; expected -i, -n, -nn, -e, -v, -c, -l", option);
      return false;
    }
  }
  return true;
}

Query parse(const std::vector<std::string>& words) {
  Query query;
  bool numeric = false, options = true;
  for (std::size_t at = 1; at < words.size(); ++at) {
    const std::string& word = words[at];
    if (options && word == "--") {
      options = false;
    } else if (options && word.starts_with("-") && word.size() > 1) {
      if (!parse_options(words, at, query, numeric)) return query;
    } else {
      query.expression += (query.expression.empty() ? "" : " ") + word;
    }
  }
  query.form.any = query.interface == "any";
  if (query.interface.empty()) {
    query.error = "tcpdump: expected -i and an interface, or -i any";
  } else if (!numeric) {
    query.error = "tcpdump: without -n names are looked up, which is not modelled; expected -n or -nn";
  }
  return query;
}

/// A capture at work. Ends with its last packet of -c, or when it is stopped.
class Capture final : public RunningCommand, public Tap, public Entity {
 public:
  Capture(CommandContext& context, Query query, std::vector<Interface*> interfaces,
          std::unique_ptr<FrameFilter> filter, CommandEnded ended)
      : Entity(context.world.engine()),
        world_(&context.world),
        output_(&context.output),
        query_(std::move(query)),
        filter_(std::move(filter)),
        text_(query_.form),
        ended_(std::move(ended)) {
    for (Interface* interface : interfaces) {
      world_->watch(*interface, *this);
      seen_.push_back({interface->place, interface->name, interface->index, interface->mac, interface->kind});
    }
    listening_ = true;
  }
  ~Capture() override { close(); }

  void stop() override {
    output_->out("\n");  // tcpdump.c main(): behind the terminal's ^C
    finish();
  }
  [[nodiscard]] bool open_ended() const override { return query_.count == 0; }

  void frame(PlaceId place, Direction direction, const Packet& packet, Nanoseconds time) override {
    if (filter_ && !filter_->matches(place, direction, packet)) return;
    if (query_.count != 0 && captured_ == query_.count) return;
    ++received_;
    const auto at = std::ranges::find(seen_, place, &Seen::place);
    ASSERT(at != seen_.end());
    const Seen& interface = *at;
    // What loops back passes twice; the first time is not shown. libpcap pcap-linux.c linux_check_direction()
    if (interface.kind == InterfaceKind::loopback && direction == Direction::out) return;
    ++captured_;
    const TcpdumpFrame frame{packet.bytes(),  world_->kernel().epoch_ns + time.count(),
                             direction,       interface.name,
                             interface.index, interface.mac};
    output_->out(text_.print(frame));
    // It ends from an event of its own: the packet is still on its way.
    if (captured_ == query_.count) engine().schedule(next_key(now()), id());
  }

  void fire(const Event&) override { finish(); }

 private:
  /// An interface as it was when the capture began; it may be gone by now.
  struct Seen {
    PlaceId place;
    std::string name;
    std::uint32_t index = 0;
    MacAddress mac;
    InterfaceKind kind = InterfaceKind::veth;
  };

  void close() {
    if (!listening_) return;
    for (const Seen& interface : seen_) world_->unwatch(interface.place, *this);
    listening_ = false;
  }

  /// tcpdump.c info()
  void finish() {
    auto ended = std::exchange(ended_, nullptr);
    if (!ended) return;
    close();
    const auto packets = [](std::uint64_t n) { return fmt::format("{} packet{}", n, n == 1 ? "" : "s"); };
    output_->err(fmt::format("{} captured\n{} received by filter\n0 packets dropped by kernel\n",
                             packets(captured_), packets(received_)));
    ended(0);
  }

  World* world_;
  CommandOutput* output_;
  Query query_;
  std::vector<Seen> seen_;
  std::unique_ptr<FrameFilter> filter_;
  TcpdumpText text_;
  CommandEnded ended_;
  std::uint64_t captured_ = 0, received_ = 0;
  bool listening_ = false;
};

std::string banner(const Query& query) {
  const char* link = query.form.any ? "LINUX_SLL2 (Linux cooked v2)" : "EN10MB (Ethernet)";
  std::string text = query.form.any ? "tcpdump: data link type LINUX_SLL2\n" : "";
  text += query.form.verbosity == 0
              ? "tcpdump: verbose output suppressed, use -v[v]... for full protocol decode\n"
              : "tcpdump: ";
  return text +
         fmt::format("listening on {}, link-type {}, snapshot length 262144 bytes\n", query.interface, link);
}

std::unique_ptr<RunningCommand> start(CommandContext& context, const std::vector<std::string>& words,
                                      CommandEnded ended) {
  Query query = parse(words);
  if (!context.root) {
    return end_at_once(
        context, ended,
        {1, "",
         fmt::format("tcpdump: {}: You don't have permission to perform this capture on that device\n"
                     "(socket: Operation not permitted)\n",
                     query.interface)});
  }
  std::vector<Interface*> interfaces = context.world.interfaces_of(*context.host);
  if (!query.form.any) {
    std::erase_if(interfaces, [&](const Interface* interface) { return interface->name != query.interface; });
  }
  if (interfaces.empty()) {
    return end_at_once(
        context, ended,
        {1, "",
         fmt::format("tcpdump: {}: No such device exists\n(No such device exists)\n", query.interface)});
  }
  std::unique_ptr<FrameFilter> filter;
  if (!query.expression.empty()) {
    ASSERT(context.world.compile_filter);
    std::string error;
    filter = context.world.compile_filter(query.expression, query.form.any, error);
    if (!filter) {
      const std::string data_link = query.form.any ? "tcpdump: data link type LINUX_SLL2\n" : "";
      return end_at_once(
          context, ended,
          {1, "", fmt::format("{}tcpdump: can't parse filter expression: {}\n", data_link, error)});
    }
  }
  context.output.err(banner(query));
  return std::make_unique<Capture>(context, std::move(query), std::move(interfaces), std::move(filter),
                                   std::move(ended));
}

std::string check(const std::vector<std::string>& words) { return parse(words).error; }
std::string check_in(const World& world, const std::vector<std::string>& words) {
  const Query query = parse(words);
  std::string error;
  if (!query.expression.empty() && world.compile_filter) {
    (void)world.compile_filter(query.expression, query.form.any, error);
  }
  return error.empty() ? error : fmt::format("tcpdump: filter '{}': {}", query.expression, error);
}
bool open_ended(const std::vector<std::string>& words) { return parse(words).count == 0; }

}  // namespace

CommandKind tcpdump_command() { return {"tcpdump", start, check, open_ended, check_in}; }

}  // namespace ekspath
