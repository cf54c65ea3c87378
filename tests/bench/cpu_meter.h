// Processor time, which other users of the machine distort far less than they distort the clock.
#pragma once

#include <sys/types.h>

namespace pgassay::bench {

/// User and system time since it was made: of this process, of its children that have ended, and of the
/// server.
class CpuMeter {
 public:
  explicit CpuMeter(pid_t postmaster);
  double seconds() const;

 private:
  double total() const;
  pid_t postmaster_;
  double before_;
};

}  // namespace pgassay::bench
