#include "cli/config/config_text.h"

#include <algorithm>
#include <cctype>

namespace pgassay::cli {

std::size_t line_of_odd_table(std::string_view text) {
  std::size_t line = 1;
  for (; !text.empty(); ++line) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view head = text.substr(0, end);
    text.remove_prefix(std::min(text.size(), end + 1));
    const auto skip = [&head](const char* these) {
      head.remove_prefix(std::min(head.find_first_not_of(these), head.size()));
    };
    skip(" \t");
    if (!head.starts_with('[')) continue;
    skip("[ \t");
    if (head.empty()) continue;
    const auto c = static_cast<unsigned char>(head[0]);
    if (!std::isalnum(c) && std::string_view("_-\"']").find(head[0]) == std::string_view::npos) return line;
  }
  return line - 1;
}

}  // namespace pgassay::cli
