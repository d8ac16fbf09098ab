#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>

/// What the first packet of a flow costs a real kernel, by the place of its service in KUBE-SERVICES: a
/// connect() that does not wait, whose SYN walks the nat table within the call. To be run by
/// tests/bench/services_kernel.sh, in a namespace where the rules are loaded and nothing leaves.
namespace ekspath {
namespace {

constexpr std::uint32_t first_service = 0x0a640001;  // 10.100.0.1, as bench_services numbers them

void connect_to_service(benchmark::State& state) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(80);
  to.sin_addr.s_addr = htonl(first_service + static_cast<std::uint32_t>(state.range(0)));
  for (auto _ : state) {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return state.SkipWithError("socket");
    static_cast<void>(::connect(descriptor, reinterpret_cast<const sockaddr*>(&to), sizeof to));
    ::close(descriptor);
  }
}
BENCHMARK(connect_to_service)->Arg(0)->Arg(5000)->Arg(9999)->Iterations(3000);

}  // namespace
}  // namespace ekspath
