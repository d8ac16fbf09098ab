#include <cstdint>
#include <span>

#include "sim/base/assert.hh"
#include "sim/packet/dns_message.hh"

using namespace ekspath;

/// Bytes as they come in a datagram: refused, or a message that is written and read to the same again,
/// compressed and not, and that cuts to any size.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t longest = 1500;  // names grow up to 255 bytes from a pointer of two
  if (size > longest) return 0;
  const auto message = read_dns({data, size});
  if (!message) return 0;
  ASSERT(read_dns(write_dns(*message)) == message);
  ASSERT(read_dns(write_dns(*message, DnsCompression::off)) == message);
  for (const DnsRecord& record : message->answers) (void)data_text(record);
  for (const DnsQuestion& question : message->questions) {
    const std::string text = question.name.text();
    ASSERT(DnsName::parse(text) == question.name);
  }
  DnsMessage cut = *message;
  cut_to_size(cut, 512);
  ASSERT(read_dns(write_dns(cut)) == cut);
  return 0;
}
