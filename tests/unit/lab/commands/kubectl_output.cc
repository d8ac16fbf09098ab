// The forms of `kubectl get -o`, word for word as kubectl 1.31.9 printed them of the same objects.
#include "sim/base/shell_words.hh"
#include "sim/lab/commands/kubectl_custom_columns.hh"
#include "sim/lab/commands/kubectl_json.hh"
#include "sim/lab/commands/kubectl_jsonpath.hh"
#include "sim/lab/commands/kubectl_tabs.hh"
#include "sim/lab/commands/kubectl_yaml.hh"
#include "tests/unit/lab/commands/kubectl_recording.hh"

using namespace ekspath;

namespace {

/// What a template finds, or "error: ...".
std::string found(std::string_view text, const Document& document) {
  std::string error;
  const auto path = JsonPath::parse(text, error);
  if (!path) return "error: " + error;
  const JsonPath::Found results = path->find(document);
  return results.error.empty() ? jsonpath_text(results) : "error: " + results.error;
}

const Document shop = Document::parse(R"({
  "kind": "List",
  "items": [{"kind":"None","metadata":{"name":"127.0.0.1","labels":{"kubernetes.io/hostname":"127.0.0.1"}},
             "status":{"capacity":{"cpu":"4"},"ready":true,"addresses":[{"type":"LegacyHostIP","address":"127.0.0.1"}]}},
            {"kind":"None","metadata":{"name":"127.0.0.2"},
             "status":{"capacity":{"cpu":"8"},"ready":false,"addresses":[{"type":"LegacyHostIP","address":"127.0.0.2"},
                                                                         {"type":"another","address":"127.0.0.3"}]}}],
  "numbers": [2, 6, 3, 7],
  "null": null})");

}  // namespace

TEST_CASE("a path takes fields, indices, slices and wildcards") {
  CHECK(found("{.kind}", shop) == "List");
  CHECK(found("{.items[*].metadata.name}", shop) == "127.0.0.1 127.0.0.2");
  CHECK(found("{.items[-1].metadata.name}", shop) == "127.0.0.2");
  CHECK(found("{.numbers[0:3]} {.numbers[::2]} {.numbers[-2:]}", shop) == "2 6 3 2 3 3 7");
  CHECK(found("{.numbers[0,3]}", shop) == "2 7");
  CHECK(found("{.items[*]['metadata.name', 'status.capacity']}", shop) ==
        "127.0.0.1 127.0.0.2 {\"cpu\":\"4\"} {\"cpu\":\"8\"}");
  CHECK(found("{.items[0].status.capacity.*}", shop) == "4");
  CHECK(found("{.items[0].metadata.labels.kubernetes\\.io/hostname}", shop) == "127.0.0.1");
  CHECK(found("{..address}", shop) == "127.0.0.1 127.0.0.2 127.0.0.3");
  CHECK(found("{.null} and text", shop) == "null and text");
  CHECK(found("{.absent}{.items[0].absent.more}", shop) == "");
}

TEST_CASE("a filter compares values of one kind, or asks whether something is there") {
  CHECK(found("{.items[?(@.metadata.name==\"127.0.0.2\")].status.capacity.cpu}", shop) == "8");
  CHECK(found("{.items[?(@.metadata.name!='127.0.0.2')].metadata.name}", shop) == "127.0.0.1");
  CHECK(found("{.numbers[?(@<5)]}", shop) == "2 3");
  CHECK(found("{.numbers[?(@>=6)]}", shop) == "6 7");
  CHECK(found("{.items[?(@.metadata.labels)].metadata.name}", shop) == "127.0.0.1");
  CHECK(found("{.items[?(@.status.ready==true)].metadata.name}", shop) == "127.0.0.1");
  CHECK(found("{.items[?(@.status.ready==1)].kind}", shop) == "error: incompatible types for comparison");
  CHECK(found("{.numbers[?(@<>5)]}", shop) == "error: unrecognized filter operator <>");
}

TEST_CASE("a range repeats what stands up to its end, also over nothing and within another") {
  CHECK(found("{range .items[*]}{.metadata.name}, {end}{.kind}", shop) == "127.0.0.1, 127.0.0.2, List");
  CHECK(found("{range .items[*]}{range .status.addresses[*]}{.address}{\"\\t\"}{end}|{end}", shop) ==
        "127.0.0.1\t|127.0.0.2\t127.0.0.3\t|");
  CHECK(found("{range .nobody[*]}{.name}{range .more[*]}{.x}{end}{\"\\n\"}{end}after", shop) == "after");
  CHECK(found("{range .numbers[*]}{@}{\";\"}{end}", shop) == "2;6;3;7;");
}

TEST_CASE("a template that is none is refused in kubectl's words") {
  CHECK(found("{.items[*", shop) == "error: unterminated array");
  CHECK(found("{.items", shop) == "error: unclosed action");
  CHECK(found("{\"abc}", shop) == "error: unterminated quoted string");
  CHECK(found("{.items[a]}", shop) == "error: invalid array index a");
  CHECK(found("{.items[?(@.a]}", shop) == "error: unterminated filter");
  CHECK(found("{......a}", shop) == "error: invalid multiple recursive descent");
  CHECK(found("{hello}", shop) == "error: unrecognized identifier hello");
  CHECK(found("{end}", shop) == "error: not in range, nothing to end");
  CHECK(found("{.kind[0]}", shop) == "error: string is not array or slice");
  CHECK(found("{.items[99]}", shop) == "error: array index out of bounds: index 99, length 2");
}

TEST_CASE("a path of a column may lack its braces and its dot") {
  std::string error;
  for (const std::string_view path :
       {"metadata.name", ".metadata.name", "{metadata.name}", "{.metadata.name}"})
    CHECK(relaxed_jsonpath(path, error) == "{.metadata.name}");
  CHECK(!relaxed_jsonpath("{.metadata.", error));
  CHECK(error ==
        "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or "
        "'{.name1.name2}'");
}

TEST_CASE(
    "YAML quotes what would be read as something else, and folds long lines (observed: kubectl 1.31.9)") {
  const std::string tail(70, 'x');
  const Document value = {
      {"A", "10:30"},
      {"a10", "1e3"},
      {"a9", "0x1f"},
      {"at", "@x"},
      {"b-c", "x #y"},
      {"b.c", "# x"},
      {"brace", "{a}"},
      {"col", "a:b"},
      {"cole", "a:"},
      {"dash", "-"},
      {"dq", "say \"hi\" it's"},
      {"excl", "!x"},
      {"fl", ".5"},
      {"inf", ".inf"},
      {"ip", "10.0.0.1"},
      {"long", "word " + tail + " and then some more words"},
      {"multi", "a\n\n  b\n"},
      {"multi2", "a\n\n"},
      {"multi3", "\nlead"},
      {"multi4", "trail \nx"},
      {"num", "012"},
      {"num2", "1_000"},
      {"pct", "%x"},
      {"pipe", "|x"},
      {"q", "? x"},
      {"quoted", "a: word " + tail + " and then some more words"},
      {"sp", " lead"},
      {"tab", "a\tb"},
      {"tick", "`x"},
      {"time", "2026-01-01"},
      {"tr", "trail "},
      {"true", "~"},
      {"uni", "é — x"},
      {"ver", "1.31"},
      {"zlist", {"- a", Document::array(), {{"b", nullptr}}, "-f", "", 5, "2026-01-01T00:00:00Z"}}};
  CHECK(yaml_text(value) ==
        "A: \"10:30\"\n"
        "a9: \"0x1f\"\n"
        "a10: \"1e3\"\n"
        "at: '@x'\n"
        "b-c: 'x #y'\n"
        "b.c: '# x'\n"
        "brace: '{a}'\n"
        "col: a:b\n"
        "cole: 'a:'\n"
        "dash: '-'\n"
        "dq: say \"hi\" it's\n"
        "excl: '!x'\n"
        "fl: \".5\"\n"
        "inf: \".inf\"\n"
        "ip: 10.0.0.1\n"
        "long: word " +
            tail +
            "\n"
            "  and then some more words\n"
            "multi: |\n"
            "  a\n\n"
            "    b\n"
            "multi2: |+\n"
            "  a\n\n"
            "multi3: |2-\n\n"
            "  lead\n"
            "multi4: \"trail \\nx\"\n"
            "num: \"012\"\n"
            "num2: \"1_000\"\n"
            "pct: '%x'\n"
            "pipe: '|x'\n"
            "q: '? x'\n"
            "quoted: 'a: word " +
            tail +
            "\n"
            "  and then some more words'\n"
            "sp: ' lead'\n"
            "tab: \"a\\tb\"\n"
            "tick: '`x'\n"
            "time: \"2026-01-01\"\n"
            "tr: 'trail '\n"
            "\"true\": \"~\"\n"
            "uni: é — x\n"
            "ver: \"1.31\"\n"
            "zlist:\n"
            "- '- a'\n"
            "- []\n"
            "- b: null\n"
            "- -f\n"
            "- \"\"\n"
            "- 5\n"
            "- \"2026-01-01T00:00:00Z\"\n");
}

TEST_CASE("JSON is escaped as Go escapes it") {
  CHECK(json_text(Document{{"a", "<x> & y"}}) == "{\"a\":\"\\u003cx\\u003e \\u0026 y\"}");
  CHECK(json_text(Document{{"a", Document::array()}, {"b", {1}}}, 4) ==
        "{\n    \"a\": [],\n    \"b\": [\n        1\n    ]\n}");
  CHECK(go_value(Document{{"b", {1, "x"}}, {"a", nullptr}}) == "map[a:<nil> b:[1 x]]");
}

TEST_CASE("columns end at a line that does not have them") {
  CHECK(align_tabs("a\tb\nccc\td\nno tab\ne\tf\n", describe_tabs) == "a    b\nccc  d\nno tab\ne  f\n");
  CHECK(align_tabs("A\tB\tC\nx\ty\tz\n", table_tabs) == "A     B     C\nx     y     z\n");
}
