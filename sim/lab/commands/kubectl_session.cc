#include "sim/lab/commands/kubectl_session.hh"

#include "sim/eks/api/decode.hh"
#include "sim/eks/api/render.hh"

namespace ekspath {

std::vector<Document> StoreReader::list(ObjectKind kind, const std::string& name_space) const {
  std::vector<Document> documents;
  for (const ApiObject* object : objects_->list(kind, name_space))
    documents.push_back(to_document(*object, epoch_));
  return documents;
}

ChangeTargets change_targets(const KubectlCall& call, const std::vector<std::string>& words,
                             std::string_view missing) {
  const KubectlTargets targets = parse_targets(words, call.arguments, {call.arguments.is_on("all"), missing});
  if (!targets.error.empty()) return {{}, targets.error + "\n"};
  return {find_targets(call.reader, targets), {}};
}

const ApiObject* stored_object(const KubectlCall& call, const FoundObject& found, std::string& error) {
  const ApiObject* object =
      call.api.objects().find(found.kind, text_at(found.object, {"metadata", "namespace"}),
                              text_at(found.object, {"metadata", "name"}));
  if (object == nullptr)
    error = fmt::format("error: {} is placed by the scenario, not an object that can be changed\n",
                        object_label(found.kind, found.object));
  return object;
}

std::string replace_object(KubectlCall& call, const Document& document) {
  DecodedObject decoded = decode_object(document);
  if (!decoded.object) return decoded.error().text() + "\n";
  const ApiOutcome outcome = call.api.replace(std::move(*decoded.object));
  return outcome ? std::string() : outcome.error->text() + "\n";
}

}  // namespace ekspath
