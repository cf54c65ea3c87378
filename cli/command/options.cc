#include "cli/command/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace pgassay::cli {

std::vector<std::string> Option::all_names() const {
  std::vector<std::string> found;
  if (is_argument()) return found;
  for (std::size_t at = 0; at < names.size();) {
    const std::size_t comma = std::min(names.find(',', at), names.size());
    found.push_back(names.substr(at, comma - at));
    at = comma + 1;
  }
  return found;
}

Option& Option::range(double least, double most) {
  limits = {least, most};
  return *this;
}

Option& Option::heading(std::string text) {
  group = std::move(text);
  return *this;
}

Option& Option::needs(const std::string& other) {
  needed.push_back(other);
  return *this;
}

Option& Option::excludes(std::initializer_list<const char*> others) {
  excluded.insert(excluded.end(), others.begin(), others.end());
  return *this;
}

Option& Option::required() {
  is_required = true;
  return *this;
}

Option& Option::expected(int least, int most) {
  count = {least, most};
  return *this;
}

Option& Options::flag(std::string names, bool& target, std::string sentence) {
  return value(std::move(names), &target, "", std::move(sentence));
}

Option& Options::value(std::string names, Target target, std::string shown, std::string sentence) {
  Option& option = all_.emplace_back();
  option.names = std::move(names);
  option.target = target;
  option.value = std::move(shown);
  option.sentence = std::move(sentence);
  return option;
}

Option& Options::choice(std::string names, Target target, std::vector<std::string> words,
                        std::string sentence) {
  Option& option =
      value(std::move(names), target, fmt::format("{}", fmt::join(words, "|")), std::move(sentence));
  option.words = std::move(words);
  return option;
}

Option& Options::list(std::string names, std::vector<std::string>& target, std::string shown,
                      std::string sentence) {
  return value(std::move(names), &target, std::move(shown), std::move(sentence));
}

Option& Options::argument(std::string shown, Target target, std::string sentence) {
  return value(std::move(shown), target, "", std::move(sentence));
}

}  // namespace pgassay::cli
