// A program whose file operations fail, or that is killed, at the n-th of them (fault_shim.cc).
#pragma once

#include <string>
#include <vector>

#include "core/system/files.h"
#include "tests/fixtures/child.h"

namespace pgassay::test {

struct Hit {
  Ended ended;
  std::string call;  ///< "17 write nightly/…", as the shim reports it; empty: there were fewer calls
};

/// `kind`: eio, enospc, short or kill, at the operation `at` below that directory, in the process of that
/// name.
Hit run_with_fault(const std::vector<std::string>& argv, const Path& below, const std::string& kind, long at,
                   const std::string& comm = "pgassay");

}  // namespace pgassay::test
