// Writing JSON: keys in the order given, the same input always the same bytes, one pass into a string.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/system/clock.h"

namespace pgassay {

/// Commas, quoting and layout are its own. In an object every value is given with its key, in an array
/// without. A string that is not valid UTF-8 (a name in a SQL_ASCII or LATIN1 database) becomes {"hex": "…"}.
class JsonText {
 public:
  enum class Layout { line, block };  ///< block: each element on a line of its own
  struct Key {
    std::string_view name;
  };

  void object(Layout layout = Layout::line);
  void object(Key key, Layout layout = Layout::line);
  void array(Key key, Layout layout = Layout::line);
  void end();

  void text(std::string_view value);
  void text(Key key, std::string_view value);
  void flag(Key key, bool value);
  void time(Key key, Time value) { text(key, to_rfc3339(value)); }
  void seconds(Key key, double value);  ///< three decimals
  template <std::integral Number>
  void number(Key key, Number value) {
    begin_element(key);
    text_ += std::to_string(value);
  }
  template <std::integral Number>
  void number(Number value) {
    begin_element();
    text_ += std::to_string(value);
  }
  void null();

  const std::string& str() const { return text_; }
  std::string take() { return std::exchange(text_, {}); }  ///< what was written since the last take
  std::size_t size() const { return text_.size(); }

 private:
  struct Open {
    char closing;
    Layout layout;
    bool empty = true;
  };
  void begin_element();
  void begin_element(Key key);
  void open(char opening, char closing, Layout layout);
  void quote(std::string_view value);

  std::string text_;
  std::vector<Open> open_;
};

}  // namespace pgassay
