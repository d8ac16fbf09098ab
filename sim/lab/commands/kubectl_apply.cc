#include <algorithm>
#include <charconv>

#include "sim/eks/api/decode.hh"
#include "sim/lab/commands/kubectl_manifest_files.hh"
#include "sim/lab/commands/kubectl_session.hh"
#include "sim/lab/commands/kubectl_yaml.hh"

namespace ekspath {
namespace {

CommandResult failed(std::string_view text) { return {1, "", fmt::format("error: {}\n", text)}; }

/// cmdutil.AddSourceToErr(): but what is invalid names the object and not the file.
std::string with_source(const ApiError& error, std::string_view verb, std::string_view path) {
  if (error.reason == ApiError::Reason::invalid) return error.text() + "\n";
  return fmt::format("Error from server ({}): error when {} \"{}\": {}\n", error.reason_text(), verb, path,
                     error.message);
}

std::optional<ApiError> create_object(KubectlCall& call, Document document, const std::string& name_space) {
  DecodedObject decoded = decode_object(std::move(document));
  if (!decoded.object) return decoded.error();
  if (info(decoded.kind).namespaced) decoded.object->meta.name_space = name_space;
  return call.api.create(std::move(*decoded.object)).error;
}

/// `kubectl create -f`
CommandResult create_from_files(KubectlCall& call) {
  ManifestInput input = read_manifest_input(call);
  CommandResult result;
  result.err = input.errors;
  for (ManifestInput::Object& object : input.objects) {
    const Document document = object.document;
    if (const auto error = create_object(call, std::move(object.document), object.name_space)) {
      result.err += with_source(*error, "creating", object.path);
    } else {
      result.out += object_label(object.kind, document) + " created\n";
    }
  }
  result.status = result.err.empty() ? 0 : 1;
  return result;
}

/// create_deployment.go buildPodSpec(), sanitizeAndUniquify(): "docker.io/library/nginx:1.27" is "nginx".
std::string container_name(std::string_view image) {
  std::string_view name = image.substr(image.rfind('/') + 1);
  name = name.substr(0, name.find(':'));
  name = name.substr(0, name.find('@'));
  std::string sanitized;
  for (const char c : name) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    const bool kept = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9') || lower == '-';
    if (kept) sanitized += lower;
  }
  return sanitized;
}

Document deployment_document(const std::string& name, std::int64_t replicas,
                             const KubectlArguments& arguments) {
  const Document labels = {{"app", name}};
  Document containers = Document::array();
  for (const std::string& image : arguments.values("image")) {
    Document container = {
        {"image", image}, {"name", container_name(image)}, {"resources", Document::object()}};
    if (!arguments.command().empty()) container["command"] = arguments.command();
    containers.push_back(std::move(container));
  }
  Document document = {{"apiVersion", "apps/v1"},
                       {"kind", "Deployment"},
                       {"metadata", {{"creationTimestamp", nullptr}, {"labels", labels}, {"name", name}}},
                       {"spec",
                        {{"replicas", replicas},
                         {"selector", {{"matchLabels", labels}}},
                         {"strategy", Document::object()},
                         {"template",
                          {{"metadata", {{"creationTimestamp", nullptr}, {"labels", labels}}},
                           {"spec", {{"containers", containers}}}}}}},
                       {"status", Document::object()}};
  if (arguments.has("namespace")) document["metadata"]["namespace"] = arguments.name_space();
  return document;
}

std::optional<std::int64_t> number_of(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return number;
}

std::string number_error(std::string_view option, const std::string& text) {
  return fmt::format(
      "error: invalid argument \"{}\" for \"--{}\" flag: strconv.ParseInt: parsing \"{}\": invalid "
      "syntax\nSee 'kubectl "
      "create deployment --help' for usage.\n",
      text, option, text);
}

}  // namespace

/// kubectl pkg/cmd/apply/apply.go
CommandResult kubectl_apply(KubectlCall& call) {
  const KubectlArguments& arguments = call.arguments;
  if (!arguments.words().empty())
    return failed(fmt::format("Unexpected args: [{}]\nSee 'kubectl apply -h' for help and examples",
                              joined_texts(arguments.words(), " ")));
  if (!arguments.has("filename")) return failed("must specify one of -f and -k");
  ManifestInput input = read_manifest_input(call);
  CommandResult result;
  result.err = input.errors;
  for (ManifestInput::Object& object : input.objects) {
    const std::string label = fmt::format("{}/{}", info(object.kind).singular_resource(), object.name);
    const bool there = call.api.objects().find(object.kind, object.name_space, object.name) != nullptr;
    const ApiServer::Applied applied = call.api.apply(std::move(object.document), object.name_space);
    if (!applied.outcome) {
      result.err +=
          with_source(*applied.outcome.error, there ? "applying patch to" : "creating", object.path);
      continue;
    }
    using Effect = ApiServer::Applied::Effect;
    result.out += fmt::format("{} {}\n", label,
                              applied.effect == Effect::created      ? "created"
                              : applied.effect == Effect::configured ? "configured"
                                                                     : "unchanged");
  }
  result.status = result.err.empty() ? 0 : 1;
  return result;
}

CommandResult kubectl_create(KubectlCall& call) {
  const KubectlArguments& arguments = call.arguments;
  if (!arguments.words().empty())
    return failed(fmt::format("Unexpected args: [{}]\nSee 'kubectl create -h' for help and examples",
                              joined_texts(arguments.words(), " ")));
  if (!arguments.has("filename")) return failed("must specify one of -f and -k");
  return create_from_files(call);
}

/// kubectl pkg/cmd/create/create_deployment.go
CommandResult kubectl_create_deployment(KubectlCall& call) {
  const KubectlArguments& arguments = call.arguments;
  if (!arguments.has("image")) return failed("required flag(s) \"image\" not set");
  if (arguments.words().size() != 1)
    return failed(
        fmt::format("exactly one NAME is required, got {}\nSee 'kubectl create deployment -h' for help and "
                    "examples",
                    arguments.words().size()));
  if (arguments.values("image").size() > 1 && !arguments.command().empty())
    return failed("cannot specify multiple --image options and command");
  const std::string replicas_text = arguments.has("replicas") ? arguments.value("replicas") : "1";
  const auto replicas = number_of(replicas_text);
  if (!replicas) return {1, "", number_error("replicas", replicas_text)};
  Document document = deployment_document(arguments.words().front(), *replicas, arguments);
  if (arguments.has("port")) {
    const auto port = number_of(arguments.value("port"));
    if (!port) return {1, "", number_error("port", arguments.value("port"))};
    document["spec"]["template"]["spec"]["containers"][0]["ports"] = {{{"containerPort", *port}}};
  }
  const std::string label = object_label(ObjectKind::deployment, document);
  const std::string dry_run = arguments.value("dry-run");
  if (dry_run == "client") {
    if (arguments.value("output") == "yaml") return {0, yaml_text(document), ""};
    return {0, label + " created (dry run)\n", ""};
  }
  if (const auto error = create_object(call, document, arguments.name_space()))
    return {1, "",
            error->reason == ApiError::Reason::invalid
                ? error->text() + "\n"
                : fmt::format("error: failed to create deployment: {}\n", error->message)};
  return {0, label + " created\n", ""};
}

CommandResult kubectl_create_namespace(KubectlCall& call) {
  if (call.arguments.words().size() != 1)
    return failed(
        fmt::format("exactly one NAME is required, got {}\nSee 'kubectl create namespace -h' for help and "
                    "examples",
                    call.arguments.words().size()));
  const Document document = {
      {"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", call.arguments.words().front()}}}};
  if (const auto error = create_object(call, document, "")) return {1, "", error->text() + "\n"};
  return {0, object_label(ObjectKind::name_space, document) + " created\n", ""};
}

}  // namespace ekspath
