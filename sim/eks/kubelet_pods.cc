#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ranges>
#include <utility>

#include "sim/base/assert.hh"
#include "sim/eks/kubelet.hh"
#include "sim/linux/socket/sockets.hh"

namespace ekspath {
namespace {

using State = ContainerStatus::State;

void set_condition(PodStatus& status, Literal type, bool on, Literal reason, Shared<std::string> message,
                   Nanoseconds now) {
  ObjectCondition wanted{type, on ? Literal("True") : Literal("False"), reason, std::move(message), now};
  std::vector<ObjectCondition>& conditions = status.conditions.write();
  const auto known = std::ranges::find(conditions, type, &ObjectCondition::type);
  if (known == conditions.end()) {
    conditions.push_back(std::move(wanted));
  } else {
    if (known->status == wanted.status) wanted.changed = known->changed;
    *known = std::move(wanted);
  }
}

/// Ready and ContainersReady, of the containers as they are. pkg/kubelet/status/generate.go
void update_readiness(PodStatus& status, const PodSpec& spec, Nanoseconds now) {
  std::vector<std::string_view> unready;
  for (std::size_t i = 0; i < status.containers->size(); ++i) {
    if (!(*status.containers)[i].ready) unready.push_back(spec.containers[i].name);
  }
  const bool ready = unready.empty();
  Shared<std::string> message;
  if (!ready) message = fmt::format("containers with unready status: [{}]", fmt::join(unready, " "));
  for (const Literal type : {Literal("Ready"), Literal("ContainersReady")})
    set_condition(status, type, ready, ready ? Literal() : Literal("ContainersNotReady"), message, now);
}

/// "1.501s (1.501s including waiting)": Go's Duration, rounded to milliseconds.
std::string duration_text(Nanoseconds time) {
  const std::int64_t milli = time.whole_milliseconds();
  if (milli < 1000) return fmt::format("{}ms", milli);
  std::string text = fmt::format("{}.{:03}", milli / 1000, milli % 1000);
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return text + "s";
}

}  // namespace

Kubelet::Kubelet(Engine& engine, ApiServer& api, KubeletHost& host, const ControlDelays& delays,
                 SharedText node, Ipv4Address address)
    : Entity(engine),
      api_(&api),
      host_(&host),
      delays_(&delays),
      events_(api.objects(), "kubelet", node),
      node_(std::move(node)),
      address_(address) {}

Kubelet::~Kubelet() = default;

void Kubelet::pod_changed(ObjectChange change, const ApiObject& pod) {
  auto* work = const_cast<Work*>(find(pod.meta.name_space, pod.meta.name));
  if (work != nullptr && work->uid != pod.meta.uid) work = nullptr;
  const auto ask_to_stop = [&](std::int64_t grace, Nanoseconds delay) {
    work->stopping = true;
    work->grace_seconds = grace;
    after(*work, delay, Step::stop);
  };
  if (change == ObjectChange::deleted) {
    if (work != nullptr) work->last_spec = std::make_unique<PodSpec>(pod.as<PodSpec>());
    // Removed with no grace left: the kubelet cleans up what it finds running.
    if (work != nullptr && work->step != Step::gone)
      ask_to_stop(0, work->stopping ? Nanoseconds() : delays_->kubelet);
  } else if (work == nullptr) {
    if (pod.meta.terminating()) return;
    after(begin(pod), delays_->kubelet, Step::look);
  } else if (pod.meta.terminating() && !work->stopping) {
    ask_to_stop((*pod.meta.deletion)->grace_seconds, delays_->kubelet);
  }
}

void Kubelet::adopt(const ApiObject& pod, Netns& netns) {
  Work& work = begin(pod);
  work.step = Step::running;
  work.netns = &netns;
  work.has_sandbox = true;
  work.containers.resize(spec_of(work).init_containers->size() + spec_of(work).containers.size());
  work.container = static_cast<std::uint32_t>(work.containers.size());
  static const Shared<ContainerWork> idle = [] {
    ContainerWork nothing;
    nothing.kind = ContainerWork::Kind::idle;
    return nothing;
  }();
  for (std::size_t i = 0; i < work.containers.size(); ++i) {
    work.containers[i].work = idle;
    work.containers[i].began = true;
    images_.write().insert(full_image_name(container_of(work, i)->image));
  }
  report(work, [&](PodStatus& status) {
    status.phase = "Running";
    status.start_time = now();
    status.host_ip = address_;
    for (const ContainerSpec& one : spec_of(work).containers) {
      ContainerStatus running;
      running.state = State::running;
      running.reason = {};
      running.ready = running.started = running.has_id = true;
      running.started_at = now();
      running.shape = one.shape;
      status.containers.write().push_back(std::move(running));
    }
    for (const Literal type : {Literal("PodReadyToStartContainers"), Literal("Initialized")})
      set_condition(status, type, true, {}, {}, now());
    update_readiness(status, spec_of(work), now());
    status.conditions.write().shrink_to_fit();  // nothing comes any more
  });
}

const Program* Kubelet::program(const std::string& pod_namespace, const std::string& pod_name,
                                const std::string& container) const {
  const Work* work = find(pod_namespace, pod_name);
  if (work == nullptr) return nullptr;
  for (std::size_t i = 0; i < work->containers.size(); ++i) {
    if (container_of(*work, i).name == container) return work->containers[i].program.get();
  }
  return nullptr;
}

Kubelet::Work& Kubelet::begin(const ApiObject& pod) {
  Work& fresh = *works_.emplace_back(std::make_unique<Work>());
  fresh.id = next_id_++;
  fresh.name = {pod.meta.name_space, pod.meta.name};
  fresh.uid = pod.meta.uid;
  return fresh;
}

const Kubelet::Work* Kubelet::find(std::string_view pod_namespace, std::string_view pod_name) const {
  for (const auto& work : std::views::reverse(works_)) {
    if (work->name.second == pod_name && work->name.first == pod_namespace) return work.get();
  }
  return nullptr;
}

void Kubelet::after(Work& work, Nanoseconds delay, Step step) {
  work.step = step;
  work.token = ++next_token_;
  engine().schedule(next_key(now() + delay), id(), work.token, work.id);
}

void Kubelet::fire(const Event& event) {
  const auto known = std::ranges::lower_bound(works_, event.argument, {}, &Work::id_of);
  if (known == works_.end() || (*known)->id != event.argument || (*known)->token != event.kind) return;
  Work& work = **known;
  switch (work.step) {
    case Step::look:
      return look(work);
    case Step::sandbox:
      return make_sandbox(work);
    case Step::pulled:
      return pulled(work);
    case Step::start:
      return start_container(work);
    case Step::ready:
      return check_ready(work);
    case Step::running:
      return watch_endings(work);
    case Step::restart:
      return restart(work);
    case Step::stop:
      return stop(work);
    case Step::killed:
      return kill(work);
    case Step::gone:
      return finish(work);
  }
}

/// The first sync of the pod: admission, and what its status begins with.
void Kubelet::look(Work& work) {
  // A pod of the same name that still stops has the name's sandbox.
  for (const auto& other : works_) {
    if (other->id != work.id && other->name == work.name) return after(work, delays_->teardown, Step::look);
  }
  report(work, [&](PodStatus& status) {
    status.start_time = now();
    status.host_ip = address_;
    set_condition(status, "PodReadyToStartContainers", false, {}, {}, now());
    set_condition(status, "Initialized", spec_of(work).init_containers->empty(), {}, {}, now());
    const auto waiting = [](const std::vector<ContainerSpec>& containers, Literal reason) {
      Shared<std::vector<ContainerStatus>> out;
      for (const ContainerSpec& one : containers) {
        ContainerStatus& mine = out.write().emplace_back();
        mine.shape = one.shape;
        mine.reason = reason;
      }
      return out;
    };
    status.init_containers = waiting(*spec_of(work).init_containers, "PodInitializing");
    status.containers = waiting(spec_of(work).containers, spec_of(work).init_containers->empty()
                                                              ? Literal("ContainerCreating")
                                                              : Literal("PodInitializing"));
    update_readiness(status, spec_of(work), now());
  });
  work.containers.resize(spec_of(work).init_containers->size() + spec_of(work).containers.size());
  after(work, delays_->sandbox, Step::sandbox);
}

void Kubelet::make_sandbox(Work& work) {
  const KubeletHost::Sandbox sandbox = host_->make_sandbox(*object_of(work), work.attempt++);
  if (!sandbox.error.empty()) {
    record(work, EventRecorder::Type::warning, "FailedCreatePodSandBox", sandbox.error);
    return after(work, delays_->retry, Step::sandbox);
  }
  work.netns = sandbox.netns;
  work.has_sandbox = true;
  report(work, [&](PodStatus& status) {
    set_condition(status, "PodReadyToStartContainers", true, {}, {}, now());
    status.pod_ip = sandbox.address;
  });
  begin_container(work);
}

void Kubelet::begin_container(Work& work) {
  const ContainerSpec& container = container_of(work, work.container);
  const bool present = images_->contains(full_image_name(container->image));
  work.pulling_since = now();
  if (present && container->image_pull_policy != "Always") {
    record(work, EventRecorder::Type::normal, "Pulled",
           fmt::format("Container image \"{}\" already present on machine", container->image), &container);
    return after(work, delays_->start, Step::start);
  }
  record(work, EventRecorder::Type::normal, "Pulling", fmt::format("Pulling image \"{}\"", container->image),
         &container);
  after(work, present ? delays_->resolve : delays_->pull, Step::pulled);
}

void Kubelet::pulled(Work& work) {
  const ContainerSpec& container = container_of(work, work.container);
  images_.write().insert(full_image_name(container->image));
  const std::string time = duration_text(now() - work.pulling_since);
  record(work, EventRecorder::Type::normal, "Pulled",
         fmt::format("Successfully pulled image \"{}\" in {} ({} including waiting). Image size: {} bytes.",
                     container->image, time, time, image_size(container->image)),
         &container);
  after(work, delays_->start, Step::start);
}

void Kubelet::start_container(Work& work) {
  const ContainerSpec container = container_of(work, work.container);
  const std::size_t index = work.container;
  RunningContainer& running = work.containers[index];
  record(work, EventRecorder::Type::normal, "Created", fmt::format("Created container {}", container.name),
         &container);
  record(work, EventRecorder::Type::normal, "Started", fmt::format("Started container {}", container.name),
         &container);
  running.work = work_of(*container.shape);
  running.started = now();
  running.began = true;
  running.ended = false;
  const bool is_init = index < spec_of(work).init_containers->size();
  const ApiObject& object = *object_of(work);
  if (running.work->kind == ContainerWork::Kind::agent) {
    running.program = host_->agent_started(object, container, *work.netns);
  } else {
    running.program = start_work(*running.work, *work.netns, host_->environment(object));
  }
  if (running.work->kind == ContainerWork::Kind::unknown)
    host_->note(fmt::format("image {}: what it does is not modelled; its containers run and listen nowhere",
                            container->image));
  report(work, [&](PodStatus& status) {
    ContainerStatus& mine = status_of(work, status, index);
    if (mine.state == State::terminated) mine.last_ending = mine.ending();
    mine.state = State::running;
    mine.reason = {};
    mine.message = {};
    mine.started = mine.has_id = true;
    mine.started_at = now();
    mine.shape = container.shape;
    mine.restart_count = running.restarts;
    if (!is_init) status.phase = "Running";
  });
  if (is_init) {
    // What init containers do here takes no time of its own.
    report(work, [&](PodStatus& status) {
      ContainerStatus& mine = status_of(work, status, index);
      mine.state = State::terminated;
      mine.reason = "Completed";
      mine.ready = true;
      mine.finished_at = now();
      if (index + 1 == spec_of(work).init_containers->size())
        set_condition(status, "Initialized", true, {}, {}, now());
    });
    running.ended = true;
  }
  if (!std::exchange(work.restarting, false) && ++work.container < work.containers.size())
    return begin_container(work);
  after(work, delays_->ready, Step::ready);
}

void Kubelet::check_ready(Work& work) {
  bool all = true;
  Nanoseconds again = Nanoseconds::never();
  std::vector<bool> ready;
  const std::size_t first = spec_of(work).init_containers->size();
  for (std::size_t i = 0; i < spec_of(work).containers.size(); ++i) {
    const ContainerSpec& container = spec_of(work).containers[i];
    const RunningContainer& running = work.containers[first + i];
    bool is_ready = !running.ended;
    if (container->readiness && is_ready) {
      const Nanoseconds first_probe =
          running.started + Nanoseconds(container->readiness->initial_delay_seconds * 1'000'000'000);
      // A world that settles (no delays) begins with pods that were probed long ago.
      const bool settles = delays_->ready == Nanoseconds();
      if (now() < first_probe && !settles) {
        is_ready = false;
        again = std::min(again, first_probe - now());
      } else if (!is_probe_answered(work, container)) {
        is_ready = false;
        again = std::min(again, Nanoseconds(container->readiness->period_seconds * 1'000'000'000));
        if (container->readiness->handler == ProbeSpec::Handler::http_get ||
            container->readiness->handler == ProbeSpec::Handler::tcp_socket) {
          record(work, EventRecorder::Type::warning, "Unhealthy",
                 "Readiness probe failed: connect: connection refused", &container);
        }
      }
    }
    ready.push_back(is_ready);
    all = all && is_ready;
  }
  report(work, [&](PodStatus& status) {
    std::vector<ContainerStatus>& statuses = status.containers.write();
    for (std::size_t i = 0; i < statuses.size(); ++i) statuses[i].ready = ready[i];
    update_readiness(status, spec_of(work), now());
  });
  if (!all && again != Nanoseconds::never()) return after(work, again, Step::ready);
  watch_endings(work);
}

/// The next ending that is known by now: a sleep that runs out, a shell without a terminal, a program.
void Kubelet::watch_endings(Work& work) {
  work.step = Step::running;
  Nanoseconds next = Nanoseconds::never();
  for (std::size_t i = 0; i < work.containers.size(); ++i) {
    RunningContainer& running = work.containers[i];
    if (running.ended) continue;
    if (running.work->kind == ContainerWork::Kind::finished) return container_ended(work, i, 0);
    if (running.program && !running.program->running())
      return container_ended(work, i, *running.program->exit_status());
    if (running.work->kind == ContainerWork::Kind::program) next = std::min(next, delays_->ready);
    if (running.work->kind != ContainerWork::Kind::sleeper) continue;
    const Nanoseconds end = running.started + running.work->duration;
    if (end <= now()) return container_ended(work, i, 0);
    next = std::min(next, end - now());
  }
  if (next != Nanoseconds::never()) after(work, next, Step::running);
}

void Kubelet::container_ended(Work& work, std::size_t container, int status_code) {
  RunningContainer& running = work.containers[container];
  const ContainerSpec& spec = container_of(work, container);
  running.ended = true;
  const bool restarts = spec_of(work)->restart_policy == "Always" ||
                        (spec_of(work)->restart_policy == "OnFailure" && status_code != 0);
  report(work, [&](PodStatus& status) {
    ContainerStatus& mine = status_of(work, status, container);
    mine.ready = false;
    mine.started = false;
    mine.finished_at = now();
    mine.exit_code = status_code;
    mine.state = State::terminated;
    mine.reason = status_code == 0 ? Literal("Completed") : Literal("Error");
    if (restarts && running.restarts > 0) {
      mine.last_ending = mine.ending();
      mine.state = State::waiting;
      mine.reason = "CrashLoopBackOff";
      mine.message = fmt::format("back-off {} restarting failed container={} pod={}_{}({})",
                                 duration_text(work.crash_delay), spec.name, work.name.second,
                                 work.name.first, work.uid.text());
    }
    const bool all = std::ranges::all_of(work.containers, &RunningContainer::ended);
    if (!restarts && all) status.phase = status_code == 0 ? Literal("Succeeded") : Literal("Failed");
    update_readiness(status, spec_of(work), now());
  });
  if (!restarts) return watch_endings(work);
  work.container = static_cast<std::uint32_t>(container);
  // pkg/kubelet backOffPeriod 10 s, doubled up to 5 minutes; the first restart comes at once.
  const bool is_first = running.restarts == 0;
  if (!is_first)
    record(work, EventRecorder::Type::warning, "BackOff",
           fmt::format("Back-off restarting failed container {} in pod {}_{}({})", spec.name,
                       work.name.second, work.name.first, work.uid.text()),
           &spec);
  after(work, is_first ? delays_->ready : work.crash_delay, Step::restart);
  if (!is_first) work.crash_delay = std::min(work.crash_delay * 2, Nanoseconds(300'000'000'000));
}

void Kubelet::restart(Work& work) {
  RunningContainer& running = work.containers[work.container];
  ++running.restarts;
  running.program.reset();
  work.restarting = true;
  begin_container(work);
}

void Kubelet::stop(Work& work) {
  const Nanoseconds grace(work.grace_seconds * 1'000'000'000);
  Nanoseconds longest;
  for (std::size_t i = spec_of(work).init_containers->size(); i < work.containers.size(); ++i) {
    const RunningContainer& running = work.containers[i];
    if (!running.began || running.ended) continue;
    const ContainerSpec& container = container_of(work, i);
    record(work, EventRecorder::Type::normal, "Killing", fmt::format("Stopping container {}", container.name),
           &container);
    // Process 1 of a container has no default action for SIGTERM: what installs no handler waits for SIGKILL.
    longest = std::max(longest, running.work->heeds_sigterm() ? std::min(delays_->stop, grace) : grace);
  }
  after(work, longest, Step::killed);
}

void Kubelet::kill(Work& work) {
  const ApiObject* object = object_of(work);
  for (std::size_t i = 0; i < work.containers.size(); ++i) {
    RunningContainer& running = work.containers[i];
    if (running.work->kind == ContainerWork::Kind::agent && !running.ended && object != nullptr &&
        i >= spec_of(work).init_containers->size())
      host_->agent_stopped(*object, container_of(work, i));
    running.program.reset();
    running.ended = true;
  }
  report(work, [&](PodStatus& status) {
    for (ContainerStatus& one : status.containers.write()) {
      if (one.state != State::running) continue;
      one.state = State::terminated;
      one.reason = "Completed";
      one.ready = false;
      one.finished_at = now();
    }
    update_readiness(status, spec_of(work), now());
  });
  after(work, delays_->teardown, Step::gone);
}

void Kubelet::finish(Work& work) {
  if (work.has_sandbox) host_->remove_sandbox(work.name.first, work.name.second);
  const PodName name = work.name;
  const bool is_there = object_of(work) != nullptr;
  std::erase_if(works_, [id = work.id](const auto& one) { return one->id == id; });
  if (is_there) (void)api_->objects().remove(ObjectKind::pod, name.first, name.second);
}

bool Kubelet::is_probe_answered(const Work& work, const ContainerSpec& container) const {
  const ProbeSpec& probe = *container->readiness;
  if (probe.handler != ProbeSpec::Handler::http_get && probe.handler != ProbeSpec::Handler::tcp_socket)
    return true;
  std::uint16_t port = 0;
  if (const auto* number = std::get_if<std::int32_t>(&probe.port)) {
    port = static_cast<std::uint16_t>(*number);
  } else {
    const auto named =
        std::ranges::find(container->ports, std::get<std::string>(probe.port), &ContainerPortSpec::name);
    if (named != container->ports.end()) port = named->container_port;
  }
  // The agents' own ports (health servers) answer as long as they run.
  const auto kind = work.containers[static_cast<std::size_t>(&container - spec_of(work).containers.data()) +
                                    spec_of(work).init_containers->size()]
                        .work->kind;
  if (kind == ContainerWork::Kind::agent) return true;
  if (work.netns == nullptr || !work.netns->sockets) return false;
  return std::ranges::any_of(work.netns->sockets->summary(), [&](const SocketSummary& socket) {
    return socket.state == "LISTEN" && socket.local_port == port;
  });
}

const PodSpec& Kubelet::spec_of(const Work& work) const {
  return work.last_spec ? *work.last_spec : object_of(work)->as<PodSpec>();
}

ContainerStatus& Kubelet::status_of(const Work& work, PodStatus& status, std::size_t index) const {
  const std::size_t first = spec_of(work).init_containers->size();
  return index < first ? status.init_containers.write().at(index)
                       : status.containers.write().at(index - first);
}

const ContainerSpec& Kubelet::container_of(const Work& work, std::size_t index) const {
  const PodSpec& spec = spec_of(work);
  const std::size_t first = spec.init_containers->size();
  return index < first ? (*spec.init_containers)[index] : spec.containers[index - first];
}

const ApiObject* Kubelet::object_of(const Work& work) const {
  const ApiObject* object = api_->objects().find(ObjectKind::pod, work.name.first, work.name.second);
  return object != nullptr && object->meta.uid == work.uid ? object : nullptr;
}

void Kubelet::report(const Work& work, const std::function<void(PodStatus&)>& change) {
  const ApiObject* object = object_of(work);
  if (object == nullptr) return;
  (void)api_->objects().edit(*object, ObjectStore::Part::status,
                             [&](ApiObject& pod) { change(pod.as<PodStatus>()); });
}

void Kubelet::record(const Work& work, EventRecorder::Type type, std::string_view reason, std::string text,
                     const ContainerSpec* container) {
  const ApiObject* object = object_of(work);
  if (object == nullptr) return;
  const bool is_init =
      container != nullptr && !spec_of(work).init_containers->empty() &&
      container >= spec_of(work).init_containers->data() &&
      container < spec_of(work).init_containers->data() + spec_of(work).init_containers->size();
  const std::string path =
      container == nullptr
          ? std::string()
          : fmt::format("spec.{}{{{}}}", is_init ? "initContainers" : "containers", container->name);
  events_.record(*object, type, reason, std::move(text), path);
}

}  // namespace ekspath
