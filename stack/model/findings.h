// What a check has to say.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace pgassay::stack {

enum class StackVerdict { pass, warning, fail, unverified };
std::string_view to_string(StackVerdict verdict);  ///< PASS, WARNING, FAIL, UNVERIFIED

struct StackFinding {
  int check = 0;
  std::string stack;
  StackVerdict weight = StackVerdict::fail;
  std::string file, key;   ///< where; empty: nowhere in particular
  std::string text, hint;  ///< what is wrong, and what to write instead
};

/// What one check says of one stack.
struct StackCheck {
  int number = 0;
  std::string name, stack;
  StackVerdict verdict = StackVerdict::pass;
  std::string detail;  ///< what was seen, where nothing is wrong
};

/// Filled by one check of one stack.
class Findings {
 public:
  Findings(int check, std::string stack) : check_(check), stack_(std::move(stack)) {}

  void refuse(std::string file, std::string key, std::string text, std::string hint) {
    add(StackVerdict::fail, std::move(file), std::move(key), std::move(text), std::move(hint));
  }
  void warn(std::string file, std::string key, std::string text, std::string hint) {
    add(StackVerdict::warning, std::move(file), std::move(key), std::move(text), std::move(hint));
  }
  void unchecked(std::string text, std::string hint) {
    add(StackVerdict::unverified, {}, {}, std::move(text), std::move(hint));
  }
  /// What was seen.
  void note(const std::string& text) { detail_ += (detail_.empty() ? "" : "; ") + text; }
  /// It could not be made, for what another check reports.
  void not_made(const std::string& why) {
    made_ = false;
    note(why);
  }

  const std::vector<StackFinding>& all() const { return all_; }
  StackCheck outcome(const std::string& name) const;

 private:
  void add(StackVerdict weight, std::string file, std::string key, std::string text, std::string hint) {
    all_.push_back(
        {check_, stack_, weight, std::move(file), std::move(key), std::move(text), std::move(hint)});
  }

  int check_;
  std::string stack_, detail_;
  bool made_ = true;
  std::vector<StackFinding> all_;
};

}  // namespace pgassay::stack
