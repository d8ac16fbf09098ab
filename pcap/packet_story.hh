#pragma once

#include <cstdint>
#include <string>

#include "sim/packet/fate.hh"

namespace ekspath {

/// What was decided about a packet between two of its sightings, as the words of a comment. The decisions of
/// one story share a comment: the one that weighs most (a drop, a translation, an accept, the rest; of equals
/// the last) gives `verdict` and `rule`, and the texts of all stand in `text`.
class PacketStory {
 public:
  void tell(const Decision& decision, std::string_view where);
  /// What was decided later about the same sighting.
  void append(PacketStory&& later);
  void clear();

  /// Appends " verdict=DROP rule=nat/AWS-SNAT-CHAIN-0 nat=SNAT:192.168.1.251:23456 reason=rp_filter
  /// at=node1/ens5"; only the words that there are.
  void append_words(std::string& comment) const;
  /// Appends ` text="..."`, which ends a comment: the one value with blanks.
  void append_text(std::string& comment) const;

 private:
  Verdict verdict_ = Verdict::pass;
  DropReason reason_ = DropReason::none;
  std::uint8_t weight_ = 0;
  bool translated_ = false;
  Tuple before_;
  Tuple after_;
  std::string rule_;
  std::string at_;
  std::string text_;
};

/// Appends a value of a comment: blanks become '_', '=' and control characters "%3D", bytes that are no UTF-8
/// "%FF".
void append_word(std::string& comment, std::string_view value);

}  // namespace ekspath
