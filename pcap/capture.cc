#include "pcap/capture.hh"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "sim/base/assert.hh"
#include "sim/packet/headers.hh"

namespace ekspath {
namespace {

/// A name as one component of a path. Names of the simulated world are lower-case words; what would leave the
/// folder or hide the file is written as in a URL, so that two names never meet.
std::string file_name(const std::string& name) {
  std::string text;
  for (const char c : name) {
    const bool hidden = c == '.' && text.empty();
    if (c == '/' || c == '%' || static_cast<unsigned char>(c) < ' ' || hidden) {
      text += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    } else {
      text += c;
    }
  }
  return text;
}

}  // namespace

Capture::Capture(CaptureOutputs outputs, const PlaceNames& places)
    : outputs_(std::move(outputs)),
      places_(places),
      ethernet_header_(pcap_header(LinkType::ethernet)),
      sll2_header_(pcap_header(LinkType::linux_sll2)) {
  if (!outputs_.trace.empty()) {
    PcapngFile file(AtomicFile(outputs_.trace, budget_), outputs_.start);
    file.add_names(outputs_.names);
    trace_.emplace(std::move(file), outputs_.hold);
  }
  if (!outputs_.hops.empty()) hops_.emplace(AtomicFile(outputs_.hops, budget_));
}

void Capture::frame(PlaceId interface, Direction direction, const Packet& packet, Nanoseconds time) {
  if (interface.value() >= point_of_place_.size()) return;
  std::uint32_t index = point_of_place_[interface.value()];
  if (index == none) return;
  const std::span<const std::uint8_t> bytes = packet.bytes();

  // Counted whether it is written or not: a filter changes no hop's number.
  Journey* journey = nullptr;
  if (trace_ || hops_) journey = &journeys_.sighted(packet.meta.trace, direction, bytes);
  for (; index != none; index = points_[index].next) {
    const Point& point = points_[index];
    if (point.any != none) write_any(any_files_[point.any], point, direction, bytes, time);
    if (point.filter && !point.filter->matches(bytes)) continue;
    if (point.file != none) files_[point.file].record(time, bytes);
    if (point.trace != none) trace_->sighted(*journey, point.trace, direction, packet, time);
  }
}

void Capture::write_any(AnyFile& any, const Point& point, Direction direction,
                        std::span<const std::uint8_t> bytes, Nanoseconds time) {
  const Sll2Header head = sll2_header(point.interface, direction, bytes);
  const auto rest = bytes.subspan(EthernetView::size);
  if (any.filter) {
    sll2_scratch_.assign(head.begin(), head.end());
    sll2_scratch_.insert(sll2_scratch_.end(), rest.begin(), rest.end());
    if (!any.filter->matches(sll2_scratch_)) return;
  }
  any.file.record(time, head, rest);
}

void Capture::decided(const Decision& decision) {
  if (!trace_ && !hops_) return;
  Journey& journey = journeys_.decided(decision);
  const std::string_view where = places_.name(decision.where);
  if (hops_) hops_->write(decision, where, journey.flow);
  if (trace_) trace_->decided(journey, decision, where);
}

void Capture::add_point(const CaptureInterface& point, PointOutputs outputs,
                        std::shared_ptr<const CaptureFilter> filter) {
  ASSERT(point.place);
  const std::size_t place = point.place.value();
  if (place >= point_of_place_.size()) point_of_place_.resize(place + 1, none);
  ASSERT(!outputs.trace || !is_traced(point_of_place_[place]));

  Point added{
      {point.index, point.mac, point.loopback}, std::move(filter), none, none, none, point_of_place_[place]};
  if (outputs.file && !outputs_.folder.empty()) added.file = add_file(point);
  if (outputs.any && !outputs_.folder.empty()) added.any = any_file(point.host);
  if (outputs.trace && trace_) {
    PcapngInterface interface {
      point.host + "/" + point.interface, point.description, std::nullopt, point.address, point.speed_bps,
          added.filter ? added.filter->expression() : std::string(), point.os
    };
    if (!point.loopback) interface.mac = point.mac;
    added.trace = trace_->add_interface(interface);
  }
  point_of_place_[place] = static_cast<std::uint32_t>(points_.size());
  points_.push_back(std::move(added));
}

bool Capture::is_traced(std::uint32_t point) const {
  for (; point != none; point = points_[point].next) {
    if (points_[point].trace != none) return true;
  }
  return false;
}

void Capture::add_place(PlaceId place, PlaceId of_point) {
  ASSERT(of_point.value() < point_of_place_.size() && point_of_place_[of_point.value()] != none);
  if (place.value() >= point_of_place_.size()) point_of_place_.resize(place.value() + 1, none);
  point_of_place_[place.value()] = point_of_place_[of_point.value()];
}

void Capture::filter_any(const std::string& host, std::shared_ptr<const CaptureFilter> filter) {
  if (!outputs_.folder.empty()) any_files_[any_file(host)].filter = std::move(filter);
}

std::uint32_t Capture::add_file(const CaptureInterface& point) {
  files_.emplace_back(AtomicFile(path_in(point.host, point.interface), budget_), ethernet_header_,
                      outputs_.start);
  return static_cast<std::uint32_t>(files_.size() - 1);
}

std::uint32_t Capture::any_file(const std::string& host) {
  const auto [entry, added] = any_of_host_.try_emplace(host, static_cast<std::uint32_t>(any_files_.size()));
  if (added) {
    any_files_.push_back(
        {PcapFile(AtomicFile(path_in(host, "any"), budget_), sll2_header_, outputs_.start), nullptr});
  }
  return entry->second;
}

std::string Capture::path_in(const std::string& host, const std::string& name) {
  const std::filesystem::path folder = std::filesystem::path(outputs_.folder) / file_name(host);
  std::error_code ignored;  // opening a file in the folder then fails, and says why
  std::filesystem::create_directories(folder, ignored);
  return (folder / (file_name(name) + ".pcap")).string();
}

void Capture::advance(Nanoseconds now) {
  if (trace_) trace_->advance(now);
  each_file([](AtomicFile& file) {
    if (file.is_live()) file.flush();
  });
}

std::vector<SystemError> Capture::finish(Nanoseconds now) {
  if (trace_) trace_->end(now);
  std::vector<SystemError> errors;
  each_file([&](AtomicFile& file) {
    file.commit();
    if (file.error()) errors.push_back(*file.error());
  });
  return errors;
}

std::vector<std::string> Capture::abandon(Nanoseconds now) {
  if (trace_) trace_->end(now);
  std::vector<std::string> parts;
  each_file([&](AtomicFile& file) {
    file.abandon();
    if (!file.is_live()) parts.push_back(file.part_path());
  });
  return parts;
}

template <class Visit>
void Capture::each_file(Visit visit) {
  for (PcapFile& file : files_) visit(file.file());
  for (AnyFile& any : any_files_) visit(any.file.file());
  if (trace_) visit(trace_->file());
  if (hops_) visit(hops_->file());
}

}  // namespace ekspath
