#include "stack/settings.h"

namespace pgassay {

std::optional<Path> StackSettings::effective_env_file() const {
  if (env_file) return env_file;
  const Path beside = project_dir() / ".env";
  if (exists(status_of(beside))) return beside;
  return std::nullopt;
}

}  // namespace pgassay
