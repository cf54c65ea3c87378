// docker compose by its command line: the v2 plugin where docker has it, else docker-compose 1.29.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/system/subprocess.h"
#include "stack/model/compose_model.h"
#include "stack/model/env_file.h"
#include "stack/model/settings.h"

namespace pgassay::stack {

class Compose {
 public:
  /// Nothing: neither is installed.
  static std::optional<Compose> find(std::stop_token stop);

  bool is_v2() const { return v2_; }
  const std::string& version() const { return version_; }  ///< "docker compose 2.26.1"

  struct Resolved {
    std::optional<ComposeModel> model;
    std::string complaint;           ///< why there is no model, without values of the env file
    std::vector<std::string> unset;  ///< variables that were read and are set nowhere, in order
  };
  /// What `config` says of the files. Our own environment reaches it only as far as it takes to find the
  /// engine: files and env file alone count.
  Resolved resolve(const StackSettings& settings, const EnvFile& env, std::stop_token stop) const;

  /// What an operator would type to see it, on one line.
  std::string config_command(const StackSettings& settings) const;

  /// `up -d`, `build`, `pull`: with the same files, and the same environment. Throws Error with what compose
  /// complained of, without values of the env file.
  void run(const StackSettings& settings, const EnvFile& env, const std::vector<std::string>& words,
           std::stop_token stop) const;
  std::string command(const StackSettings& settings, const std::vector<std::string>& words) const;

 private:
  Compose(std::vector<std::string> program, bool v2, std::string version)
      : program_(std::move(program)), v2_(v2), version_(std::move(version)) {}
  std::vector<std::string> arguments(const StackSettings& settings,
                                     const std::vector<std::string>& words) const;
  std::vector<std::string> config_words() const;

  std::vector<std::string> program_;
  bool v2_;
  std::string version_;
};

/// As it is configured, else as 1.29 makes it up.
std::string project_of(const StackSettings& settings);
/// As they are configured, else what the env file has in COMPOSE_PROFILES: compose takes the one or the
/// other.
std::vector<std::string> profiles_of(const StackSettings& settings, const EnvFile& env);
/// What compose complained of, without what may be a secret.
std::string redacted(const std::string& stderr_text, const StackSettings& settings, const EnvFile& env);
/// Of its warnings, in either version's words.
std::vector<std::string> unset_variables(const std::string& stderr_text);

}  // namespace pgassay::stack
