#include <charconv>
#include <set>
#include <utility>

#include "sim/lab/commands/kubectl_manifest_files.hh"
#include "sim/lab/commands/kubectl_session.hh"
#include "sim/lab/world.hh"

namespace ekspath {
namespace {

/// Waits until the objects are gone: --wait, which is the default. --timeout=0 waits without end, as kubectl
/// does.
class DeletionWatch final : public RunningCommand, public Entity, private ObjectWatcher {
 public:
  DeletionWatch(Engine& engine, ObjectStore& objects, std::set<std::pair<ObjectKind, std::string>> uids,
                int status, CommandEnded ended)
      : Entity(engine),
        objects_(&objects),
        uids_(std::move(uids)),
        status_(status),
        ended_(std::move(ended)) {
    std::set<ObjectKind> kinds;
    for (const auto& [kind, uid] : uids_) kinds.insert(kind);
    for (const ObjectKind kind : kinds) objects.watch(kind, *this);
  }
  ~DeletionWatch() { objects_->unwatch(*this); }

  void stop() override { end(130); }
  void fire(const Event&) override { end(status_); }

 private:
  void object_changed(ObjectChange change, const ApiObject& object) override {
    if (change != ObjectChange::deleted || uids_.erase({object.kind, object.meta.uid.text()}) == 0) return;
    if (uids_.empty()) engine().schedule(next_key(now()), id());
  }
  void end(int status) {
    if (auto ended = std::exchange(ended_, nullptr)) ended(status);
  }

  ObjectStore* objects_;
  std::set<std::pair<ObjectKind, std::string>> uids_;
  int status_;
  CommandEnded ended_;
};

class DeleteCommand {
 public:
  explicit DeleteCommand(KubectlCall& call) : call_(call) {}

  std::unique_ptr<RunningCommand> start(CommandEnded ended) {
    if (std::string error = options(); !error.empty()) return end(ended, error, 1);
    if (call_.arguments.has("filename")) {
      delete_files();
    } else {
      const ChangeTargets targets = change_targets(call_, call_.arguments.words());
      if (!targets.error.empty()) return end(ended, targets.error, 1);
      if (force_)
        call_.output.err(
            "Warning: Immediate deletion does not wait for confirmation that the running resource has been "
            "terminated. "
            "The resource may continue to run on the cluster indefinitely.\n");
      for (const FoundObject& found : targets.finds.all()) remove(found);
      if (!call_.arguments.is_on("ignore-not-found")) fail(targets.finds.errors);
      if (!any_ && errors_.empty() && !call_.arguments.is_on("ignore-not-found"))
        call_.output.out("No resources found\n");
    }
    if (!errors_.empty()) call_.output.err(errors_);
    const int status = errors_.empty() ? 0 : 1;
    const bool wait = call_.arguments.is_on("wait", !force_);
    if (!wait || waiting_.empty()) return end(ended, "", status);
    return std::make_unique<DeletionWatch>(call_.world.engine(), call_.api.objects(), std::move(waiting_),
                                           status, std::move(ended));
  }

 private:
  std::unique_ptr<RunningCommand> end(const CommandEnded& ended, std::string_view error, int status) {
    if (!error.empty()) call_.output.err(error);
    ended(status);
    return nullptr;
  }

  void fail(std::string_view text) { errors_ += text; }

  /// kubectl pkg/cmd/delete/delete.go Complete(), Validate()
  std::string options() {
    const KubectlArguments& arguments = call_.arguments;
    std::int64_t grace = -1;
    if (arguments.has("grace-period")) {
      const std::string text = arguments.value("grace-period");
      if (std::from_chars(text.data(), text.data() + text.size(), grace).ptr != text.data() + text.size() ||
          text.empty())
        return fmt::format(
            "error: invalid argument \"{}\" for \"--grace-period\" flag: strconv.ParseInt: parsing "
            "\"{}\": invalid syntax\nSee 'kubectl delete --help' for usage.\n",
            text, text);
    }
    force_ = arguments.is_on("force");
    if (arguments.is_on("now")) {
      if (grace != -1) return "error: --now and --grace-period cannot be specified together\n";
      grace = 1;
    }
    if (force_ && grace > 0)
      return "error: --force and --grace-period greater than 0 cannot be specified together\n";
    if (force_) grace = 0;
    // Without --force zero means one second: the object goes when its node says so.
    if (grace == 0 && !force_) grace = 1;
    if (grace >= 0) delete_.grace_seconds = grace;
    const std::string cascade = arguments.has("cascade") ? arguments.value("cascade") : "background";
    using Propagation = ApiServer::DeleteOptions::Propagation;
    if (cascade == "foreground") {
      delete_.propagation = Propagation::foreground;
    } else if (cascade == "orphan") {
      delete_.propagation = Propagation::orphan;
    } else if (cascade != "background") {
      return fmt::format(
          "error: invalid cascade value ({}). Must be \"background\", \"foreground\", or \"orphan\"\n",
          cascade);
    }
    if (arguments.is_on("all") && arguments.has("selector"))
      return "error: cannot set --all and --selector at the same time\n";
    return {};
  }

  void remove(const FoundObject& found) {
    const std::string name = text_at(found.object, {"metadata", "name"}),
                      name_space = text_at(found.object, {"metadata", "namespace"});
    any_ = true;
    if (const auto error = call_.api.remove(found.kind, name_space, name, delete_)) {
      fail(error->text() + "\n");
      return;
    }
    if (call_.arguments.value("output") == "name") {
      call_.output.out(object_label(found.kind, found.object) + "\n");
    } else {
      call_.output.out(fmt::format("{} \"{}\" {}deleted\n", info(found.kind).singular_resource(), name,
                                   force_ ? "force " : ""));
    }
    const ApiObject* still = call_.api.objects().find(found.kind, name_space, name);
    const std::string uid = text_at(found.object, {"metadata", "uid"});
    if (still != nullptr && still->meta.uid.text() == uid) waiting_.emplace(found.kind, uid);
  }

  void delete_files() {
    const ManifestInput input = read_manifest_input(call_);
    fail(input.errors);
    for (const ManifestInput::Object& wanted : input.objects) {
      const ApiObject* object = call_.api.objects().find(wanted.kind, wanted.name_space, wanted.name);
      if (object == nullptr) {
        if (!call_.arguments.is_on("ignore-not-found"))
          fail(fmt::format("Error from server (NotFound): error when deleting \"{}\": {} \"{}\" not found\n",
                           wanted.path, info(wanted.kind).resource(), wanted.name));
        continue;
      }
      for (Document& document : call_.reader.list(wanted.kind, wanted.name_space)) {
        if (text_at(document, {"metadata", "name"}) == wanted.name)
          remove({wanted.kind, std::move(document)});
      }
    }
  }

  KubectlCall& call_;
  ApiServer::DeleteOptions delete_;
  bool force_ = false, any_ = false;
  std::string errors_;
  std::set<std::pair<ObjectKind, std::string>> waiting_;
};

}  // namespace

std::unique_ptr<RunningCommand> kubectl_delete(KubectlCall& call, CommandEnded ended) {
  return DeleteCommand(call).start(std::move(ended));
}

}  // namespace ekspath
