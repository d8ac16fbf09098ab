#include "sim/lab/tcpdump_text.hh"

#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "sim/packet/byte_order.hh"
#include "sim/packet/checksum.hh"
#include "sim/packet/headers.hh"
#include "tests/support/packet/packet_text.hh"

using namespace ekspath;

namespace {

constexpr std::int64_t ten_o_clock = 1'739'700'000'000'000'000;  // 2025-02-16 10:00:00 UTC

/// Frames between two hosts, in the words of packet_text.hh, and payloads put into them.
class Frames {
 public:
  Frames& add(std::string_view text, std::string_view payload = {}) {
    PacketRef packet = frame(pool_, fmt::format("0a:58:c0:a8:01:fb > 0a:ff:00:00:00:05 | {}", text));
    if (!payload.empty()) put(*packet, payload);
    bytes_.emplace_back(packet->bytes().begin(), packet->bytes().end());
    return *this;
  }

  [[nodiscard]] std::string print(TcpdumpForm form) const {
    TcpdumpText printer(form);
    std::string text;
    for (const auto& bytes : bytes_) {
      text += printer.print({bytes, ten_o_clock, Direction::out, "ens5", 2, MacAddress{}});
    }
    return text;
  }

  /// The same by the real tcpdump; "" when there is none.
  [[nodiscard]] std::string print_by_tcpdump(const std::string& options) const {
    char name[] = "/tmp/ekspath-tcpdump-XXXXXX";
    const int descriptor = mkstemp(name);
    REQUIRE(descriptor >= 0);
    std::FILE* file = fdopen(descriptor, "wb");
    const std::uint32_t header[6] = {0xa1b2c3d4, 4U << 16 | 2U, 0, 0, 262144, 1};
    std::fwrite(header, 1, sizeof header, file);
    for (const auto& bytes : bytes_) {
      const auto size = static_cast<std::uint32_t>(bytes.size());
      const std::uint32_t record[4] = {ten_o_clock / 1'000'000'000, 0, size, size};
      std::fwrite(record, 1, sizeof record, file);
      std::fwrite(bytes.data(), 1, bytes.size(), file);
    }
    std::fclose(file);
    std::FILE* pipe =
        popen(fmt::format("TZ=UTC tcpdump -nn {} -r {} 2>/dev/null", options, name).c_str(), "r");
    std::string text;
    char buffer[4096];
    while (const std::size_t size = std::fread(buffer, 1, sizeof buffer, pipe)) text.append(buffer, size);
    pclose(pipe);
    std::remove(name);
    return text;
  }

 private:
  static void put(Packet& packet, std::string_view payload) {
    std::memcpy(packet.data() + packet.size() - payload.size(), payload.data(), payload.size());
    const Ipv4View ip = ipv4(packet);
    const std::size_t field = ip.protocol() == 6 ? 16 : 6;
    store16(packet.transport() + field, 0);
    store16(packet.transport() + field, transport_checksum(ip.source(), ip.destination(), ip.protocol(),
                                                           packet.transport(), packet.transport_size()));
  }

  PacketPool pool_;
  std::vector<std::vector<std::uint8_t>> bytes_;
};

constexpr std::string_view dns_query(
    "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07"
    "example\x03"
    "com\x00\x00\x01\x00\x01",
    29);
constexpr std::string_view dns_answer(
    "\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\x07"
    "example\x03"
    "com\x00\x00\x01\x00\x01\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xcb\x00\x71\x50",
    45);

/// A bit of everything that a scenario can put on a wire.
void add_everything(Frames& frames) {
  frames.add("ARP who-has 192.168.1.1 tell 192.168.1.251")
      .add("ARP 192.168.1.1 is-at 0a:ff:00:00:00:05")
      .add("192.168.1.251 > 203.0.113.8: ICMP echo request id 31010 seq 1 len 56")
      .add(
          "203.0.113.8 > 192.168.1.251: ICMP echo reply id 31010 seq 1 len 56, ttl 62, id 12339, may "
          "fragment")
      .add("203.0.113.8 > 192.168.1.251: ICMP echo reply id 1 seq 1 len 56, bad checksum")
      .add("192.168.1.251.4869 > 203.0.113.8.9999: UDP 5")
      .add("192.168.1.251.4869 > 203.0.113.8.9999: UDP 5, bad checksum, tos 46")
      .add("192.168.1.251.4869 > 203.0.113.8.9999: UDP 5, bad ip checksum")
      .add("192.168.1.251.4869 > 203.0.113.8.9999: UDP 1472, may fragment, more fragments")
      .add("192.168.1.251 > 203.0.113.8: protocol 17 len 100, may fragment, offset 1480")
      .add("192.168.1.251.40000 > 203.0.113.8.53: UDP 29", dns_query)
      .add("203.0.113.8.53 > 192.168.1.251.40000: UDP 45", dns_answer)
      .add("192.168.1.251.40000 > 203.0.113.8.53: UDP 5", "hello")
      .add(
          "192.168.1.251.60713 > 203.0.113.8.80: TCP S seq 761441493 win 62727 opts "
          "020405b40402080a71cacaf40000000001030307")
      .add(
          "203.0.113.8.80 > 192.168.1.251.60713: TCP S. seq 2638044381 ack 761441494 win 65160 opts 020405b4")
      .add("192.168.1.251.60713 > 203.0.113.8.80: TCP . seq 761441494 ack 2638044382 win 62")
      .add("192.168.1.251.60713 > 203.0.113.8.80: TCP P. seq 761441494 ack 2638044382 len 37",
           "GET / HTTP/1.1\r\nHost: 203.0.113.8\r\n\r\n")
      .add("203.0.113.8.80 > 192.168.1.251.60713: TCP P. seq 2638044382 ack 761441531 len 17",
           "HTTP/1.1 200 OK\r\n")
      .add(
          "203.0.113.8.80 > 192.168.1.251.60713: TCP . seq 2638044399 ack 761441494 opts "
          "0101050a2d62b4202d62b42a")
      .add("192.168.1.251.60713 > 203.0.113.8.80: TCP F. seq 761441531 ack 2638044399")
      .add("203.0.113.8.81 > 192.168.1.251.42182: TCP R. seq 0 ack 3759758296 win 0");
  const char* quoted[] = {"192.168.1.251.4869 > 203.0.113.8.9999: UDP 5, ttl 1",
                          "192.168.1.251.1 > 203.0.113.8.80: TCP S seq 9",
                          "192.168.1.251 > 203.0.113.8: ICMP echo request id 5 seq 1 len 2000, cut to 548"};
  for (const char* inner : quoted) {
    for (const char* error :
         {"11/0", "11/1", "3/0", "3/1", "3/2", "3/3", "3/4 mtu 1400", "3/13", "3/9", "3/10"})
      frames.add(fmt::format("192.168.1.1 > 192.168.1.251: ICMP {} [{}], may fragment, id 7, tos 192", error,
                             inner));
  }
}

void agrees_with_tcpdump(const std::string& options, TcpdumpForm form) {
  Frames frames;
  add_everything(frames);
  const std::string real = frames.print_by_tcpdump(options);
  if (real.empty()) {
    MESSAGE("no tcpdump on this machine: nothing to compare with");
    return;
  }
  CHECK(frames.print(form) == real);
}

}  // namespace

TEST_CASE("packets are printed as the real tcpdump prints the same bytes") {
  agrees_with_tcpdump("", {});
  agrees_with_tcpdump("-e", {.link_header = true});
}

TEST_CASE("the rarer ICMP types are printed as the real tcpdump prints the same bytes") {
  Frames frames;
  for (const char* type :
       {"9/0 rest 131162 len 0", "9/0 rest 33689690 len 16", "10/0 len 0", "13/0 rest 65537 len 12",
        "14/0 rest 65537 len 12", "14/0 rest 65537 len 4", "15/0 len 0", "17/0 len 4", "18/0 len 4"}) {
    frames.add(fmt::format("10.0.0.5 > 8.8.8.8: ICMP {}", type));
  }
  const std::string real = frames.print_by_tcpdump("");
  if (!real.empty()) CHECK(frames.print({}) == real);
}

TEST_CASE("verbose prints agree with the real tcpdump") {
  agrees_with_tcpdump("-v", {.verbosity = 1});
  agrees_with_tcpdump("-vv", {.verbosity = 2});
  agrees_with_tcpdump("-v -e", {.verbosity = 1, .link_header = true});
}

TEST_CASE(
    "-i any names the interface and the direction, with -e its index and the sender (fixture "
    "tcpdump-any-icmp-e)") {
  Frames frames;
  frames.add("192.168.1.251 > 203.0.113.8: ICMP echo request id 31010 seq 1 len 56");
  CHECK(frames.print({.any = true}) ==
        "10:00:00.000000 ens5  Out IP 192.168.1.251 > 203.0.113.8: ICMP echo request, id 31010, seq 1, "
        "length 64\n");
  CHECK(frames.print({.link_header = true, .any = true}) ==
        "10:00:00.000000 ens5  Out ifindex 2 0a:58:c0:a8:01:fb ethertype IPv4 (0x0800), length 104: "
        "192.168.1.251 > "
        "203.0.113.8: ICMP echo request, id 31010, seq 1, length 64\n");
}

TEST_CASE("sequence numbers are relative to the connection's first, in both directions") {
  Frames frames;
  frames.add("10.0.0.1.40000 > 10.0.0.2.81: TCP S seq 1000 win 10")
      .add("10.0.0.2.81 > 10.0.0.1.40000: TCP S. seq 5000 ack 1001 win 10")
      .add("10.0.0.1.40000 > 10.0.0.2.81: TCP P. seq 1001 ack 5001 win 10 len 7");
  CHECK(frames.print({}) ==
        "10:00:00.000000 IP 10.0.0.1.40000 > 10.0.0.2.81: Flags [S], seq 1000, win 10, length 0\n"
        "10:00:00.000000 IP 10.0.0.2.81 > 10.0.0.1.40000: Flags [S.], seq 5000, ack 1001, win 10, length 0\n"
        "10:00:00.000000 IP 10.0.0.1.40000 > 10.0.0.2.81: Flags [P.], seq 1:8, ack 1, win 10, length 7\n");
}

TEST_CASE("DNS is read in short, and garbage on its port is told (fixture tcpdump-any-udp-dns)") {
  Frames frames;
  frames.add("192.168.1.101.40053 > 203.0.113.8.53: UDP 29", dns_query)
      .add("203.0.113.8.53 > 192.168.1.101.40053: UDP 45", dns_answer)
      .add("192.168.1.101.40053 > 203.0.113.8.53: UDP 5", "hello");
  CHECK(frames.print({}) ==
        "10:00:00.000000 IP 192.168.1.101.40053 > 203.0.113.8.53: 4660+ A? example.com. (29)\n"
        "10:00:00.000000 IP 203.0.113.8.53 > 192.168.1.101.40053: 4660 1/0/0 A 203.0.113.80 (45)\n"
        "10:00:00.000000 IP 192.168.1.101.40053 > 203.0.113.8.53: domain [length 5 < 12] (invalid)\n");
}
