#include <algorithm>

#include "sim/apps/task.hh"
#include "sim/linux/netns.hh"

namespace ekspath {

Scheduler::Scheduler(Netns& netns) : netns_(netns), alarm_(netns, [this] { run(); }) {}

Scheduler::~Scheduler() {
  cancel_all();
  shutdown();
}

Nanoseconds Scheduler::now() const { return netns_.now(); }

void Scheduler::spawn(Task<void> task) {
  boost::asio::co_spawn(executor(), std::move(task), [](const std::exception_ptr& thrown) {
    ASSERT(thrown == nullptr);  // a running world throws nothing
  });
}

Task<bool> Scheduler::suspend(Nanoseconds deadline, Signal* signal) {
  constexpr boost::asio::use_awaitable_t<SimulatedExecutor> token;
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<SimulatedExecutor>,
                                                 void(bool)>(
      [this, deadline, signal](auto handler) {
        auto waiter = std::make_unique<HandlerWaiter<decltype(handler)>>(std::move(handler));
        waiter->deadline = deadline;
        waiter->signal = signal;
        if (signal != nullptr) signal->waiter_ = waiter.get();
        add(std::move(waiter));
      },
      token);
}

Task<void> Scheduler::sleep_until(Nanoseconds deadline) { co_await suspend(deadline, nullptr); }
Task<void> Scheduler::sleep(Nanoseconds duration) { co_await suspend(now() + duration, nullptr); }

void Scheduler::cancel_all() {
  // Asio destroys a coroutine by a function that it posts, and that may end others.
  while (!waiters_.empty() || !ready_.empty()) {
    auto waiters = std::move(waiters_);
    waiters_.clear();
    for (const auto& waiter : waiters) {
      if (waiter->signal != nullptr) waiter->signal->waiter_ = nullptr;
    }
    waiters.clear();
    auto ready = std::move(ready_);
    ready_.clear();
    ready.clear();
  }
  alarm_.cancel();
}

void Scheduler::post(std::unique_ptr<Ready> ready) {
  ready_.push_back(std::move(ready));
  if (!running_) alarm_.set(now());
}

void Scheduler::add(std::unique_ptr<Waiter> waiter) {
  waiters_.push_back(std::move(waiter));
  if (!running_) rearm();
}

void Scheduler::wake(Waiter& waiter) {
  waiter.signalled = true;
  if (!running_) alarm_.set(now());
}

/// The first in the order of waiting that was signalled or whose time has come.
std::unique_ptr<Scheduler::Waiter> Scheduler::take_due() {
  const auto due = std::ranges::find_if(
      waiters_, [&](const auto& waiter) { return waiter->signalled || waiter->deadline <= now(); });
  if (due == waiters_.end()) return nullptr;
  std::unique_ptr<Waiter> taken = std::move(*due);
  waiters_.erase(due);
  if (taken->signal != nullptr) {
    taken->signal->waiter_ = nullptr;
    if (taken->signalled) taken->signal->raised_ = false;
  }
  return taken;
}

void Scheduler::run() {
  running_ = true;
  while (!pause_asked_) {
    if (!ready_.empty()) {
      const std::unique_ptr<Ready> ready = std::move(ready_.front());
      ready_.erase(ready_.begin());
      ready->run();
    } else if (const std::unique_ptr<Waiter> waiter = take_due()) {
      waiter->resume(waiter->signalled);
    } else {
      break;
    }
  }
  running_ = false;
  rearm();
  if (pause_asked_) {
    pause_asked_ = false;
    if (on_pause) on_pause();
  }
}

void Scheduler::rearm() {
  Nanoseconds next = ready_.empty() ? Nanoseconds::never() : now();
  for (const auto& waiter : waiters_) next = std::min(next, waiter->signalled ? now() : waiter->deadline);
  if (next == Nanoseconds::never()) {
    alarm_.cancel();
  } else {
    alarm_.set(std::max(next, now()));
  }
}

void Signal::raise() {
  raised_ = true;
  if (waiter_ != nullptr) scheduler_->wake(*waiter_);
}

Task<bool> Signal::wait_until(Nanoseconds deadline) {
  if (std::exchange(raised_, false)) co_return true;
  co_return co_await scheduler_->suspend(deadline, this);
}

Task<void> Signal::wait() { co_await wait_until(Nanoseconds::never()); }

}  // namespace ekspath
