// A stream of text, cut anywhere, line by line.
#pragma once

#include <string>
#include <string_view>

namespace pgassay {

/// Calls `line` for each line that ends in this chunk, without its line feed; `begun` holds, from one call to
/// the next, what came of a line whose end has not.
template <typename Line>
void each_line(std::string_view chunk, std::string& begun, Line line) {
  for (std::size_t end; (end = chunk.find('\n')) != std::string_view::npos; chunk.remove_prefix(end + 1)) {
    if (begun.empty()) {
      line(chunk.substr(0, end));
      continue;
    }
    begun += chunk.substr(0, end);
    line(begun);
    begun.clear();
  }
  begun += chunk;
}

}  // namespace pgassay
