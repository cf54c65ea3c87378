#include "stack/model/compose.h"

#include <algorithm>
#include <cstdlib>

#include "core/system/error.h"
#include "core/system/split.h"
#include "core/system/subprocess.h"

namespace pgassay::stack {
namespace {

constexpr std::size_t kLongestComplaint = 400;

/// Of our environment. A variable of the operator's shell would win over the env file, and COMPOSE_* over the
/// files.
std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> kept;
  for (const char* name :
       {"PATH", "HOME", "TMPDIR", "LANG", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "DOCKER_HOST",
        "DOCKER_CONFIG", "DOCKER_CONTEXT", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY"})
    if (const char* value = std::getenv(name)) kept[name] = value;
  return kept;
}

Completed run_alone(std::vector<std::string> argv, std::stop_token stop) {
  Command command;
  command.argv = std::move(argv);
  command.env = environment();
  command.env_is_all = true;
  return run(command, std::move(stop));
}

/// "2.26.1" of "2.26.1-4\n" or "docker-compose version 1.29.2, build unknown".
std::string number_in(const std::string& text) {
  const std::size_t begin = text.find_first_of("0123456789");
  if (begin == std::string::npos) return "of unknown version";
  return text.substr(begin, text.find_first_not_of("0123456789.", begin) - begin);
}

/// 1.29 marks them on a terminal only.
bool is_warning(const std::string& line) {
  return line.find("variable is not set. Defaulting") != std::string::npos || line.starts_with("WARNING: ") ||
         line.find("level=warning") != std::string::npos;
}

/// *** in the place of whatever is between these two, each time.
std::string masked(std::string text, std::string_view begin, std::string_view end) {
  for (std::size_t at = text.find(begin); at != std::string::npos; at = text.find(begin, at)) {
    const std::size_t from = at + begin.size(), to = text.find(end, from);
    text.replace(from, to == std::string::npos ? to : to - from, "***");
    at = std::min(text.size(), from + 3 + end.size());
  }
  return text;
}

}  // namespace

std::optional<Compose> Compose::find(std::stop_token stop) {
  if (!find_program("docker").empty()) {
    const Completed done = run_alone({"docker", "compose", "version", "--short"}, stop);
    if (done.ok()) return Compose({"docker", "compose"}, true, "docker compose " + number_in(done.out));
  }
  if (find_program("docker-compose").empty()) return std::nullopt;
  const Completed done = run_alone({"docker-compose", "version", "--short"}, stop);
  if (!done.ok()) return std::nullopt;
  const std::string number = number_in(done.out);
  // A v2 that was installed under the old name.
  return Compose({"docker-compose"}, !number.starts_with("1."), "docker-compose " + number);
}

std::vector<std::string> Compose::arguments(const StackSettings& settings,
                                            const std::vector<std::string>& words) const {
  std::vector<std::string> all = program_;
  if (settings.project) all.insert(all.end(), {"-p", *settings.project});
  if (const auto env = settings.effective_env_file()) all.insert(all.end(), {"--env-file", env->string()});
  for (const Path& file : settings.compose_files) all.insert(all.end(), {"-f", file.string()});
  for (const std::string& profile : settings.profiles) all.insert(all.end(), {"--profile", profile});
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

std::vector<std::string> Compose::config_words() const {
  if (v2_) return {"config", "--format", "json"};
  return {"config"};
}

std::string Compose::command(const StackSettings& settings, const std::vector<std::string>& words) const {
  std::string line;
  for (const std::string& word : arguments(settings, words))
    line += (line.empty() ? "" : " ") + shell_word(word);
  return line;
}

std::string Compose::config_command(const StackSettings& settings) const {
  return command(settings, config_words());
}

void Compose::run(const StackSettings& settings, const EnvFile& env, const std::vector<std::string>& words,
                  std::stop_token stop) const {
  const Completed done = run_alone(arguments(settings, words), std::move(stop));
  if (!done.ok())
    throw Error(
        "compose " + words.at(0) + " of stack " + settings.name + ": " + redacted(done.err, settings, env),
        "see it yourself: " + command(settings, words));
}

Compose::Resolved Compose::resolve(const StackSettings& settings, const EnvFile& env,
                                   std::stop_token stop) const {
  const Completed done = run_alone(arguments(settings, config_words()), std::move(stop));
  Resolved resolved;
  resolved.unset = unset_variables(done.err);
  if (!done.ok()) {
    resolved.complaint = redacted(done.err, settings, env);
    return resolved;
  }
  try {
    resolved.model = parse_model(done.out, project_of(settings), profiles_of(settings, env));
  } catch (const Error& error) {
    resolved.complaint = error.what();
  }
  return resolved;
}

std::vector<std::string> profiles_of(const StackSettings& settings, const EnvFile& env) {
  const EnvVariable* variable = env.find("COMPOSE_PROFILES");
  if (!settings.profiles.empty() || !variable) return settings.profiles;
  std::vector<std::string> profiles;
  for (const std::string& word : split(variable->value, ',')) {
    const std::size_t begin = word.find_first_not_of(' ');
    if (begin != std::string::npos)
      profiles.push_back(word.substr(begin, word.find_last_not_of(' ') + 1 - begin));
  }
  return profiles;
}

std::string project_of(const StackSettings& settings) {
  if (settings.project) return *settings.project;
  std::string project;
  for (const char c : settings.project_dir().filename().string()) {
    const int lower = std::tolower(static_cast<unsigned char>(c));
    if (std::isalnum(lower) != 0 || lower == '-' || lower == '_') project += static_cast<char>(lower);
  }
  return project;
}

std::string redacted(const std::string& stderr_text, const StackSettings& settings, const EnvFile& env) {
  std::string told;
  for (const std::string& line : split(stderr_text, '\n')) {
    if (line.empty() || is_warning(line)) continue;
    told += (told.empty() ? "" : "; ") + line;
    if (told.size() > kLongestComplaint) break;
  }
  const auto file = settings.effective_env_file();
  const bool of_env_file = file && told.find(file->string()) != std::string::npos;
  // These quote what they could not read, be it a password.
  if (of_env_file || told.find("variable name") != std::string::npos ||
      told.find(" near ") != std::string::npos)
    return "it can't read the env file";
  // So do these, of compose files.
  if (told.find("nterpolation format") != std::string::npos) {
    told.resize(std::min(told.size(), told.find("; ")));
    told.resize(std::min(told.size(), told.find(": \"")));
  }
  told = masked(masked(std::move(told), " contains ", ", which is"), "`", "`");
  told = without_values(told.substr(0, kLongestComplaint), env);
  return told.empty() ? "it said nothing" : told;
}

std::vector<std::string> unset_variables(const std::string& stderr_text) {
  std::vector<std::string> found;
  for (const std::string& line : split(stderr_text, '\n')) {
    const std::size_t end = line.find(" variable is not set");
    if (!is_warning(line) || end == std::string::npos) continue;
    std::size_t begin = line.rfind("he ", end);
    if (begin == std::string::npos) continue;
    std::string name = line.substr(begin + 3, end - begin - 3);
    std::erase_if(name, [](char c) { return c == '"' || c == '\\'; });
    if (std::ranges::find(found, name) == found.end()) found.push_back(name);
  }
  return found;
}

}  // namespace pgassay::stack
