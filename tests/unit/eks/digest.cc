#include "sim/eks/digest.hh"

#include <doctest/doctest.h>

#include "sim/eks/vpc_cni.hh"

using namespace ekspath;

TEST_CASE("a host veth is named by the SHA-1 of namespace and pod") {
  // facts/vpc-cni.md 1
  CHECK(VpcCni::host_veth_name("eni", "default", "web-0") == "eni0d7763386da");
  CHECK(VpcCni::host_veth_name("eni", "demo", "client") == "eni0e8ee4fc632");
}

TEST_CASE("a chain is named by the base32 of a SHA-256") {
  // facts/kube-proxy.md 3
  const auto digest = sha256("default/kubernetes:httpstcp");
  const std::string name = base32({reinterpret_cast<const char*>(digest.data()), digest.size()});
  CHECK(name.substr(0, 16) == "NPX46M4PTMTKRN6Y");
}

TEST_CASE("base32 of RFC 4648's test vectors") {
  CHECK(base32("") == "");
  CHECK(base32("f") == "MY");
  CHECK(base32("foobar") == "MZXW6YTBOI");
}
