#include "stack/model/pattern.h"

#include <regex.h>

#include "core/system/error.h"

namespace pgassay::stack {
namespace {

class Pattern {
 public:
  explicit Pattern(const std::string& text)
      : error_(::regcomp(&compiled_, text.c_str(), REG_EXTENDED | REG_NEWLINE)) {}
  Pattern(const Pattern&) = delete;
  ~Pattern() {
    if (error_ == 0) ::regfree(&compiled_);
  }

  std::string problem() const {
    if (error_ == 0) return {};
    char words[200];
    ::regerror(error_, &compiled_, words, sizeof words);
    return words;
  }
  bool is_in(std::string_view text) const {
    regmatch_t range{0, static_cast<regoff_t>(text.size())};
    return ::regexec(&compiled_, text.data(), 1, &range, REG_STARTEND) == 0;
  }

 private:
  regex_t compiled_{};
  int error_;
};

}  // namespace

std::string pattern_problem(const std::string& pattern) {
  return Pattern(pattern).problem();
}

bool holds_pattern(std::string_view text, const std::string& pattern) {
  const Pattern compiled(pattern);
  if (const std::string problem = compiled.problem(); !problem.empty())
    throw UsageError("no regular expression: " + pattern + ": " + problem);
  return compiled.is_in(text);
}

}  // namespace pgassay::stack
