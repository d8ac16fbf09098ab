#include "pcap/packet_story.hh"

#include <doctest/doctest.h>

using namespace ekspath;

namespace {

constexpr Tuple before{Ipv4Address(10, 0, 0, 5), Ipv4Address(10, 100, 0, 1), 40000, 80, 6};

Decision decision(Stage stage, Verdict verdict, std::string_view rule, DropReason reason = DropReason::none) {
  Decision made;
  made.stage = stage;
  made.verdict = verdict;
  made.reason = reason;
  made.rule = rule;
  made.before = made.after = before;
  return made;
}

std::string words(const PacketStory& story) {
  std::string text;
  story.append_words(text);
  return text;
}
std::string text(const PacketStory& story) {
  std::string value;
  story.append_text(value);
  return value;
}

}  // namespace

TEST_CASE("a story that nobody told has no words") {
  const PacketStory story;
  CHECK(words(story) == "");
  CHECK(text(story) == "");
}

TEST_CASE("the heaviest decision names verdict and rule, the text tells all") {
  PacketStory story;
  story.tell(decision(Stage::raw, Verdict::accept, "raw PREROUTING policy ACCEPT"), "node1/ens5");
  story.tell(decision(Stage::filter, Verdict::drop, "filter FORWARD -A FORWARD -s 10.0.0.5/32 -j DROP",
                      DropReason::netfilter_drop),
             "node1/eni1");
  story.tell(decision(Stage::route, Verdict::pass, "default via 10.0.0.1"), "node1");
  CHECK(words(story) == " verdict=DROP rule=filter/FORWARD reason=netfilter_drop at=node1/eni1");
  CHECK(text(story) ==
        " text=\"raw PREROUTING policy ACCEPT | filter FORWARD -A FORWARD -s 10.0.0.5/32 -j DROP | "
        "route: default via 10.0.0.1\"");
}

TEST_CASE("two translations in a row are told as the one that they make") {
  PacketStory story;
  Decision dnat = decision(Stage::nat, Verdict::translate, "nat KUBE-SEP-X -A KUBE-SEP-X -j DNAT");
  dnat.after.destination = Ipv4Address(10, 0, 0, 9);
  dnat.after.destination_port = 8080;
  Decision snat =
      decision(Stage::nat, Verdict::translate, "nat KUBE-POSTROUTING -A KUBE-POSTROUTING -j MASQUERADE");
  snat.before = snat.after = dnat.after;
  snat.after.source = Ipv4Address(10, 0, 0, 2);
  snat.after.source_port = 23456;
  story.tell(dnat, "n");
  story.tell(snat, "n");
  CHECK(words(story) ==
        " verdict=ACCEPT rule=nat/KUBE-POSTROUTING nat=SNAT:10.0.0.2:23456,DNAT:10.0.0.9:8080 at=n");
}

TEST_CASE("of ICMP the id is translated, not the type") {
  PacketStory story;
  Decision made = decision(Stage::nat, Verdict::translate, "");
  made.before = {Ipv4Address(10, 0, 0, 5), Ipv4Address(8, 8, 8, 8), 7, 8 << 8, 1};
  made.after = {Ipv4Address(10, 0, 0, 2), Ipv4Address(8, 8, 8, 8), 31010, 8 << 8, 1};
  story.tell(made, "n");
  CHECK(words(story) == " verdict=ACCEPT nat=SNAT:10.0.0.2:31010 at=n");
}

TEST_CASE("what is decided after the last sighting joins its story") {
  PacketStory story;
  story.tell(decision(Stage::filter, Verdict::accept, "filter FORWARD policy"), "node1/eni1");
  PacketStory later;
  later.tell(decision(Stage::neighbour, Verdict::drop, "", DropReason::neighbour_failed), "node1/ens5");
  story.append(std::move(later));
  CHECK(words(story) == " verdict=DROP reason=neighbour_failed at=node1/ens5");
  CHECK(text(story) == " text=\"filter FORWARD policy\"");
}

TEST_CASE("no value has a blank, and no rule's text can pretend to be a word of ours") {
  PacketStory story;
  story.tell(
      decision(
          Stage::filter, Verdict::accept,
          "filter FORWARD -A FORWARD -m comment --comment \"trace=9 verdict=DROP\nx \xff 100%\" -j ACCEPT"),
      "a b");
  story.tell(decision(Stage::route, Verdict::accept, "default via 10.0.0.1 dev ens5"), "a b");
  CHECK(words(story) == " verdict=ACCEPT rule=route/default_via_10.0.0.1_dev_ens5 at=a_b");
  CHECK(text(story) ==
        " text=\"filter FORWARD -A FORWARD -m comment --comment \"trace%3D9 verdict%3DDROP%0Ax %FF "
        "100%25\" -j ACCEPT | route: default via 10.0.0.1 dev ens5\"");
}

TEST_CASE("a cleared story begins anew") {
  PacketStory story;
  story.tell(decision(Stage::filter, Verdict::drop, "filter FORWARD policy", DropReason::netfilter_drop),
             "n");
  story.clear();
  CHECK(words(story) == "");
  CHECK(text(story) == "");
}
