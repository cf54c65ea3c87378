#pragma once

#include <string>
#include <vector>

#include "tests/bench/lab.h"

namespace pgassay::bench {

struct Measure {
  std::string name, data_set;  ///< data_set: empty when it needs none
  void (*run)(Lab&);
  bool by_default = true;  ///< else only when named
};

const std::vector<Measure>& measures();

}  // namespace pgassay::bench
