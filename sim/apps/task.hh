#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/execution.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdint>
#include <exception>
#include <memory>
#include <utility>
#include <vector>

#include "sim/base/assert.hh"
#include "sim/base/nanoseconds.hh"
#include "sim/linux/socket/alarm.hh"

/// Coroutines over simulated time. Slow to compile: for .cc files of sim/apps only.
namespace ekspath {

class Netns;
class Scheduler;
class Signal;

/// Where coroutines run: hands functions to a Scheduler. An Asio executor.
class SimulatedExecutor {
 public:
  explicit SimulatedExecutor(Scheduler& scheduler) : scheduler_(&scheduler) {}

  template <class Function>
  void execute(Function function) const;
  [[nodiscard]] Scheduler& query(boost::asio::execution::context_t) const noexcept { return *scheduler_; }
  [[nodiscard]] static constexpr boost::asio::execution::blocking_t query(
      boost::asio::execution::blocking_t) noexcept {
    return boost::asio::execution::blocking_t(boost::asio::execution::blocking.never);
  }
  bool operator==(const SimulatedExecutor&) const noexcept = default;

 private:
  Scheduler* scheduler_;
};

template <class T>
using Task = boost::asio::awaitable<T, SimulatedExecutor>;

/// Runs the coroutines of one program from events of its namespace: no thread, no host clock, no reactor.
/// Everything that became ready at one instant runs in the order in which it became so. Destroying it
/// destroys the suspended coroutines.
class Scheduler final : public boost::asio::execution_context {
 public:
  explicit Scheduler(Netns& netns);
  ~Scheduler();

  [[nodiscard]] SimulatedExecutor executor() { return SimulatedExecutor(*this); }
  [[nodiscard]] Nanoseconds now() const;

  /// Starts a coroutine at the present instant; its end is nobody's business.
  void spawn(Task<void> task);
  [[nodiscard]] Task<void> sleep_until(Nanoseconds deadline);
  [[nodiscard]] Task<void> sleep(Nanoseconds duration);

  /// Destroys every suspended coroutine. Not from within one.
  void cancel_all();
  /// Called from the event at hand, when no coroutine runs, after `ask_for_pause`.
  std::function<void()> on_pause;
  void ask_for_pause() { pause_asked_ = true; }

 private:
  friend class SimulatedExecutor;
  friend class Signal;

  struct Ready {
    virtual ~Ready() = default;
    virtual void run() = 0;
  };
  template <class Function>
  struct ReadyFunction final : Ready {
    explicit ReadyFunction(Function f) : function(std::move(f)) {}
    void run() override { function(); }
    Function function;
  };
  /// A suspended coroutine. Resumed with true by its signal, with false by the clock.
  struct Waiter {
    virtual ~Waiter() = default;
    virtual void resume(bool signalled) = 0;
    Nanoseconds deadline;
    Signal* signal = nullptr;
    bool signalled = false;
  };
  template <class Handler>
  struct HandlerWaiter final : Waiter {
    explicit HandlerWaiter(Handler h) : handler(std::move(h)) {}
    void resume(bool by_signal) override { std::move(handler)(by_signal); }
    Handler handler;
  };

  [[nodiscard]] Task<bool> suspend(Nanoseconds deadline, Signal* signal);
  void post(std::unique_ptr<Ready> ready);
  void add(std::unique_ptr<Waiter> waiter);
  void wake(Waiter& waiter);
  void run();
  [[nodiscard]] std::unique_ptr<Waiter> take_due();
  void rearm();

  Netns& netns_;
  std::vector<std::unique_ptr<Ready>> ready_;     // few: the first is taken by moving the others up
  std::vector<std::unique_ptr<Waiter>> waiters_;  // in the order of their waiting
  bool pause_asked_ = false;
  bool running_ = false;
  Alarm alarm_;
};

/// Something that one coroutine waits for: raised by a callback of a socket, kept until it is waited for.
class Signal {
 public:
  explicit Signal(Scheduler& scheduler) : scheduler_(&scheduler) {}
  ~Signal() {
    if (waiter_ != nullptr) waiter_->signal = nullptr;
  }
  Signal(const Signal&) = delete;
  Signal& operator=(const Signal&) = delete;

  void raise();
  /// True: raised. False: `deadline` came first.
  [[nodiscard]] Task<bool> wait_until(Nanoseconds deadline);
  [[nodiscard]] Task<void> wait();

 private:
  friend class Scheduler;
  Scheduler* scheduler_;
  Scheduler::Waiter* waiter_ = nullptr;
  bool raised_ = false;
};

template <class Function>
void SimulatedExecutor::execute(Function function) const {
  scheduler_->post(std::make_unique<Scheduler::ReadyFunction<Function>>(std::move(function)));
}

}  // namespace ekspath
