#include <doctest/doctest.h>

#include "sim/linux/socket/tcp_socket.hh"
#include "sim/linux/socket/udp_socket.hh"
#include "tests/unit/lab/commands/typed.hh"

using namespace ekspath;

TEST_CASE(
    "route -n prints as the real one (fixture route-n; observed: net-tools 2.10 for routes that reject)") {
  FixtureNode node;
  for (const char* line :
       {"ip route add default via 192.168.1.1 dev ens5", "ip route add 192.168.1.101 dev eni1a2b3c4d5e6",
        "ip route add unreachable 10.1.0.0/16", "ip route add blackhole 10.2.0.0/16",
        "ip route add prohibit 10.3.0.1", "ip route add 10.4.0.0/16 via 192.168.1.7 metric 50"})
    REQUIRE(typed(node.world, "node", line) == "");
  CHECK(typed(node.world, "node", "route -n") == R"(Kernel IP routing table
Destination     Gateway         Genmask         Flags Metric Ref    Use Iface
0.0.0.0         192.168.1.1     0.0.0.0         UG    0      0        0 ens5
10.1.0.0        -               255.255.0.0     !     0      -        0 -
10.2.0.0        0.0.0.0         255.255.0.0     U     0      0        0 *
10.3.0.1        -               255.255.255.255 !H    0      -        0 -
10.4.0.0        192.168.1.7     255.255.0.0     UG    50     0        0 ens5
192.168.1.0     0.0.0.0         255.255.255.0   U     0      0        0 ens5
192.168.1.101   0.0.0.0         255.255.255.255 UH    0      0        0 eni1a2b3c4d5e6
)");
}

TEST_CASE("arp -n leaves the columns of an unresolved neighbour empty (fixture arp-n)") {
  FixtureNode node;
  Netns& netns = node.netns("node");
  const NeighbourEntry entry{Ipv4Address(192, 168, 1, 222), 2, MacAddress{}, NeighbourState::failed};
  REQUIRE(netns.neighbours.add(entry) == 0);
  CHECK(typed(node.world, "node", "arp -n") ==
        "Address                  HWtype  HWaddress           Flags Mask            Iface\n"
        "192.168.1.222                    (incomplete)                              ens5\n");
  CHECK(typed(node.world, "node", "arp -n 1.2.3.4") == "1.2.3.4 (1.2.3.4) -- no entry\n");
  CHECK(typed(node.world, "pod1", "arp -n") == "");
}

TEST_CASE("ifconfig prints as the real one (fixture ifconfig-ens5)") {
  FixtureNode node;
  node.netns("node").find_interface("ens5")->counters = {
      .rx_packets = 98, .rx_bytes = 9634, .tx_packets = 159, .tx_bytes = 15615};
  CHECK(typed(node.world, "node", "ifconfig ens5") ==
        R"(ens5: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 9001
        inet 192.168.1.251  netmask 255.255.255.0  broadcast 192.168.1.255
        ether 0a:58:c0:a8:01:fb  txqueuelen 1000  (Ethernet)
        RX packets 98  bytes 9634 (9.4 KiB)
        RX errors 0  dropped 0  overruns 0  frame 0
        TX packets 159  bytes 15615 (15.2 KiB)
        TX errors 0  dropped 0 overruns 0  carrier 0  collisions 0

)");
  CHECK(typed(node.world, "pod1", "ifconfig").find("netmask 255.255.255.255  broadcast 0.0.0.0\n") !=
        std::string::npos);
  CHECK(typed(node.world, "pod1", "ifconfig lo")
            .starts_with("lo: flags=73<UP,LOOPBACK,RUNNING>  mtu 65536\n"
                         "        inet 127.0.0.1  netmask 255.0.0.0\n"
                         "        loop  txqueuelen 1000  (Local Loopback)\n"));
  CHECK(Typed(node.world, "node", "ifconfig nope").status == 1);
}

TEST_CASE(
    "ss lists sockets in columns as wide as their longest cell (fixtures ss-tln, ss-uln; observed: -tuln, "
    "-un)") {
  FixtureNode node;
  Netns& pod = node.netns("pod1");
  TcpSocket web(pod), other(pod);
  REQUIRE(web.bind({Ipv4Address(), 8080}) == 0);
  REQUIRE(web.listen(128) == 0);
  REQUIRE(other.bind({Ipv4Address(), 80}) == 0);
  REQUIRE(other.listen(128) == 0);
  UdpSocket dns(pod), peer(pod);
  REQUIRE(dns.bind({Ipv4Address(), 53}) == 0);
  CHECK(typed(node.world, "pod1", "ss -tln") ==
        "State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess\n"
        "LISTEN 0      128          0.0.0.0:80        0.0.0.0:*          \n"
        "LISTEN 0      128          0.0.0.0:8080      0.0.0.0:*          \n");
  CHECK(typed(node.world, "pod1", "ss -uln") ==
        "State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess\n"
        "UNCONN 0      0            0.0.0.0:53        0.0.0.0:*          \n");
  CHECK(typed(node.world, "pod1", "ss -tuln") ==
        "Netid State  Recv-Q Send-Q Local Address:Port Peer Address:PortProcess\n"
        "udp   UNCONN 0      0            0.0.0.0:53        0.0.0.0:*          \n"
        "tcp   LISTEN 0      128          0.0.0.0:80        0.0.0.0:*          \n"
        "tcp   LISTEN 0      128          0.0.0.0:8080      0.0.0.0:*          \n");
  CHECK(typed(node.world, "pod1", "ss -un") == "Recv-Q Send-Q Local Address:Port Peer Address:PortProcess\n");
  CHECK(typed(node.world, "pod2", "ss -tan") ==
        "State Recv-Q Send-Q Local Address:Port Peer Address:PortProcess\n");
}

TEST_CASE("hostname, resolv.conf and the files of /proc/sys are read as they are") {
  FixtureNode node;
  node.world.host("pod1")->resolv_conf = std::string("nameserver 10.100.0.10\n");
  CHECK(typed(node.world, "pod1", "cat /etc/resolv.conf /etc/hostname") == "nameserver 10.100.0.10\npod1\n");
  CHECK(typed(node.world, "node", "hostname") == "node\n");
  CHECK(typed(node.world, "node", "hostname -I") == "192.168.1.251 192.168.1.60 \n");
  CHECK(typed(node.world, "node", "cat /proc/sys/net/ipv4/ip_forward") == "0\n");
  CHECK(typed(node.world, "node", "cat /proc/sys/net/ipv4/nope") ==
        "cat: /proc/sys/net/ipv4/nope: No such file or directory\n");
  CHECK(typed(node.world, "node", "cat /proc/sys/net/ipv4") == "cat: /proc/sys/net/ipv4: Is a directory\n");
}

TEST_CASE("sysctl reads and writes as the real one (observed: procps 4.0.2)") {
  FixtureNode node;
  const auto says = [&](std::string_view line) { return typed(node.world, "node", line); };
  CHECK(says("sysctl net.ipv4.ip_forward") == "net.ipv4.ip_forward = 0\n");
  CHECK(says("sysctl -w net.ipv4.ip_forward=1") == "net.ipv4.ip_forward = 1\n");
  CHECK(says("sysctl -n net/ipv4/ip_forward") == "1\n");
  CHECK(says("sysctl -q -w 'net.ipv4.ip_forward = 0'") == "");
  CHECK(says("sysctl -w net.ipv4.ip_forward") == "sysctl: command line(0): invalid syntax, continuing...\n");
  CHECK(says("sysctl -w net.ipv4.ip_forward=x") ==
        "sysctl: setting key \"net.ipv4.ip_forward\": Invalid argument\n");
  CHECK(says("sysctl net.ipv4.nope") ==
        "sysctl: cannot stat /proc/sys/net/ipv4/nope: No such file or directory\n");
  CHECK(Typed(node.world, "node", "sysctl -e net.ipv4.nope").status == 0);
  CHECK(says("sysctl net.ipv4.conf.ens5").find("net.ipv4.conf.ens5.rp_filter = ") != std::string::npos);
  CHECK(Typed(node.world, "node", "sysctl -w net.ipv4.ip_forward=1", false).text_err ==
        "sysctl: permission denied on key \"net.ipv4.ip_forward\"\n");
}

TEST_CASE("options that are not modelled are refused by name before a run") {
  FixtureNode node;
  for (const auto& [line, word] :
       {std::pair("route", "-n"), std::pair("route add default gw 1.1.1.1", "'add'"),
        std::pair("arp -d 1.1.1.1", "'-d'"), std::pair("ifconfig ens5 down", "'down'"),
        std::pair("ss -tnp", "'-p'"), std::pair("ss -n", "-t or -u"), std::pair("ss -t", "-n"),
        std::pair("ss -tn state established", "'state'"), std::pair("cat /etc/passwd", "'/etc/passwd'"),
        std::pair("hostname -f", "'-f'"), std::pair("sysctl -p", "'-p'")}) {
    INFO(line);
    const std::string text = typed(node.world, "node", line);
    CHECK(text.starts_with("refused: "));
    CHECK(text.find(word) != std::string::npos);
  }
}
