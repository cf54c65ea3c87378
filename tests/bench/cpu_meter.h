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
  double server_seconds() const;  ///< of the server alone; to be asked after seconds()

 private:
  double total() const;
  pid_t postmaster_;
  double before_, server_before_;
};

}  // namespace pgassay::bench
