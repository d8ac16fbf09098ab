#include "sim/lab/expectation.hh"

#include <algorithm>
#include <regex>

#include "sim/base/near_miss.hh"
#include "sim/lab/reference.hh"

namespace ekspath {
namespace {

std::string trimmed_end(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

}  // namespace

/// Frames at one interface, or at all of a host's, that a filter lets pass.
class Expectations::FrameCount final : public Tap {
 public:
  FrameCount(World& world, std::vector<Interface*> interfaces, std::unique_ptr<FrameFilter> filter)
      : filter_(std::move(filter)) {
    for (Interface* interface : interfaces) world.watch(*interface, *this);
  }
  void frame(PlaceId interface, Direction direction, const Packet& packet, Nanoseconds) override {
    if (filter_ == nullptr || filter_->matches(interface, direction, packet)) ++count_;
  }
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  std::unique_ptr<FrameFilter> filter_;
  std::uint64_t count_ = 0;
};

class Expectations::DropCount final : public Observer {
 public:
  explicit DropCount(const PlaceNames& places) : places_(&places) {}
  void decided(const Decision& decision) override {
    if (decision.reason == DropReason::none) return;
    ++counts_[{std::string(places_->name(decision.where)), decision.reason}];
  }
  /// A host counts what died at any of its interfaces too: "pod1" is "pod1", "pod1/lo", "pod1/eth0".
  [[nodiscard]] std::uint64_t count(std::string_view place, DropReason reason) const {
    std::uint64_t sum = 0;
    for (const auto& [key, count] : counts_) {
      const std::string_view at = key.first;
      const bool within =
          at == place || (at.starts_with(place) && at.size() > place.size() && at[place.size()] == '/');
      if (within && key.second == reason) sum += count;
    }
    return sum;
  }

 private:
  const PlaceNames* places_;
  std::map<std::pair<std::string, DropReason>, std::uint64_t> counts_;
};

Expectations::Expectations(World& world, const Scenario& scenario, Diagnostics& diagnostics)
    : world_(&world), scenario_(&scenario), drops_(std::make_unique<DropCount>(world.places())) {
  bool counts_drops = false;
  for (const Expectation& expectation : scenario.expectations) {
    frames_.emplace_back();
    texts_.emplace_back();
    if (expectation.capture) prepare(*expectation.capture, diagnostics);
    if (expectation.step) prepare(*expectation.step, diagnostics);
    if (expectation.drop) prepare(*expectation.drop, diagnostics);
    counts_drops = counts_drops || expectation.drop.has_value();
  }
  if (counts_drops) world.observe(*drops_);
}

Expectations::~Expectations() = default;

void Expectations::prepare(const CaptureExpectation& expectation, Diagnostics& diagnostics) {
  const Location& where = expectation.at.where;
  const std::string interface_name =
      resolve_references(*world_, expectation.at.interface, where, diagnostics);
  texts_.back().interface = interface_name;
  const Host* host = world_->host(expectation.at.host);
  if (host == nullptr) {
    diagnostics.report({where, fmt::format("unknown host '{}'", expectation.at.host), "", ""});
    return;
  }
  const bool any = interface_name == "any";
  std::vector<Interface*> interfaces = world_->interfaces_of(*host);
  if (!any) {
    std::vector<std::string> names;
    for (const Interface* interface : interfaces) names.push_back(interface->name);
    std::erase_if(interfaces, [&](const Interface* interface) { return interface->name != interface_name; });
    if (interfaces.empty()) {
      const std::string near = near_miss(interface_name, names);
      diagnostics.report({where, fmt::format("{} has no interface '{}'", host->name, interface_name),
                          fmt::format("one of {}, any", fmt::join(names, ", ")),
                          near.empty() ? "" : fmt::format("did you mean '{}'?", near)});
      return;
    }
  }
  std::unique_ptr<FrameFilter> filter;
  if (expectation.filter) {
    texts_.back().filter_or_place =
        resolve_references(*world_, **expectation.filter, expectation.filter->where, diagnostics);
    std::string error;
    if (world_->compile_filter) filter = world_->compile_filter(texts_.back().filter_or_place, any, error);
    if (!error.empty()) {
      diagnostics.report({expectation.filter->where,
                          fmt::format("filter '{}': {}", texts_.back().filter_or_place, error), "", ""});
      return;
    }
  }
  frames_.back() = std::make_unique<FrameCount>(*world_, interfaces, std::move(filter));
  // What comes to be in the run is counted too: a pod's veth among `any`, ens6 by its name.
  world_->listen_for_interfaces(
      [this, count = frames_.back().get(), netns = host->netns, any, interface_name](Interface& interface) {
        if (interface.netns == netns && (any || interface.name == interface_name))
          world_->watch(interface, *count);
      });
}

void Expectations::prepare(const StepExpectation& expectation, Diagnostics& diagnostics) {
  const auto resolved = [&](const std::optional<Located<std::string>>& text) {
    return text ? resolve_references(*world_, **text, text->where, diagnostics) : std::string();
  };
  Texts& texts = texts_.back();
  texts.contains = resolved(expectation.contains);
  texts.matches = resolved(expectation.matches);
  texts.equals = resolved(expectation.equals);
  const std::string sample =
      resolve_step_references(texts.matches, [](std::string_view) { return std::string(step_text_sample); });
  try {
    (void)std::regex(sample);
  } catch (const std::regex_error& error) {
    diagnostics.report({expectation.matches->where,
                        fmt::format("'{}' is no regular expression: {}", texts.matches, error.what()),
                        "ECMAScript syntax", ""});
  }
}

void Expectations::prepare(const DropExpectation& expectation, Diagnostics& diagnostics) {
  std::string& place = texts_.back().filter_or_place;
  place = resolve_references(*world_, *expectation.at, expectation.at.where, diagnostics);
  std::vector<std::string> names;
  for (std::uint32_t i = 0; i < world_->places().size(); ++i)
    names.emplace_back(world_->places().name(PlaceId(i)));
  if (std::ranges::find(names, place) != names.end()) return;
  const std::string near = near_miss(place, names);
  diagnostics.report({expectation.at.where, fmt::format("unknown place '{}'", place),
                      "a host, HOST/INTERFACE, igw/VPC, nat/NAME or peering/NAME",
                      near.empty() ? "" : fmt::format("did you mean '{}'?", near)});
}

std::vector<ExpectationResult> Expectations::judge(const std::vector<StepResult>& steps) const {
  std::vector<ExpectationResult> results;
  for (std::size_t i = 0; i < scenario_->expectations.size(); ++i) {
    const Expectation& expectation = scenario_->expectations[i];
    Texts texts = texts_[i];
    for (std::string* text : {&texts.contains, &texts.matches, &texts.equals}) {
      *text = resolve_step_references(*text, [&](std::string_view name) { return step_text(steps, name); });
    }
    ExpectationResult result{expectation.where, false, "", ""};
    const auto compare = [&](std::uint64_t expected, std::uint64_t counted) {
      result.met = expected == counted;
      if (!result.met) result.mismatch = fmt::format("expected {} packets, counted {}", expected, counted);
    };
    if (expectation.capture) {
      const auto& capture = *expectation.capture;
      result.text = fmt::format(
          "{}/{}{}: {} packets", capture.at.host, texts.interface,
          texts.filter_or_place.empty() ? "" : fmt::format(" '{}'", texts.filter_or_place), capture.packets);
      compare(capture.packets, frames_[i]->count());
    } else if (expectation.drop) {
      result.text = fmt::format("{} drops {} packets: {}", texts.filter_or_place, expectation.drop->packets,
                                to_string(expectation.drop->reason));
      compare(expectation.drop->packets, drops_->count(texts.filter_or_place, expectation.drop->reason));
    } else if (expectation.step) {
      const StepExpectation& wish = *expectation.step;
      const auto step = std::ranges::find(steps, *wish.step, &StepResult::name);
      std::vector<std::string> wishes;
      if (wish.contains) wishes.push_back(fmt::format("contains '{}'", texts.contains));
      if (wish.matches) wishes.push_back(fmt::format("matches /{}/", texts.matches));
      if (wish.equals) wishes.push_back(fmt::format("equals '{}'", texts.equals));
      if (wish.exit) wishes.push_back(fmt::format("exits with {}", *wish.exit));
      result.text = fmt::format("step {} {}", *wish.step, fmt::join(wishes, " and "));
      if (step == steps.end() || !step->finished) {
        result.mismatch = "the step did not end";
      } else {
        const bool text_holds = (!wish.contains || step->text.find(texts.contains) != std::string::npos) &&
                                (!wish.matches || std::regex_search(step->text, std::regex(texts.matches))) &&
                                (!wish.equals || trimmed_end(step->text) == trimmed_end(texts.equals));
        const bool exit_holds = !wish.exit || step->exit_status == *wish.exit;
        result.met = text_holds && exit_holds;
        if (!exit_holds) result.mismatch = fmt::format("it exited with {}", step->exit_status);
        if (!text_holds) result.mismatch = fmt::format("it printed:\n{}", trimmed_end(step->text));
      }
    }
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace ekspath
