// Text tables for stdout: columns aligned, no lines drawn.
#pragma once

#include <string>
#include <vector>

namespace pgassay::cli {

enum class Align { left, right };

class TextTable {
 public:
  struct Column {
    std::string title;
    Align align = Align::left;
  };
  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}
  /// One cell a column. Control bytes are shown as \xNN.
  void row(std::vector<std::string> cells);
  /// Titles (unless all are empty) and rows, each line indented and ended by a line feed, none with trailing
  /// blanks.
  std::string text(unsigned indent = 0) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace pgassay::cli
