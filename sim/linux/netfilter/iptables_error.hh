#pragma once

#include <string>
#include <utility>

namespace ekspath {

/// How the real tools end at a mistake (xtables_error() calls exit()). Thrown inside the iptables commands
/// and caught at their entry, nowhere else.
struct IptablesError {
  enum class Form {
    usage,  // "iptables v1.8.8 (nf_tables): TEXT", then the line in a restored text, then "Try `iptables -h'
            // ..."
    argument,  // as usage, without the version
    plain,     // "iptables: TEXT", or "iptables-restore: line N failed: TEXT"
    kernel,    // "iptables v1.8.8 (nf_tables):  TEXT", or "...: \nline N: TEXT"
    version,   // "iptables v1.8.8 (nf_tables): TEXT"
  };
  int status = 2;
  std::string text;
  Form form = Form::usage;
};

[[noreturn]] inline void usage_error(std::string text) { throw IptablesError{2, std::move(text)}; }
[[noreturn]] inline void plain_error(std::string text) {
  throw IptablesError{1, std::move(text), IptablesError::Form::plain};
}
[[noreturn]] inline void kernel_error(std::string text) {
  throw IptablesError{4, std::move(text), IptablesError::Form::kernel};
}

}  // namespace ekspath
