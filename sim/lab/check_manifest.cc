#include "sim/lab/check_manifest.hh"

#include "sim/base/near_miss.hh"
#include "sim/eks/api/decode.hh"

namespace ekspath {
namespace {

/// The place of a kind that has no match, with the kind or the version that may be meant.
void report_unknown_kind(const YamlNode& source, const std::string& error, Diagnostics& diagnostics) {
  const YamlNode* kind = source.find("kind");
  const std::string name = kind == nullptr ? std::string() : kind->text;
  std::vector<std::string> names;
  std::string hint;
  for (const KindInfo& known : all_kinds()) {
    names.emplace_back(known.name);
    if (known.name == name) hint = fmt::format("its apiVersion is {}", known.api_version());
  }
  if (const std::string near = near_miss(name, names); hint.empty() && !near.empty())
    hint = fmt::format("did you mean '{}'?", near);
  diagnostics.report({kind == nullptr ? source.where : kind->where, error, "", hint});
}

}  // namespace

std::vector<ManifestDocument> read_manifest(const std::string& text, const std::string& path,
                                            Diagnostics& diagnostics) {
  std::vector<ManifestDocument> good;
  for (ManifestDocument& one : parse_manifest(text, path, diagnostics)) {
    std::string error;
    if (!kind_of(one.document, error)) {
      report_unknown_kind(one.tree, error, diagnostics);
      continue;
    }
    const DecodedObject decoded = decode_object(one.document);
    for (const FieldError& mistake : decoded.errors) {
      diagnostics.report(
          {place_of_field(one.tree, mistake.path),
           fmt::format("{} \"{}\": {}", info(decoded.kind).name, decoded.name, mistake.text), "",
           mistake.near_miss.empty() ? std::string() : fmt::format("did you mean '{}'?", mistake.near_miss)});
    }
    if (decoded.object) good.push_back(std::move(one));
  }
  return good;
}

}  // namespace ekspath
