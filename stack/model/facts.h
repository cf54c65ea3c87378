// All that the checks go by: gathered once, then only looked at.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/repository/repository.h"
#include "core/system/clock.h"
#include "stack/model/compose.h"
#include "stack/model/engine_view.h"
#include "stack/model/env_file.h"
#include "stack/model/settings.h"

namespace pgassay::stack {

/// One file that holds secrets.
struct PrivateFile {
  Path path;
  std::optional<unsigned> mode;  ///< absent: there is no such file, or it can't be looked at
};

struct StackFacts {
  StackSettings settings;
  std::optional<PrivateFile> env_file;  ///< absent: compose reads none
  std::optional<EnvFile> env, env_template;
  std::string env_problem, template_problem;   ///< why it can't be read
  std::vector<PrivateFile> service_env_files;  ///< that services name
  std::vector<std::string> compose_texts;      ///< of settings.compose_files; "" where it can't be read
  bool compose_ran = false;
  Compose::Resolved resolved;
  std::string config_command;  ///< how to see what compose says

  const std::string& name() const { return settings.name; }
  const ComposeModel* model() const { return resolved.model ? &*resolved.model : nullptr; }
  /// The last compose file in which a line begins with this key; else the first file.
  std::string file_with(const std::string& key) const;
  std::string env_path() const { return env_file ? env_file->path.string() : std::string(); }
};

/// What is proved of a source's backups.
struct ProvenBackups {
  std::string problem, hint;  ///< why nothing is known; empty: something is
  std::vector<Backup> backups;
  Seconds max_age = std::chrono::hours(26);
};

struct Surroundings {
  std::vector<StackFacts> stacks;  ///< every configured one
  std::optional<EngineView> engine;
  std::string engine_problem, engine_hint;
  std::optional<std::string> compose_version;
  std::map<std::string, ProvenBackups> backups;  ///< by stack
  Time now;
};

}  // namespace pgassay::stack
