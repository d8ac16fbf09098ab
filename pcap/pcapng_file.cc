#include "pcap/pcapng_file.hh"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "pcap/utf8.hh"
#include "sim/base/assert.hh"
#include "sim/base/prefix.hh"
#include "sim/packet/byte_order.hh"

namespace ekspath {
namespace {

namespace block {
constexpr std::uint32_t section = 0x0a0d0d0a, interface = 1, names = 4, statistics = 5, packet = 6;
}  // namespace block

namespace option {
constexpr std::uint16_t end = 0, comment = 1;
constexpr std::uint16_t section_application = 4;
constexpr std::uint16_t interface_name = 2, interface_description = 3, interface_ipv4 = 4, interface_mac = 6,
                        interface_speed = 8, interface_resolution = 9, interface_filter = 11,
                        interface_os = 12;
constexpr std::uint16_t packet_flags = 2, packet_id = 5;
constexpr std::uint16_t statistics_start = 2, statistics_end = 3, statistics_received = 4;
}  // namespace option

constexpr std::uint32_t inbound = 1, outbound = 2;  // bits 0-1 of the flags word
constexpr std::uint8_t nanosecond_resolution = 9;   // 10^-9
constexpr std::size_t names_a_block = 4096;         // Wireshark takes blocks of up to 16 MiB

constexpr std::size_t padded(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

std::string_view cut_to_option(std::string_view text) { return utf8_cut(text, 65535); }

/// A block of the rare kinds, gathered before it is written. The packet's is laid out in place, below.
class Block {
 public:
  explicit Block(std::uint32_t type) { number32(type).number32(0); }

  Block& number16(std::uint16_t value) { return raw(&value, 2); }
  Block& number32(std::uint32_t value) { return raw(&value, 4); }
  Block& time(std::uint64_t value) {
    return number32(static_cast<std::uint32_t>(value >> 32)).number32(static_cast<std::uint32_t>(value));
  }
  Block& padded_bytes(const void* bytes, std::size_t size) {
    raw(bytes, size);
    bytes_.resize(padded(bytes_.size()));
    return *this;
  }
  Block& text_option(std::uint16_t code, std::string_view text) {
    if (text.empty()) return *this;
    text = cut_to_option(text);
    return bytes_option(code, text.data(), text.size());
  }
  Block& bytes_option(std::uint16_t code, const void* bytes, std::size_t size) {
    return number16(code).number16(static_cast<std::uint16_t>(size)).padded_bytes(bytes, size);
  }
  Block& number64_option(std::uint16_t code, std::uint64_t value) { return bytes_option(code, &value, 8); }
  Block& time_option(std::uint16_t code, std::uint64_t value) {
    return number16(code).number16(8).time(value);
  }

  void write(AtomicFile& file) {
    number16(option::end).number16(0);
    const auto size = static_cast<std::uint32_t>(bytes_.size() + 4);
    number32(size);
    std::memcpy(bytes_.data() + 4, &size, 4);
    file.write(bytes_);
  }

 private:
  Block& raw(const void* bytes, std::size_t size) {
    const auto* at = static_cast<const std::uint8_t*>(bytes);
    bytes_.insert(bytes_.end(), at, at + size);
    return *this;
  }

  std::vector<std::uint8_t> bytes_;
};

std::uint8_t* put16(std::uint8_t* at, std::uint16_t value) {
  std::memcpy(at, &value, 2);
  return at + 2;
}
std::uint8_t* put32(std::uint8_t* at, std::uint32_t value) {
  std::memcpy(at, &value, 4);
  return at + 4;
}
std::uint8_t* put_padded(std::uint8_t* at, const void* bytes, std::size_t size) {
  if (size != 0) std::memcpy(at, bytes, size);  // an empty view may have no address at all
  const std::size_t whole = padded(size);
  std::memset(at + size, 0, whole - size);
  return at + whole;
}

}  // namespace

PcapngFile::PcapngFile(AtomicFile file, Nanoseconds start) : file_(std::move(file)), start_(start) {
  const std::uint64_t unknown_length = ~std::uint64_t{0};
  Block section(block::section);
  section.number32(0x1a2b3c4d).number16(1).number16(0).padded_bytes(&unknown_length, 8);
  section.text_option(option::section_application, "ekspath").write(file_);
}

void PcapngFile::add_names(std::span<const AddressName> names) {
  while (!names.empty()) {
    const std::size_t count = std::min(names.size(), names_a_block);
    add_names_block(names.first(count));
    names = names.subspan(count);
  }
}

void PcapngFile::add_names_block(std::span<const AddressName> names) {
  constexpr std::uint16_t ipv4_record = 1;
  Block block(block::names);
  for (const AddressName& entry : names) {
    std::array<std::uint8_t, 4> address{};
    store32(address.data(), entry.address.bits());
    std::string value(address.begin(), address.end());
    value += utf8_cut(entry.name, 1024);
    value += '\0';
    block.number16(ipv4_record).number16(static_cast<std::uint16_t>(value.size()));
    block.padded_bytes(value.data(), value.size());
  }
  block.number16(0).number16(0).write(file_);
}

std::uint32_t PcapngFile::add_interface(const PcapngInterface& interface) {
  Block description(block::interface);
  description.number16(static_cast<std::uint16_t>(LinkType::ethernet)).number16(0).number32(snapshot_length);
  description.text_option(option::interface_name, interface.name);
  description.text_option(option::interface_description, interface.description);
  if (interface.address) {
    std::array<std::uint8_t, 8> value{};
    store32(value.data(), interface.address->address.bits());
    store32(value.data() + 4, Prefix::mask_of(interface.address->prefix_length));
    description.bytes_option(option::interface_ipv4, value.data(), value.size());
  }
  if (interface.mac) description.bytes_option(option::interface_mac, interface.mac->bytes.data(), 6);
  if (interface.speed_bps != 0) description.number64_option(option::interface_speed, interface.speed_bps);
  description.bytes_option(option::interface_resolution, &nanosecond_resolution, 1);
  // The first byte of the filter says how it is written: 0, as a libpcap expression.
  if (!interface.filter.empty()) {
    description.text_option(option::interface_filter, std::string(1, '\0') + interface.filter);
  }
  description.text_option(option::interface_os, interface.os).write(file_);
  packets_of_interface_.push_back(0);
  return static_cast<std::uint32_t>(packets_of_interface_.size() - 1);
}

void PcapngFile::add_packet(const PcapngPacket& packet) {
  ASSERT(packet.interface < packets_of_interface_.size());
  const std::string_view comment = cut_to_option(packet.comment);
  const auto time = static_cast<std::uint64_t>((start_ + packet.time).count());
  const auto length = static_cast<std::uint32_t>(packet.bytes.size());
  const std::size_t comment_size = comment.empty() ? 0 : 4 + padded(comment.size());
  const std::size_t size = 28 + padded(length) + comment_size + 8 + 12 + 4 + 4;

  std::uint8_t* at = file_.reserve(size);
  at = put32(at, block::packet);
  at = put32(at, static_cast<std::uint32_t>(size));
  at = put32(at, packet.interface);
  at = put32(at, static_cast<std::uint32_t>(time >> 32));
  at = put32(at, static_cast<std::uint32_t>(time));
  at = put32(at, length);
  at = put32(at, length);
  at = put_padded(at, packet.bytes.data(), length);
  if (!comment.empty()) {
    at = put16(put16(at, option::comment), static_cast<std::uint16_t>(comment.size()));
    at = put_padded(at, comment.data(), comment.size());
  }
  at = put16(put16(at, option::packet_flags), 4);
  at = put32(at, packet.direction == Direction::in ? inbound : outbound);
  at = put16(put16(at, option::packet_id), 8);
  at = put_padded(at, &packet.packet_id, 8);
  at = put16(put16(at, option::end), 0);
  put32(at, static_cast<std::uint32_t>(size));
  ++packets_of_interface_[packet.interface];
}

void PcapngFile::add_statistics(Nanoseconds end) {
  const auto first = static_cast<std::uint64_t>(start_.count());
  const auto last = static_cast<std::uint64_t>((start_ + end).count());
  for (std::uint32_t interface = 0; interface < packets_of_interface_.size(); ++interface) {
    Block statistics(block::statistics);
    statistics.number32(interface).time(last);
    statistics.time_option(option::statistics_start, first).time_option(option::statistics_end, last);
    statistics.number64_option(option::statistics_received, packets_of_interface_[interface]).write(file_);
  }
}

}  // namespace ekspath
