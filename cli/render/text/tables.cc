#include "cli/render/text/tables.h"

#include <algorithm>
#include <string_view>

#include "core/system/printable.h"

namespace pgassay::cli {
namespace {

/// Characters, not bytes: UTF-8 continuation bytes take no column.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

}  // namespace

void TextTable::row(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  for (std::string& cell : cells) cell = printable(cell);
  rows_.push_back(std::move(cells));
}

std::string TextTable::text(unsigned indent) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t widest = width(columns_[i].title);
    for (const auto& cells : rows_) widest = std::max(widest, width(cells[i]));
    widths.push_back(widest);
  }
  std::string out;
  const auto line = [&](auto&& cell_of) {
    std::string one(indent, ' ');
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const std::string& cell = cell_of(i);
      const std::string padding(widths[i] - width(cell), ' ');
      if (i > 0) one += "  ";
      one += columns_[i].align == Align::right ? padding + cell : cell + padding;
    }
    one.erase(one.find_last_not_of(' ') + 1);
    out += one + "\n";
  };
  if (std::ranges::any_of(columns_, [](const Column& column) { return !column.title.empty(); })) {
    line([&](std::size_t i) -> const std::string& { return columns_[i].title; });
  }
  for (const auto& cells : rows_) line([&](std::size_t i) -> const std::string& { return cells[i]; });
  return out;
}

}  // namespace pgassay::cli
