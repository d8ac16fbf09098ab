#include "sim/eks/kube_proxy/chain_names.hh"

#include <doctest/doctest.h>

namespace ekspath {

TEST_CASE("chains carry the hash of service, port and protocol") {
  // facts/kube-proxy.md 3
  const auto hash = [](const char* name_space, const char* service, const char* port,
                       ServiceProtocol protocol) {
    return service_chain_hash({{name_space, service}, port, protocol});
  };
  CHECK(hash("default", "kubernetes", "https", ServiceProtocol::tcp) == "NPX46M4PTMTKRN6Y");
  CHECK(hash("kube-system", "kube-dns", "dns", ServiceProtocol::udp) == "TCOU7JCQXEZGVUNU");
  CHECK(hash("kube-system", "kube-dns", "dns-tcp", ServiceProtocol::tcp) == "ERIFXISQEP7F7OF4");
  CHECK(hash("kube-system", "kube-dns", "metrics", ServiceProtocol::tcp) == "JD5MR3NA4I4DYORP");
  CHECK(hash("default", "web", "", ServiceProtocol::tcp) == "LOLE4ISW44XBNF3G");
  CHECK(hash("default", "web", "http", ServiceProtocol::tcp) == "CDGGSHYLG3RE2FKL");
}

TEST_CASE("an endpoint's chain hangs on the service that names it") {
  CHECK(endpoint_chain_name({{"default", "web"}, "", ServiceProtocol::tcp}, "10.0.1.10:80") ==
        "KUBE-SEP-GLEQDEHX3DD5N3PI");
  const ServicePortName dns{{"kube-system", "kube-dns"}, "dns", ServiceProtocol::udp};
  CHECK(endpoint_chain_name(dns, "192.168.2.210:53") == "KUBE-SEP-PLKFYPYWRGK62UIW");
  CHECK(endpoint_chain_name(dns, "192.168.3.35:53") == "KUBE-SEP-VZ3VRTSMCJ4XVHYS");
}

TEST_CASE("kube-proxy deletes chains of services only") {
  CHECK(is_service_chain_name("KUBE-SVC-LOLE4ISW44XBNF3G"));
  CHECK(is_service_chain_name("KUBE-FW-LOLE4ISW44XBNF3G"));
  CHECK_FALSE(is_service_chain_name("KUBE-SERVICES"));
  CHECK_FALSE(is_service_chain_name("AWS-SNAT-CHAIN-0"));
}

}  // namespace ekspath
