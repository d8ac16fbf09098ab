// The profile and the post-dissector of docs/wireshark, as a user installs them. Runs from the root of the
// repository.
#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "pcap/pcapng_file.hh"
#include "tests/unit/pcap/real_tools.hh"
#include "tests/unit/pcap/scratch_folder.hh"

using namespace ekspath;
using namespace ekspath::literals;

namespace {

const std::string long_rule(300, 'r');  // longer than the label that Wireshark 4.0 gives a field

/// Three sightings of one packet; it dies after the last.
void write_trace(const std::string& path) {
  OutputBudget budget;
  PcapngFile file(AtomicFile(path, budget), 1739667600_s);
  const auto id = file.add_interface({"node1/ens5", "", {}, {}, 0, "", ""});
  const std::vector<std::uint8_t> frame(60);
  file.add_packet({id, 1_us, Direction::out, 17, "trace=17 flow=4 hop=1", frame});
  file.add_packet({id, 2_us, Direction::in, 17, "trace=17 flow=4 hop=1", frame});
  file.add_packet({id, 3_us, Direction::out, 17,
                   "trace=17 flow=4 hop=2 verdict=DROP rule=route/a_b nat=SNAT:10.0.0.2:7 reason=no_route "
                   "at=node1 ct=NEW "
                   "text=\"nat X -A X --comment \"trace%3D9 100%25\" | route: " +
                       long_rule + "\"",
                   frame});
  file.file().commit();
}

/// tshark with a configuration folder of its own, into which docs/wireshark is installed.
std::string tshark(const ScratchFolder& folder, const std::string& options) {
  std::filesystem::create_directories(folder / "config/plugins");
  std::filesystem::create_directories(folder / "config/profiles");
  constexpr auto overwrite = std::filesystem::copy_options::overwrite_existing;
  std::filesystem::copy("docs/wireshark/ekspath.lua", folder / "config/plugins/ekspath.lua", overwrite);
  std::filesystem::copy("docs/wireshark/profile", folder / "config/profiles/ekspath",
                        overwrite | std::filesystem::copy_options::recursive);
  return output_of("WIRESHARK_CONFIG_DIR=" + folder / "config" + " tshark -r " + folder / "t.pcapng" + " " +
                   options + " 2>&1 | grep -v 'as user'");
}

/// Wireshark 4.4 and later load no user's Lua as root. observed: facts/capture.md 6
bool loads_lua(const ScratchFolder& folder) {
  if (tshark(folder, "-2 -Y ekspath -T fields -e frame.number").starts_with("1\n")) return true;
  if (output_of("tshark --version").starts_with("TShark (Wireshark) 4.0")) return true;
  MESSAGE("skipped: this tshark loads no Lua of the user's (as root?)");
  return false;
}

}  // namespace

TEST_CASE("the post-dissector shows the words of a comment and links a packet's sightings") {
  if (!have_tool("tshark")) return;
  const ScratchFolder folder;
  write_trace(folder / "t.pcapng");
  if (!loads_lua(folder)) return;
  CHECK(tshark(folder,
               "-2 -Y ekspath.trace -T fields -e ekspath.trace -e ekspath.flow -e ekspath.hop -e "
               "ekspath.verdict -e"
               " ekspath.rule -e ekspath.nat -e ekspath.reason -e ekspath.at -e ekspath.ct -e ekspath.prev -e"
               " ekspath.next") ==
        "17\t4\t1\t\t\t\t\t\t\t\t2\n"
        "17\t4\t1\t\t\t\t\t\t\t1\t3\n"
        "17\t4\t2\tDROP\troute/a_b\tSNAT:10.0.0.2:7\tno_route\tnode1\tNEW\t2\t\n");
  CHECK(tshark(folder, "-2 -Y 'ekspath.drop' -T fields -e frame.number -e _ws.expert.message")
            .find("Dropped: no_route by route/a_b") != std::string::npos);
}

TEST_CASE("the post-dissector shows each decision with its rule's text whole and as it was") {
  if (!have_tool("tshark")) return;
  const ScratchFolder folder;
  write_trace(folder / "t.pcapng");
  if (!loads_lua(folder)) return;
  CHECK(tshark(folder, "-2 -Y 'frame.number == 3' -T fields -E aggregator=';' -e ekspath.decision") ==
        "nat X -A X --comment \"trace=9 100%\";route: " + long_rule + "\n");
}

TEST_CASE(
    "the profile is read without a warning and shows interface, direction, trace and decision as columns") {
  if (!have_tool("tshark")) return;
  const ScratchFolder folder;
  write_trace(folder / "t.pcapng");
  const std::string lines = tshark(folder, "-C ekspath");
  CHECK(lines.find("node1/ens5 Outbound 17") != std::string::npos);
  CHECK(lines.find("trace=17 flow=4 hop=2 verdict=DROP") != std::string::npos);
  CHECK(lines.find("preference") == std::string::npos);
  CHECK(lines.find("Warn") == std::string::npos);
  CHECK(tshark(folder, "-C ekspath -Y 'frame.comment contains \"verdict=DROP\"' -T fields -e frame.number") ==
        "3\n");
}
