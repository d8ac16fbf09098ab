#include "sim/eks/controllers/pod_template.hh"

#include <fmt/format.h>

#include <charconv>

namespace ekspath {

std::string safe_encode(std::uint32_t hash) {
  // Each decimal digit's character code, modulo 27, is an index into the alphabet of names.
  constexpr std::string_view alphabet = "bcdfghjklmnpqrstvwxz2456789";
  std::string text = fmt::format("{}", hash);
  for (char& letter : text) letter = alphabet[static_cast<unsigned char>(letter) % alphabet.size()];
  return text;
}

std::string template_hash(const Document& pod_template) {
  std::uint32_t hash = 2166136261U;
  for (const char letter : pod_template.dump()) {
    hash ^= static_cast<unsigned char>(letter);
    hash *= 16777619U;
  }
  return safe_encode(hash);
}

OwnerReference controller_reference(const ApiObject& owner) {
  return {info(owner.kind).api_version(), std::string(info(owner.kind).name), owner.meta.name,
          owner.meta.uid};
}

ApiObject pod_from_template(const ApiObject& owner, const PodTemplate& pod_template) {
  ApiObject pod;
  pod.kind = ObjectKind::pod;
  pod.meta.generate_name = fmt::format("{}-", owner.meta.name);
  pod.meta.name_space = owner.meta.name_space;
  pod.meta.labels = pod_template.labels;
  pod.meta.annotations = pod_template.annotations;
  pod.meta.owners.write().push_back(controller_reference(owner));
  pod.body.open()["spec"] = owner.body.read()["spec"]["template"]["spec"];
  pod.spec = pod_template.spec;
  pod.status = PodStatus();
  return pod;
}

std::int32_t resolve_amount(const NumberOrText& amount, std::int32_t total, bool round_up) {
  if (const auto* number = std::get_if<std::int32_t>(&amount)) return *number;
  const std::string& text = std::get<std::string>(amount);
  std::int64_t percent = 0;
  (void)std::from_chars(text.data(), text.data() + text.size(), percent);
  return static_cast<std::int32_t>((percent * total + (round_up ? 99 : 0)) / 100);
}

bool is_available(const ApiObject& pod, std::int32_t min_ready_seconds, Nanoseconds now) {
  for (const ObjectCondition& condition : *pod.as<PodStatus>().conditions) {
    if (condition.type != "Ready" || condition.status != "True") continue;
    return now >= condition.changed + Nanoseconds(std::int64_t{min_ready_seconds} * 1'000'000'000);
  }
  return false;
}

}  // namespace ekspath
