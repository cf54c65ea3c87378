#include "stack/model/settings.h"

#include <algorithm>
#include <cctype>

namespace pgassay::stack {

bool is_address(const std::string& text) {
  const bool v6 = std::ranges::count(text, ':') > 1;
  return !text.empty() && std::ranges::all_of(text, [&](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_' || (v6 && c == ':');
  });
}

std::optional<Path> StackSettings::effective_env_file() const {
  if (env_file) return env_file;
  const Path beside = project_dir() / ".env";
  if (exists(status_of(beside))) return beside;
  return std::nullopt;
}

}  // namespace pgassay::stack
