#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "sim/base/assert.hh"
#include "sim/base/fetch_line.hh"
#include "sim/engine/engine.hh"
#include "sim/engine/random.hh"

namespace ekspath {

/// The far end of a link: what takes a frame.
template <class Frame>
class Receiver {
 public:
  virtual void receive(Frame frame) = 0;
  /// `frame` probably comes soon: asks the caches for what receive() will read. See Entity::expect().
  virtual void expect(const Frame& /*frame*/, unsigned /*stage*/) const {}

 protected:
  ~Receiver() = default;
};

enum class Admission : std::uint8_t { sent, queue_full, lost };

/// Properties of one direction of a wire. Zero rate: frames take no time to serialise.
struct LinkSpec {
  Nanoseconds delay;
  std::uint64_t rate_bps = 0;
  std::uint32_t queue_limit = 1000;  // frames that wait for serialisation, as a device's txqueuelen
  std::uint32_t loss_per_million = 0;
};

/// One direction of a wire: carries frames with a delay and a rate, in order of arrival time. Frames in
/// flight stand in a ring of the link's own; only the first is in the engine's queue (a heap entry a link,
/// not a frame).
template <class Frame>
class alignas(64) Link final : public Entity {
 public:
  Link(Engine& engine, const LinkSpec& spec, Receiver<Frame>& far_end)
      : Entity(engine), far_(&far_end), spec_(spec) {
    static_assert(sizeof(Frame) > sizeof(void*) || sizeof(Link) == 128);
  }

  [[nodiscard]] const LinkSpec& spec() const { return spec_; }
  void change(const LinkSpec& spec) {
    if (queue_ != nullptr && spec.queue_limit != spec_.queue_limit) queue_->departures.clear();
    spec_ = spec;
  }
  [[nodiscard]] std::size_t in_flight() const { return count_; }

  /// Whether a frame may enter now; the queue counts frames, whatever their size. Ask before send(); `draws`
  /// are drawn from only where the link has loss.
  [[nodiscard]] Admission admit(std::size_t /*bytes*/, Random& draws) {
    if (spec_.rate_bps != 0 && queue_is_full()) return Admission::queue_full;
    if (spec_.loss_per_million != 0 && draws.uniform(1'000'000) < spec_.loss_per_million)
      return Admission::lost;
    return Admission::sent;
  }
  /// Takes the frame; it arrives at the far end after serialisation, the link's delay and `extra`.
  void send(Entity& source, Frame frame, std::size_t bytes, Nanoseconds extra = {}) {
    Nanoseconds departure = now();
    if (spec_.rate_bps != 0) {
      if (queue_ == nullptr) queue_ = std::make_unique<Queue>();
      if (queue_->busy_until > departure) departure = queue_->busy_until;
      departure += serialisation(bytes);
      queue_->busy_until = departure;
      note_departure(departure);
    }
    insert(source.next_key(departure + spec_.delay + extra), std::move(frame));
  }

  /// A hint: a frame will be sent soon.
  void fetch() const { fetch_lines(this, 2); }

  /// The wire is cut: what is in flight goes to `take`, in order.
  template <class Take>
  void cut(Take take) {
    while (count_ > 0) {
      take(take_first());
    }
  }

  void expect(const Event& /*event*/, unsigned stage) const override {
    if (count_ == 0) return;
    if (stage == 0) return fetch_lines(far_, 2);
    if (stage == 1) fetch_frame(first_.frame);
    far_->expect(first_.frame, stage - 1);
  }
  void fire(const Event& event) override {
    if (count_ == 0) return;  // it was cut
    ASSERT(first_.key() == event.key());
    Frame frame = take_first();
    if (count_ > 0 && !first_.queued) enqueue(first_);
    far_->receive(std::move(frame));
  }

 private:
  struct Slot {
    Nanoseconds time;
    std::uint64_t sequence = 0;
    EntityId source;
    bool queued = false;  // has an event in the engine's queue
    Frame frame;

    [[nodiscard]] EventKey key() const { return {time, source, sequence}; }
  };

  /// Of a link with a rate.
  struct Queue {
    Nanoseconds busy_until;
    std::vector<Nanoseconds> departures;  // of the last queue_limit + 1 frames, in turn
    std::uint64_t sent = 0;
  };

  /// A frame that is an owner of what it carries has it fetched.
  static void fetch_frame(const Frame& frame) {
    if constexpr (requires { frame->expect(); }) {
      frame->expect();
    }
  }
  [[nodiscard]] Nanoseconds serialisation(std::size_t bytes) const {
    return Nanoseconds(static_cast<std::int64_t>(bytes * 8 * 1'000'000'000ULL / spec_.rate_bps));
  }
  /// One frame is being sent and queue_limit wait, if the frame that many before the last has not left yet.
  [[nodiscard]] bool queue_is_full() const {
    if (queue_ == nullptr || queue_->departures.empty()) return false;
    return queue_->departures[queue_->sent % queue_->departures.size()] > now();
  }
  void note_departure(Nanoseconds departure) {
    std::vector<Nanoseconds>& departures = queue_->departures;
    if (departures.empty()) departures.resize(std::size_t{spec_.queue_limit} + 1);
    departures[queue_->sent++ % departures.size()] = departure;
  }
  [[nodiscard]] Slot& at(std::size_t position) {
    return position == 0 ? first_ : ring_[(head_ + position - 1) & mask_];
  }

  /// Nearly always at the tail: only paths of different length into one link overtake each other.
  void insert(const EventKey& key, Frame frame) {
    if (count_ > ring_size()) grow();
    std::size_t position = count_++;
    for (; position > 0 && key < at(position - 1).key(); --position)
      at(position) = std::move(at(position - 1));
    at(position) = Slot{key.time, key.sequence, key.source, false, std::move(frame)};
    if (position == 0) enqueue(first_);
  }
  [[nodiscard]] Frame take_first() {
    Frame frame = std::move(first_.frame);
    if (--count_ > 0) {
      first_ = std::move(ring_[head_]);
      head_ = (head_ + 1) & mask_;
    }
    return frame;
  }
  [[nodiscard]] std::uint32_t ring_size() const { return ring_ != nullptr ? mask_ + 1 : 0; }
  void enqueue(Slot& slot) {
    slot.queued = true;
    engine().schedule(slot.key(), id());
  }
  [[gnu::cold]] void grow() {
    const std::uint32_t size = std::max(2 * ring_size(), 2U);
    auto larger = std::make_unique<Slot[]>(size);
    for (std::size_t i = 1; i < count_; ++i) larger[i - 1] = std::move(at(i));
    ring_ = std::move(larger);
    mask_ = size - 1;
    head_ = 0;
  }

  // Two cache lines: most links never carry more than one frame at a time.
  std::uint32_t head_ = 0;
  Receiver<Frame>* far_;
  std::unique_ptr<Slot[]> ring_;  // what follows the first one; null: nothing ever did
  std::uint32_t count_ = 0;
  std::uint32_t mask_ = 0;  // one less than the number of places
  std::unique_ptr<Queue> queue_;
  LinkSpec spec_;
  Slot first_;

 public:
  std::unique_ptr<Random> luck;  // for admit(): who knows the link's name makes it
};

}  // namespace ekspath
