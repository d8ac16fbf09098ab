#include <algorithm>
#include <limits>

#include "sim/lab/load_sections.hh"

namespace ekspath {
namespace {

struct ListenFile {
  Location where;
  Located<std::uint16_t> port;
  std::optional<Located<bool>> is_udp;
  Located<ServerKind> serves;
};

Form<ServerKind> server_form() {
  std::vector<std::pair<std::string, ServerKind>> servers;
  for (const std::string_view name : server_kind_names())
    servers.emplace_back(name, parse_server_kind(name).value());
  return word<ServerKind>("a program", std::move(servers));
}

bool speaks_udp(ServerKind kind) { return kind == ServerKind::udp_echo || kind == ServerKind::udp_sink; }

struct LinkFile {
  Location where;
  LocatedName name;
  std::optional<Located<Nanoseconds>> rtt;
  std::optional<Located<Nanoseconds>> delay;
  std::optional<std::uint64_t> bandwidth;
  std::optional<std::uint32_t> loss;
  std::optional<std::uint32_t> mtu;
};

Form<CaptureAt> capture_point_form() {
  Shape shape;
  shape.what = "a capture point";
  shape.expected = "host/interface, such as node1/ens5, pod1/eth0 or node1/any";
  shape.pattern = "^[^/]+/.+$";
  const auto whole = parsed<std::string>(shape, [](const std::string& value) -> std::optional<std::string> {
    const std::size_t slash = value.find('/');
    if (slash == std::string::npos || slash == 0 || slash + 1 == value.size()) return std::nullopt;
    return value;
  });
  return converted<Located<std::string>, CaptureAt>(
      located(whole), [](const Located<std::string>& raw, CaptureAt& point, Reading&) {
        const std::size_t slash = raw->find('/');
        if (slash == std::string::npos) return false;
        point = {raw->substr(0, slash), raw->substr(slash + 1), raw.where};
        return true;
      });
}

Form<std::string> filter_form() {
  return text_form("a filter", "a tcpdump expression, such as \"icmp and src 10.0.0.1\"");
}

Form<CaptureEntry> capture_form() {
  return record<CaptureEntry>(
      "a capture",
      {field("at", &CaptureEntry::at, capture_point_form(), "host/interface; `any` is every one of a host",
             Presence::required),
       field("filter", &CaptureEntry::filter, filter_form(), "a tcpdump expression; default: every packet")});
}

Form<std::uint64_t> packets_form() {
  return integer_form<std::uint64_t>("a number of packets", 0, std::numeric_limits<std::uint32_t>::max());
}

struct DropFile {
  Location where;
  Located<std::string> at;
  DropReason reason = DropReason::none;
};

Form<DropFile> drop_form() {
  std::vector<std::pair<std::string, DropReason>> reasons;
  for (std::uint8_t i = 1; i < drop_reason_count; ++i) {
    const auto reason = static_cast<DropReason>(i);
    reasons.emplace_back(to_string(reason), reason);
  }
  return record<DropFile>(
      "a drop", {field("at", &DropFile::at,
                       text_form("a place", "a place, such as node1/ens6, pod1, igw/myeks-vpc or nat/nat-a"),
                       "where packets die: a host, host/interface, igw/VPC, nat/NAME, peering/NAME",
                       Presence::required),
                 field("reason", &DropFile::reason, word<DropReason>("a drop reason", std::move(reasons)),
                       "why: docs/drop-reasons.md", Presence::required)});
}

struct ExpectationFile {
  Location where;
  std::optional<CaptureAt> capture;
  std::optional<Located<std::string>> filter;
  std::optional<LocatedName> step;
  std::optional<Located<std::string>> contains;
  std::optional<Located<std::string>> matches;
  std::optional<Located<std::string>> equals;
  std::optional<Located<int>> exit;
  std::optional<DropFile> drop;
  std::optional<Located<std::uint64_t>> packets;
};

bool turn_expectation(const ExpectationFile& raw, Expectation& expectation, Reading& reading) {
  const auto refuse = [&](std::string found, std::string expected) {
    reading.diagnostics.report({raw.where, std::move(found), std::move(expected), {}});
    return false;
  };
  expectation.where = raw.where;
  if (!reading.whole) return false;  // what seems to lack may be what could not be read
  const int kinds = (raw.capture ? 1 : 0) + (raw.step ? 1 : 0) + (raw.drop ? 1 : 0);
  if (kinds != 1) {
    return refuse(kinds == 0 ? "an expectation of nothing" : "an expectation of several things at once",
                  "exactly one of capture, step, drop");
  }
  const bool about_text = raw.contains || raw.matches || raw.equals || raw.exit;
  if (raw.filter && !raw.capture) return refuse("'filter' without 'capture'", "a filter with a capture only");
  if (about_text && !raw.step) {
    return refuse("contains, matches, equals or exit without 'step'", "them with a step only");
  }
  if (raw.step) {
    if (raw.packets) return refuse("'packets' with 'step'", "packets with a capture or a drop only");
    if (!about_text) return refuse("a step that nothing is expected of", "contains, matches, equals or exit");
    expectation.step = StepExpectation{*raw.step, raw.contains, raw.matches, raw.equals, {}};
    if (raw.exit) expectation.step->exit = **raw.exit;
    return true;
  }
  if (!raw.packets) return refuse("an expectation without 'packets'", "how many packets: 0 for none");
  if (raw.capture) expectation.capture = CaptureExpectation{*raw.capture, raw.filter, **raw.packets};
  if (raw.drop) expectation.drop = DropExpectation{raw.drop->at, raw.drop->reason, **raw.packets};
  return true;
}

Form<std::vector<Override>> overrides_form() {
  Shape value;
  value.kind = Shape::Kind::anything;
  value.what = "a value";
  Shape shape;
  shape.kind = Shape::Kind::map;
  shape.what = "changes";
  shape.expected = "a mapping: path.to.key: value";
  shape.parts.push_back(value);
  return {shape, [shape](const YamlNode& node, std::vector<Override>& list, Reading& reading) {
            if (node.kind != YamlNode::Kind::map) {
              reading.wrong(node, shape.expectation());
              return false;
            }
            for (const auto& entry : node.entries) list.push_back({{entry.key, entry.where}, entry.value});
            return true;
          }};
}

struct InternetFile {
  std::vector<InternetHostEntry> hosts;
};

Form<Metadata> metadata_form() {
  return record<Metadata>(
      "metadata",
      {field("name", &Metadata::name, name_form("a name"), "names the output folder", Presence::required),
       field("title", &Metadata::title, text_form("a title"), "one line for people"),
       field("teaches", &Metadata::teaches, list_of(name_form("a topic")), "`ekspath list` groups by it")});
}

Form<FabricEntry> fabric_form() {
  return record<FabricEntry>("the fabric",
                             {field("relatedErrors", &FabricEntry::admits_related_errors, boolean_form(),
                                    "whether security groups let ICMP errors about a tracked flow in; "
                                    "default: false, as AWS asks for a rule")});
}

Form<SpecFile> spec_form() {
  const auto file = record<InternetFile>(
      "the internet",
      {field("hosts", &InternetFile::hosts, list_of(internet_host_form()), "hosts of the internet")});
  const auto internet = converted<InternetFile, std::vector<InternetHostEntry>>(
      file, [](const InternetFile& raw, std::vector<InternetHostEntry>& hosts, Reading&) {
        hosts = raw.hosts;
        return true;
      });
  return record<SpecFile>(
      "the spec",
      {field("seed", &SpecFile::seed,
             integer_form<std::uint64_t>("a seed", 0, std::numeric_limits<std::int64_t>::max()),
             "every generated address, id, port and probability draw hangs on it; default: 1"),
       field("start", &SpecFile::start, timestamp_form(),
             "wall clock of time zero in the captures; default: fixed"),
       field("region", &SpecFile::region, name_form("a region"), "default: ap-northeast-2"),
       field("vpcs", &SpecFile::vpcs, list_of(vpc_form()), "VPCs", Presence::required),
       field("peerings", &SpecFile::peerings, list_of(peering_form()), "between VPCs"),
       field("instances", &SpecFile::instances, list_of(instance_form()), "EC2 instances that are no nodes"),
       field("internet", &SpecFile::internet_hosts, internet, "what lies beyond the internet gateways"),
       field("cluster", &SpecFile::cluster, cluster_form(), "the EKS cluster"),
       field("manifests", &SpecFile::manifests,
             list_of(located(text_form("a manifest", "the path of a YAML file"))),
             "Kubernetes YAML, relative to this file"),
       field("links", &SpecFile::links, map_of("links by kind or by name", link_form()),
             "round trip, loss and MTU by kind of path, bandwidth by host"),
       field("fabric", &SpecFile::fabric, fabric_form(), "what AWS leaves open"),
       field("captures", &SpecFile::captures, captures_form(), "all (default), or a list of capture points"),
       field("steps", &SpecFile::steps, list_of(step_form()), "commands, in order"),
       field("expect", &SpecFile::expectations, list_of(expectation_form()), "what must hold at the end"),
       field("variants", &SpecFile::variants, list_of(variant_form()), "the same with changes")});
}

}  // namespace

const Form<Listen>& listen_form() {
  static const Form<Listen> form = converted<ListenFile, Listen>(
      record<ListenFile>(
          "a listening program",
          {field("port", &ListenFile::port, port_form(), "where it listens", Presence::required),
           field("protocol", &ListenFile::is_udp, word<bool>("a transport", {{"tcp", false}, {"udp", true}}),
                 "tcp or udp; default: what the program speaks"),
           field("serves", &ListenFile::serves, server_form(), "the program", Presence::required)}),
      [](const ListenFile& raw, Listen& listen, Reading& reading) {
        listen = {raw.port, raw.serves};
        if (!raw.is_udp || **raw.is_udp == speaks_udp(*raw.serves)) return true;
        reading.diagnostics.report(
            {raw.is_udp->where,
             fmt::format("protocol {} for a program that speaks {}", **raw.is_udp ? "udp" : "tcp",
                         speaks_udp(*raw.serves) ? "udp" : "tcp"),
             "its own, or none",
             {}});
        return false;
      });
  return form;
}

const Form<LinkSetting>& link_form() {
  static const Form<LinkSetting> form = converted<LinkFile, LinkSetting>(
      record<LinkFile>(
          "a link's settings",
          {field("rtt", &LinkFile::rtt, duration_form(), "round trip"),
           field("delay", &LinkFile::delay, duration_form(), "one way: half of rtt"),
           field("bandwidth", &LinkFile::bandwidth, rate_form(), "of a host: a node or an instance"),
           field("loss", &LinkFile::loss, loss_form(), "frames lost, each way"),
           field("mtu", &LinkFile::mtu, integer_form<std::uint32_t>("an MTU", 576, 9001),
                 "largest datagram of the path")}),
      [](const LinkFile& raw, LinkSetting& link, Reading& reading) {
        link.rate_bps = raw.bandwidth;
        link.loss_per_million = raw.loss;
        link.mtu = raw.mtu;
        if (raw.rtt) link.delay = **raw.rtt / 2;
        if (raw.delay) link.delay = **raw.delay;
        if (!raw.rtt || !raw.delay) return true;
        reading.diagnostics.report({raw.delay->where, "both rtt and delay", "one of the two", {}});
        return false;
      });
  return form;
}

const Form<CapturesChoice>& captures_form() {
  static const Form<CapturesChoice> form = [] {
    const Form<bool> all = word<bool>("a choice of captures", {{"all", true}});
    const auto list = list_of(capture_form());
    Shape shape;
    shape.kind = Shape::Kind::any_of;
    shape.what = "captures";
    shape.expected = "all, or a list of captures";
    shape.parts = {all.shape, list.shape};
    return Form<CapturesChoice>{
        shape, [shape, all, list](const YamlNode& node, CapturesChoice& choice, Reading& reading) {
          if (node.kind == YamlNode::Kind::scalar) return all.read(node, choice.all, reading);
          if (node.kind == YamlNode::Kind::list) {
            choice.all = false;
            return list.read(node, choice.list, reading);
          }
          reading.wrong(node, shape.expectation());
          return false;
        }};
  }();
  return form;
}

const Form<Step>& step_form() {
  static const Form<Step> form = [] {
    const Form<std::string> line =
        text_form("a command", "a command, such as kubectl exec pod1 -- ping -c 1 8.8.8.8");
    Shape any;
    any.what = "a text";
    const auto input =
        parsed<std::string>(any, [](const std::string& value) { return std::optional(value); });
    const auto full = record<Step>(
        "a step", {field("name", &Step::name, name_form("a name"), "for expectations"),
                   field("at", &Step::at, duration_form(),
                         "simulated time since the start; default: when the step before has ended"),
                   field("run", &Step::run, line, "the command, as a person types it", Presence::required),
                   field("background", &Step::background, boolean_form(),
                         "true: the next step does not wait for its end"),
                   field("stdin", &Step::input, input, "what the command reads")});
    Shape shape;
    shape.kind = Shape::Kind::any_of;
    shape.what = "a step";
    shape.expected = "a command, or a mapping with the keys " +
                     fmt::format("{}", fmt::join(full.shape.field_names(), ", "));
    shape.parts = {line.shape, full.shape};
    return Form<Step>{shape, [shape, line, full](const YamlNode& node, Step& step, Reading& reading) {
                        if (node.kind == YamlNode::Kind::map) return full.read(node, step, reading);
                        if (node.kind == YamlNode::Kind::scalar) {
                          step.where = node.where;
                          return read_into(step.run, line, node, reading);
                        }
                        reading.wrong(node, shape.expectation());
                        return false;
                      }};
  }();
  return form;
}

const Form<Expectation>& expectation_form() {
  static const Form<Expectation> form = converted<ExpectationFile, Expectation>(
      record<ExpectationFile>(
          "an expectation",
          {field("capture", &ExpectationFile::capture, capture_point_form(),
                 "host/interface whose packets are counted"),
           field("filter", &ExpectationFile::filter, filter_form(), "which packets; default: all"),
           field("step", &ExpectationFile::step, name_form("a step"), "the name of a step"),
           field("contains", &ExpectationFile::contains, text_form("a text"),
                 "a piece of what the step printed"),
           field("matches", &ExpectationFile::matches, text_form("a regular expression"),
                 "found in what the step printed; . does not match a newline"),
           field("equals", &ExpectationFile::equals, text_form("a text"), "all that the step printed"),
           field("exit", &ExpectationFile::exit, integer_form<int>("an exit status", 0, 255),
                 "the step's exit status"),
           field("drop", &ExpectationFile::drop, drop_form(), "where and why packets die"),
           field("packets", &ExpectationFile::packets, packets_form(), "how many, exactly")}),
      turn_expectation);
  return form;
}

const Form<VariantFile>& variant_form() {
  static const Form<VariantFile> form = record<VariantFile>(
      "a variant",
      {field("name", &VariantFile::name, name_form("a name"), "for --variant and the output folder",
             Presence::required),
       field("title", &VariantFile::title, text_form("a title"), "one line for people"),
       field("set", &VariantFile::set, overrides_form(), "what it changes: path.to.key: value"),
       field("expect", &VariantFile::expectations, list_of(expectation_form()), "replaces the base list")});
  return form;
}

const Form<ScenarioFile>& scenario_file_form() {
  static const Form<ScenarioFile> form = record<ScenarioFile>(
      "the scenario",
      {field("apiVersion", &ScenarioFile::is_v1, word<bool>("an API version", {{"ekspath/v1", true}}),
             "ekspath/v1", Presence::required),
       field("kind", &ScenarioFile::is_scenario, word<bool>("a kind", {{"Scenario", true}}), "Scenario",
             Presence::required),
       field("metadata", &ScenarioFile::metadata, metadata_form(), "name, title, teaches",
             Presence::required),
       field("spec", &ScenarioFile::spec, spec_form(), "the lab, the steps, what is expected",
             Presence::required)});
  return form;
}

const Shape& scenario_shape() { return scenario_file_form().shape; }

}  // namespace ekspath
