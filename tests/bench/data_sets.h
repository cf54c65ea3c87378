// The databases that are measured. Generated, and the same every time: no random numbers.
#pragma once

#include <string>
#include <vector>

namespace pgassay::bench {

struct DataSet {
  std::string name;
  std::string what;                  ///< for the reader of the results
  std::vector<std::string> creates;  ///< SQL, one connection each, at the same time
  std::vector<std::string> then;     ///< SQL, afterwards, one after the other
};

/// two_tables, one_table, indexed_table, small_tables or large_row; `scale` multiplies the number of rows or
/// tables.
DataSet data_set(const std::string& name, double scale);

}  // namespace pgassay::bench
