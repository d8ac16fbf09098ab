#include "sim/linux/conntrack/connection_table.hh"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <map>

using namespace ekspath;

namespace {

Tuple tuple(std::uint16_t source_port, std::uint16_t destination_port) {
  return {Ipv4Address(10, 0, 0, 5), Ipv4Address(8, 8, 8, 8), source_port, destination_port, 17};
}

ConnectionId add(ConnectionTable& table, const Tuple& original) {
  const ConnectionId id = table.create();
  table.find(id)->original = original;
  table.find(id)->reply = original.reply();
  table.link(id);
  return id;
}

}  // namespace

TEST_CASE("a connection is found by either tuple, which says the direction") {
  ConnectionTable table;
  const ConnectionId id = add(table, tuple(1, 2));
  CHECK(table.find(tuple(1, 2)).id == id);
  CHECK(!table.find(tuple(1, 2)).reply);
  CHECK(table.find(tuple(1, 2).reply()).id == id);
  CHECK(table.find(tuple(1, 2).reply()).reply);
  CHECK(table.find(tuple(1, 3)).connection == nullptr);
}

TEST_CASE("an unlinked connection is found by its id only, a destroyed one not at all") {
  ConnectionTable table;
  const ConnectionId id = add(table, tuple(1, 2));
  table.unlink(id);
  CHECK(table.find(tuple(1, 2)).connection == nullptr);
  CHECK(table.find(id) != nullptr);
  CHECK(table.count() == 0);
  table.destroy(id);
  CHECK(table.find(id) == nullptr);
}

TEST_CASE("the connections of one source come newest first") {
  ConnectionTable table;
  std::vector<ConnectionId> ids;
  for (std::uint16_t port = 1; port <= 3; ++port) {
    ids.push_back(add(table, tuple(7, port)));
    table.add_source(ids.back());
  }
  table.add_source(add(table, tuple(8, 1)));
  const auto ports = [&] {
    std::vector<int> all;
    table.each_of_source(tuple(7, 99), [&](const Connection& connection) {
      all.push_back(connection.original.destination_port);
      return false;
    });
    return all;
  };
  CHECK(ports() == std::vector<int>{3, 2, 1});
  table.destroy(ids[1]);
  CHECK(ports() == std::vector<int>{3, 1});
  table.destroy(ids[2]);
  CHECK(ports() == std::vector<int>{1});
  table.destroy(ids[0]);
  CHECK(ports().empty());
}

TEST_CASE("what comes and goes at random is found as a map would find it") {
  rc::check([](const std::vector<std::uint8_t>& ports) {
    ConnectionTable table;
    std::map<std::uint8_t, ConnectionId> expected;
    for (const std::uint8_t port : ports) {
      const auto at = expected.find(port);
      if (at == expected.end()) {
        expected[port] = add(table, tuple(port, 1));
        table.add_source(expected[port]);
      } else {
        table.destroy(at->second);
        expected.erase(at);
      }
      for (std::uint16_t other = 0; other < 256; ++other) {
        const auto there = expected.find(static_cast<std::uint8_t>(other));
        const auto found = table.find(tuple(other, 1).reply());
        RC_ASSERT((found.connection != nullptr) == (there != expected.end()));
        if (there != expected.end()) RC_ASSERT(found.id == there->second);
      }
    }
    RC_ASSERT(table.count() == expected.size());
  });
}
