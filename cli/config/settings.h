// Every setting of pgassay.toml, a row each. The reader takes types and ranges from here and knows a key by
// its row; docs/configuration.md has its tables from here, and docs/pgassay.toml an example of each.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgassay::cli {

/// What the value of a setting is.
enum class Kind {
  text,
  texts,         ///< an array of text
  texts_by_key,  ///< a table of text
  word,          ///< one of the row's words
  boolean,
  integer,        ///< from `least` to `most`
  number,         ///< more than 0, at most `most`
  fraction,       ///< from 0 to 1
  size,           ///< of bytes, as "512MB"
  rate,           ///< of bytes in a second, as "50MB/s"
  duration,       ///< more than 0, at most a day, as "30s"
  duration_or_0,  ///< the same, or "0"
  days,           ///< however long, as "7d", or "0"
  long_duration,  ///< more than 0, however long
  scalar,         ///< text, a whole number, true or false
  table,          ///< of settings of their own
};

struct Setting {
  /// The tables in which it stands, with a space between them: "top source". The names are those of
  /// kSections.
  std::string_view where;
  std::string_view key;
  Kind kind;
  std::int64_t least = 0, most = 0;
  std::string_view words = {};      ///< of Kind::word, with a | between them
  std::string_view type = {};       ///< for docs/configuration.md; empty: as the kind says
  std::string_view otherwise = {};  ///< what holds where it is not given, for docs/configuration.md
  std::string_view flag = {};       ///< of the command line; empty: none

  bool is_in(std::string_view section) const;
  std::vector<std::string> choices() const;  ///< the words, one by one
  /// The type in docs/configuration.md.
  std::string type_text() const;
};

std::span<const Setting> all_settings();

/// The row of a key. Throws std::logic_error when the section has none: a slip of whoever wrote the reader.
const Setting& setting(std::string_view section, std::string_view key);

/// The table of docs/configuration.md for the settings of a section, in Markdown.
std::string settings_table(std::string_view section);

}  // namespace pgassay::cli
