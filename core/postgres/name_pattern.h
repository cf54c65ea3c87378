// Patterns of tables as the command line takes them: SCHEMA.TABLE, or TABLE in whatever schema. * is any
// text, ? one character, and everything else stands for itself.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/postgres/types.h"

namespace pgassay {

/// The whole text: a dot is a character as any.
bool fits_glob(std::string_view pattern, std::string_view text);

bool fits_pattern(std::string_view pattern, const QualifiedName& name);

class NamePatterns {
 public:
  explicit NamePatterns(const std::vector<std::string>& patterns)
      : patterns_(patterns), used_(patterns.size()) {}
  /// The first pattern that fits the name, or null.
  const std::string* fits(const QualifiedName& name);
  /// Those that have fitted no name yet.
  std::vector<std::string> unused() const;

 private:
  const std::vector<std::string>& patterns_;
  std::vector<bool> used_;
};

}  // namespace pgassay
