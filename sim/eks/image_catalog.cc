#include "sim/eks/image_catalog.hh"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "sim/base/shell_words.hh"

namespace ekspath {
namespace {

using Kind = ContainerWork::Kind;

struct KnownImage {
  std::string_view repository;  // without registry mirror and tag
  Kind kind;
  ServerKind server;
  std::uint16_t port;
  std::uint64_t size;
};

constexpr KnownImage images[] = {
    {"docker.io/library/nginx", Kind::server, ServerKind::nginx, 80, 72'195'292},
    {"docker.io/library/alpine", Kind::finished, ServerKind::http_echo, 0, 3'642'247},
    {"docker.io/library/busybox", Kind::finished, ServerKind::http_echo, 0, 2'166'802},
    {"docker.io/library/ubuntu", Kind::finished, ServerKind::http_echo, 0, 29'754'290},
    {"docker.io/library/debian", Kind::finished, ServerKind::http_echo, 0, 49'559'000},
    {"docker.io/nicolaka/netshoot", Kind::finished, ServerKind::http_echo, 0, 204'226'543},
    {"docker.io/curlimages/curl", Kind::finished, ServerKind::http_echo, 0, 9'200'000},
    {"docker.io/amazon/aws-cli", Kind::finished, ServerKind::http_echo, 0, 130'000'000},
    {"registry.k8s.io/pause", Kind::idle, ServerKind::http_echo, 0, 321'520},
    {"registry.k8s.io/e2e-test-images/agnhost", Kind::server, ServerKind::agnhost, 8080, 51'155'161},
    {"registry.k8s.io/echoserver", Kind::server, ServerKind::http_echo, 8080, 45'000'000},
    {"k8s.gcr.io/echoserver", Kind::server, ServerKind::http_echo, 8080, 45'000'000},
};

/// The images of EKS itself, from the registry of any region.
constexpr std::pair<std::string_view, std::uint64_t> eks_images[] = {
    {"amazon-k8s-cni-init", 62'500'000},
    {"amazon-k8s-cni", 47'600'000},
    {"aws-network-policy-agent", 39'500'000},
    {"kube-proxy", 29'900'000},
    {"coredns", 17'300'000},
};

std::string_view without_tag(std::string_view image) {
  image = image.substr(0, image.find('@'));
  const std::size_t colon = image.rfind(':');
  const std::size_t slash = image.rfind('/');
  const bool has_tag = colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash);
  return has_tag ? image.substr(0, colon) : image;
}

const KnownImage* find_image(std::string_view image) {
  const std::string full = full_image_name(image);
  std::string repository(without_tag(full));
  // The public mirror of Docker's official images on ECR.
  constexpr std::string_view mirror = "public.ecr.aws/docker/library/";
  if (repository.starts_with(mirror)) repository = "docker.io/library/" + repository.substr(mirror.size());
  if (repository == "public.ecr.aws/nginx/nginx") repository = "docker.io/library/nginx";
  const auto found = std::ranges::find(images, repository, &KnownImage::repository);
  return found == std::end(images) ? nullptr : &*found;
}

bool is_eks_image(std::string_view image) {
  return std::ranges::any_of(eks_images, [&](const auto& one) {
    return without_tag(image).ends_with(fmt::format("/{}", one.first));
  });
}

/// "30", "5m", "infinity", as sleep(1) of coreutils takes it; none: it would complain.
std::optional<Nanoseconds> sleep_time(std::string_view text) {
  if (text == "infinity" || text == "inf") return Nanoseconds::never();
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (error != std::errc()) return std::nullopt;
  std::int64_t seconds = 1;
  if (unit == "m") seconds = 60;
  if (unit == "h") seconds = 3600;
  if (unit == "d") seconds = 86400;
  if (unit.size() > 1 || (unit.size() == 1 && std::string_view("smhd").find(unit) == std::string_view::npos))
    return std::nullopt;
  return Nanoseconds(number * seconds * 1'000'000'000);
}

bool is_shell(std::string_view word) {
  return word == "sh" || word == "/bin/sh" || word == "bash" || word == "/bin/bash" || word == "ash";
}

/// The program's name without its folder.
std::string_view base_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

ContainerWork idle() {
  ContainerWork work;
  work.kind = Kind::idle;
  return work;
}

ContainerWork work_of_command(std::vector<std::string> words) {
  ContainerWork work;
  if (words.empty()) return work;
  if (is_shell(words.front())) {
    const auto script = std::ranges::find(words, "-c");
    if (script == words.end()) {
      work.kind = Kind::finished;
      return work;
    }
    if (script + 1 == words.end()) return work;
    const std::string text = *(script + 1);
    // A loop goes on for ever, whatever it does meanwhile; that is as far as shells are modelled.
    if (text.find("while true") != std::string::npos || text.find("while :") != std::string::npos)
      return idle();
    if (text.find_first_of(";&|<>$`") != std::string::npos) return work;
    const auto split = shell_words(text);
    return split ? work_of_command(*split) : work;
  }
  const std::string_view name = base_name(words.front());
  if (name == "tail" && std::ranges::find(words, "-f") != words.end()) return idle();
  if (name == "tail" && std::ranges::find(words, "-F") != words.end()) return idle();
  if (name == "pause") return idle();
  if (name == "sleep" && words.size() == 2) {
    const auto time = sleep_time(words[1]);
    if (!time) return work;
    if (*time == Nanoseconds::never()) return idle();
    work.kind = Kind::sleeper;
    work.duration = *time;
    return work;
  }
  if (name == "nginx") {
    work.kind = Kind::server;
    work.server = ServerKind::nginx;
    work.port = 80;
    return work;
  }
  words.front() = std::string(name);
  if (!check_program(words)) {
    work.kind = Kind::program;
    work.arguments = std::move(words);
  }
  return work;
}

/// agnhost netexec --http-port=8080. test/images/agnhost/netexec
std::uint16_t agnhost_port(const std::vector<std::string>& arguments, std::uint16_t otherwise) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view value;
    if (arguments[i].starts_with("--http-port=")) value = std::string_view(arguments[i]).substr(12);
    if (arguments[i] == "--http-port" && i + 1 < arguments.size()) value = arguments[i + 1];
    std::uint16_t port = 0;
    if (std::from_chars(value.data(), value.data() + value.size(), port).ec == std::errc() && port != 0)
      return port;
  }
  return otherwise;
}

}  // namespace

ContainerWork work_of(const ContainerShape& container) {
  ContainerWork work;
  if (is_eks_image(container.image)) {
    work.kind = Kind::agent;
    return work;
  }
  const KnownImage* image = find_image(container.image);
  const bool is_agnhost = image != nullptr && image->server == ServerKind::agnhost;
  std::vector<std::string> words = container.command;
  words.insert(words.end(), container.arguments.begin(), container.arguments.end());
  if (is_agnhost) {
    // Its entry point is agnhost itself; without arguments it pauses.
    const bool serves = std::ranges::find(words, "netexec") != words.end();
    if (!serves) return words.empty() || words.back() == "pause" ? idle() : work;
  } else if (!container.command.empty() ||
             (!words.empty() && image != nullptr && image->kind == Kind::finished)) {
    return work_of_command(std::move(words));
  }
  if (image == nullptr) return work;
  work.kind = image->kind;
  work.server = image->server;
  work.port = is_agnhost ? agnhost_port(words, image->port) : image->port;
  return work;
}

std::unique_ptr<Program> start_work(const ContainerWork& work, Netns& netns,
                                    const ProgramEnvironment& environment) {
  if (work.kind == Kind::server) return start_server(netns, work.server, work.port, environment);
  if (work.kind == Kind::program) return start_program(netns, work.arguments, "", environment).program;
  return nullptr;
}

std::uint64_t image_size(std::string_view image) {
  if (const KnownImage* known = find_image(image)) return known->size;
  for (const auto& [name, size] : eks_images) {
    if (without_tag(image).ends_with(fmt::format("/{}", name))) return size;
  }
  return 50'000'000;
}

std::string full_image_name(std::string_view image) {
  // distribution/reference normalize.go: no registry means docker.io, no folder means library/, no tag
  // latest.
  const std::size_t slash = image.find('/');
  const std::string_view first = image.substr(0, slash);
  const bool has_registry =
      slash != std::string_view::npos && (first.find('.') != std::string_view::npos ||
                                          first.find(':') != std::string_view::npos || first == "localhost");
  std::string name(image);
  if (!has_registry) name = (slash == std::string_view::npos ? "docker.io/library/" : "docker.io/") + name;
  if (without_tag(name).size() == name.size()) name += ":latest";
  return name;
}

}  // namespace ekspath
