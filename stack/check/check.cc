#include "stack/check/check.h"

#include <sys/stat.h>

#include <algorithm>

#include "core/container/container_cli.h"
#include "core/system/clock.h"
#include "core/system/exits.h"
#include "stack/check/checks.h"

namespace pgassay::stack {
namespace {

PrivateFile private_file(const Path& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return {path, std::nullopt};
  return {path, facts.st_mode};
}

/// Reads what there is; why not, where it can't be read.
std::optional<std::string> text_of(const Path& path, std::string& problem) {
  try {
    return read_file(path, std::size_t{16} << 20);
  } catch (const Error& error) {
    problem = error.what();
    return std::nullopt;
  }
}

std::optional<EnvFile> env_of(const Path& path, std::string& problem) {
  const auto text = text_of(path, problem);
  return text ? std::optional(EnvFile::parse(*text)) : std::nullopt;
}

}  // namespace

StackFacts facts_of(const StackSettings& settings, const std::optional<Compose>& compose,
                    std::stop_token stop) {
  StackFacts facts;
  facts.settings = settings;
  if (const auto path = settings.effective_env_file()) {
    facts.env_file = private_file(*path);
    facts.env = env_of(*path, facts.env_problem);
  }
  if (settings.env_template) facts.env_template = env_of(*settings.env_template, facts.template_problem);
  std::set<Path> named;
  for (const Path& file : settings.compose_files) {
    std::string ignored;
    facts.compose_texts.push_back(text_of(file, ignored).value_or(""));
    for (const std::string& name : named_env_files(facts.compose_texts.back()))
      named.insert((settings.project_dir() / name).lexically_normal());
  }
  for (const Path& path : named) {
    const PrivateFile file = private_file(path);
    if (file.mode) facts.service_env_files.push_back(file);  // one that is not there is compose's to judge
  }
  if (!compose) return facts;
  facts.compose_ran = true;
  facts.config_command = compose->config_command(settings);
  facts.resolved = compose->resolve(settings, facts.env.value_or(EnvFile()), std::move(stop));
  return facts;
}

std::string engine_hint(const Error& error) {
  if (!error.is(ErrorKind::no_container_engine)) return error.hint();
  if (!static_cast<const NoContainerEngine&>(error).absent()) return error.hint();  // the kind's one class
  return "install docker, or put it into PATH; see `docker version`";
}

Exit StackCheckReport::exit() const {
  Exit exit = Exit::done;
  for (const StackFinding& finding : findings) {
    if (finding.weight == StackVerdict::fail) exit = worse(exit, Exit::refused);
    if (finding.weight == StackVerdict::unverified) exit = worse(exit, Exit::unverified);
  }
  // A check that could not be made, though nothing was refused: missing proof is not proof.
  for (const StackCheck& check : checks)
    if (check.verdict == StackVerdict::unverified && exit == Exit::done) exit = Exit::unverified;
  return exit;
}

Surroundings gather(const StackCheckOptions& options, Observer& observer, std::stop_token stop) {
  Surroundings around;
  around.now = now();
  around.backups = options.backups;
  observer.phase("compose");
  const std::optional<Compose> compose = Compose::find(stop);
  if (compose) around.compose_version = compose->version();
  for (const StackSettings& settings : options.stacks)
    around.stacks.push_back(facts_of(settings, compose, stop));
  std::set<std::string> images;
  for (const StackFacts& stack : around.stacks)
    if (stack.model() != nullptr)
      for (const auto& [name, service] : stack.model()->services)
        if (!service.image.empty() && (!service.has_healthcheck || name == stack.settings.database_service))
          images.insert(service.image);
  observer.phase("engine");
  try {
    around.engine = look_at_engine(images, stop);
  } catch (const Error& error) {
    error.raise_if(ErrorKind::stopped);
    around.engine_problem = error.what();
    around.engine_hint = engine_hint(error);
  }
  return around;
}

StackCheckReport judge(const Surroundings& around, const std::vector<std::string>& chosen) {
  StackCheckReport report;
  for (const StackFacts& stack : around.stacks) {
    if (std::ranges::find(chosen, stack.name()) == chosen.end()) continue;
    for (const NamedStackCheck& check : stack_checks()) {
      Findings out(check.number, stack.name());
      check.run(stack, around, out);
      report.checks.push_back(out.outcome(check.name));
      report.findings.insert(report.findings.end(), out.all().begin(), out.all().end());
    }
  }
  return report;
}

StackCheckReport check_stacks(const StackCheckOptions& options, Observer& observer, std::stop_token stop) {
  return judge(gather(options, observer, std::move(stop)), options.chosen);
}

}  // namespace pgassay::stack
