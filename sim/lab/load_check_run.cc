#include <fmt/format.h>

#include <algorithm>
#include <regex>
#include <set>

#include "sim/aws/instance_type.hh"
#include "sim/aws/path.hh"
#include "sim/base/near_miss.hh"
#include "sim/lab/load_check.hh"
#include "sim/lab/load_form.hh"
#include "sim/lab/reference.hh"

namespace ekspath {
namespace {

bool is_host(const Scenario& scenario, std::string_view name) {
  return scenario.instance(name) != nullptr || scenario.internet_host(name) != nullptr ||
         scenario.node(name) != nullptr || scenario.pod(name) != nullptr;
}

// ---- references
// -----------------------------------------------------------------------------------------------------------

/// What `${HOST.PROPERTY}` may be of a host, and a sample that parses where such a thing is meant.
struct Property {
  std::string_view name;
  std::string_view sample;
};

std::vector<Property> properties_of(const Scenario& scenario, std::string_view host) {
  std::vector<Property> properties{{"ip", "192.0.2.1"}, {"hostName", "host"}};
  if (scenario.node(host) != nullptr || scenario.instance(host) != nullptr)
    properties.push_back({"publicIp", "198.51.100.1"});
  if (scenario.pod(host) != nullptr) properties.push_back({"node", "node1"});
  return properties;
}

/// The sample for what stands between the braces; a mistake when there is none.
struct Resolved {
  std::string sample;
  std::string expected;
  std::string hint;
};

Resolved resolve_property(const Scenario& scenario, std::string_view host, std::string_view property) {
  const auto properties = properties_of(scenario, host);
  const auto found = std::ranges::find(properties, property, &Property::name);
  if (found != properties.end()) return {std::string(found->sample), {}, {}};
  if (property.starts_with("veth.") && scenario.node(host) != nullptr) {
    const PodEntry* pod = scenario.pod(property.substr(5));
    if (pod != nullptr && *pod->node == host && !pod->host_network) return {"eni0123456789a", {}, {}};
    return {{}, fmt::format("veth. and a pod of {} that has an address of its own", host), {}};
  }
  std::vector<std::string_view> names;
  for (const auto& one : properties) names.push_back(one.name);
  std::string expected = fmt::format("{}", fmt::join(names, ", "));
  if (scenario.node(host) != nullptr) expected += ", veth.POD";
  return {{}, fmt::format("one of {} of {}", expected, host), did_you_mean(near_miss(property, names))};
}

Resolved resolve_step(const Scenario& scenario, std::string_view name, std::size_t steps) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < steps; ++i) {
    const Step& step = scenario.steps[i];
    if (step.name == name) return {std::string(step_text_sample), {}, {}};
    if (!step.name.empty()) names.push_back(step.name);
  }
  if (steps == 0) return {{}, "what is known before the first step", {}};
  return {{}, "the name of an earlier step", did_you_mean(near_miss(name, names))};
}

Resolved resolve(const Scenario& scenario, std::string_view reference, std::size_t steps) {
  if (const std::string_view step = step_of_reference(reference); !step.empty())
    return resolve_step(scenario, step, steps);
  // Names of internet hosts have dots: the longest host that fits is meant.
  for (std::size_t dot = reference.rfind('.'); dot != std::string_view::npos && dot > 0;
       dot = reference.rfind('.', dot - 1)) {
    const std::string_view host = reference.substr(0, dot);
    if (is_host(scenario, host)) return resolve_property(scenario, host, reference.substr(dot + 1));
  }
  return {{},
          "a node, pod, instance or internet host, a dot, and what of it",
          did_you_mean(near_miss(reference.substr(0, reference.find('.')), scenario.host_names()))};
}

// ---- places
// ---------------------------------------------------------------------------------------------------------------

/// The interfaces that a host has from the start; a node's veths come besides.
std::vector<std::string> interfaces_of(const Scenario& scenario, std::string_view host) {
  std::vector<std::string> names{"any", "lo"};
  const PodEntry* pod = scenario.pod(host);
  const NodeEntry* node =
      scenario.node(pod != nullptr && pod->host_network ? std::string_view(*pod->node) : host);
  if (node != nullptr) {
    const InstanceType* type = find_instance_type(node->type);
    for (unsigned device = 0; device < (type == nullptr ? 1U : type->max_enis); ++device)
      names.push_back(fmt::format("ens{}", 5 + device));
  } else {
    names.emplace_back(scenario.instance(host) != nullptr ? "ens5" : "eth0");
  }
  return names;
}

class RunCheck {
 public:
  RunCheck(const Scenario& scenario, const LoadOptions& options, Diagnostics& diagnostics)
      : scenario_(scenario), options_(options), diagnostics_(diagnostics) {}

  void check() {
    for (const auto& link : scenario_.links) check_link(link);
    for (const auto& capture : scenario_.captures) {
      check_capture_at(capture.at);
      if (capture.filter) check_filter(*capture.filter, capture.at);
    }
    check_steps();
    for (const auto& expectation : scenario_.expectations) {
      if (expectation.capture) check(*expectation.capture);
      if (expectation.step) check(*expectation.step);
      if (expectation.drop) check(*expectation.drop);
    }
  }

 private:
  void report(const Location& where, std::string found, std::string expected, std::string hint = {}) {
    diagnostics_.report({where, std::move(found), std::move(expected), std::move(hint)});
  }

  /// Kinds of path cost time, loss and size; an interface has a rate besides, and `veth` stands for all of
  /// pods'.
  void check_link(const LinkSetting& link) {
    const auto kind = parse_path_kind(*link.name);
    if (kind) {
      if (link.delay && *link.delay * 2 < Paths::least(*kind)) {
        report(link.name.where, fmt::format("a round trip of {} for '{}'", *link.delay * 2, *link.name),
               fmt::format("at least {}, which the ENIs take", Paths::least(*kind)));
      }
      if (link.rate_bps) {
        report(link.name.where, fmt::format("bandwidth for the kind of path '{}'", *link.name),
               "the bandwidth of an interface, such as node1/ens5: paths share no wire");
      }
      return;
    }
    if (*link.name == "veth") {
      if (link.mtu) report(link.name.where, "the MTU of 'veth'", "cluster.cni.env.POD_MTU: the CNI sets it");
      return;
    }
    if (const std::size_t slash = link.name->find('/'); slash != std::string::npos) {
      check_capture_at({link.name->substr(0, slash), link.name->substr(slash + 1), link.name.where});
      return;
    }
    std::vector<std::string> kinds{"veth"};
    for (std::size_t i = 0; i < path_kind_count; ++i) kinds.emplace_back(to_string(static_cast<PathKind>(i)));
    report(link.name.where, fmt::format("unknown link '{}'", *link.name),
           fmt::format("one of {}, or host/interface such as node1/ens5", fmt::join(kinds, ", ")),
           did_you_mean(near_miss(*link.name, kinds)));
  }

  void check_capture_at(const CaptureAt& at) {
    if (at.where.file.empty()) return;
    if (!is_host(scenario_, at.host)) {
      report_unknown({at.host, at.where}, "host", fmt::format("in '{}/{}'", at.host, at.interface),
                     scenario_.host_names(), diagnostics_);
      return;
    }
    if (at.interface.find("${") != std::string::npos) {
      (void)check_references(scenario_, {at.interface, at.where}, 0, diagnostics_);
      return;
    }
    const auto known = interfaces_of(scenario_, at.host);
    const bool may_be_veth = scenario_.node(at.host) != nullptr && at.interface.starts_with("eni");
    if (may_be_veth || std::ranges::find(known, at.interface) != known.end()) return;
    report_unknown({at.interface, at.where}, "interface", fmt::format("of {}", at.host), known, diagnostics_);
  }

  void check_filter(const Located<std::string>& filter, const CaptureAt& at) {
    const Located<std::string> sample = check_references(scenario_, filter, 0, diagnostics_);
    if (options_.check_filter) options_.check_filter({sample, at, scenario_}, diagnostics_);
  }

  void check_steps() {
    std::vector<LocatedName> names;
    for (std::size_t i = 0; i < scenario_.steps.size(); ++i) {
      const Step& step = scenario_.steps[i];
      if (!step.name.empty()) names.push_back({step.name, step.where});
      if (!was_read(step.run)) continue;
      Step sample = step;
      sample.run = check_references(scenario_, step.run, i, diagnostics_);
      if (step.input) sample.input = check_references(scenario_, *step.input, i, diagnostics_);
      if (options_.check_step) options_.check_step(sample, diagnostics_);
    }
    report_duplicates(names, "step", diagnostics_);
  }

  void check(const CaptureExpectation& expectation) {
    check_capture_at(expectation.at);
    if (expectation.filter) check_filter(*expectation.filter, expectation.at);
  }

  void check(const StepExpectation& expectation) {
    std::vector<std::string> names;
    for (const auto& step : scenario_.steps) {
      if (!step.name.empty()) names.push_back(step.name);
    }
    if (was_read(expectation.step) && std::ranges::find(names, *expectation.step) == names.end()) {
      report_unknown(expectation.step, "step", "in an expectation", names, diagnostics_);
    }
    if (expectation.contains)
      (void)check_references(scenario_, *expectation.contains, scenario_.steps.size(), diagnostics_);
    if (expectation.equals)
      (void)check_references(scenario_, *expectation.equals, scenario_.steps.size(), diagnostics_);
    if (expectation.matches) check_regex(*expectation.matches);
  }

  void check_regex(const Located<std::string>& pattern) {
    const auto sample = check_references(scenario_, pattern, scenario_.steps.size(), diagnostics_);
    constexpr std::size_t longest = 1000;  // std::regex recurses by the length of its pattern
    if (sample->size() > longest) {
      report(pattern.where, "a regular expression that is too long",
             fmt::format("at most {} characters", longest));
      return;
    }
    try {
      const std::regex compiled(*sample, std::regex::ECMAScript);
    } catch (const std::regex_error&) {
      report(pattern.where, fmt::format("'{}' is no regular expression", *pattern),
             "an ECMAScript regular expression");
    }
  }

  void check(const DropExpectation& expectation) {
    const Located<std::string>& at = expectation.at;
    if (!was_read(at) || *at == "internet") return;
    const std::size_t slash = at->find('/');
    const std::string first = at->substr(0, slash);
    if (slash == std::string::npos) {
      if (!is_host(scenario_, first))
        report_unknown({first, at.where}, "place", "of a drop", scenario_.host_names(), diagnostics_);
      return;
    }
    const LocatedName rest{at->substr(slash + 1), at.where};
    const auto expect_known = [&](std::string_view kind, const std::vector<std::string>& known) {
      if (std::ranges::find(known, *rest) == known.end())
        report_unknown(rest, kind, "of a drop", known, diagnostics_);
    };
    std::vector<std::string> nats;
    for (const auto& vpc : scenario_.vpcs) {
      for (const auto& nat : vpc.nat_gateways) nats.push_back(*nat.name);
    }
    if (first == "igw") {
      expect_known("VPC", plain_names_of(scenario_.vpcs));
    } else if (first == "nat") {
      expect_known("NAT gateway", nats);
    } else if (first == "peering") {
      expect_known("peering", plain_names_of(scenario_.peerings));
    } else {
      check_capture_at({first, *rest, at.where});
    }
  }

  const Scenario& scenario_;
  const LoadOptions& options_;
  Diagnostics& diagnostics_;
};

}  // namespace

Located<std::string> check_references(const Scenario& scenario, const Located<std::string>& text,
                                      std::size_t steps, Diagnostics& diagnostics) {
  std::string_view rest = *text;
  Located<std::string> sample{{}, text.where};
  while (true) {
    const std::size_t open = rest.find("${");
    sample.value.append(rest.substr(0, open));
    if (open == std::string_view::npos) return sample;
    const std::size_t close = rest.find('}', open);
    if (close == std::string_view::npos) {
      diagnostics.report({text.where,
                          fmt::format("'{}' without its '}}'", rest.substr(open, 20)),
                          "a reference such as ${node1.ip}",
                          {}});
      return sample;
    }
    const Resolved resolved = resolve(scenario, rest.substr(open + 2, close - open - 2), steps);
    // A word in its place: the command around it has a mistake less to be told.
    sample.value += resolved.sample.empty() ? "192.0.2.1" : resolved.sample;
    if (resolved.sample.empty()) {
      diagnostics.report({text.where,
                          fmt::format("unknown reference '{}'", rest.substr(open, close - open + 1)),
                          resolved.expected, resolved.hint});
    }
    rest.remove_prefix(close + 1);
  }
}

void check_run(const Scenario& scenario, const LoadOptions& options, Diagnostics& diagnostics) {
  RunCheck(scenario, options, diagnostics).check();
}

}  // namespace ekspath
