#include <fmt/format.h>

#include "cli/command/resolve.h"
#include "cli/command/run_drill.h"
#include "cli/units.h"

namespace pgassay::cli {
namespace {

/// [source.NAME.drill] over [drill].
DrillConfig configured(const Config& config, const std::string& source) {
  const auto found = config.sources.find(source);
  if (found == config.sources.end()) return config.drill;
  DrillConfig drill = found->second.drill;
  const DrillConfig& top = config.drill;
  if (!drill.engine) drill.engine = top.engine;
  if (!drill.image) drill.image = top.image;
  if (!drill.pull) drill.pull = top.pull;
  if (!drill.memory_bytes) drill.memory_bytes = top.memory_bytes;
  if (!drill.work_dir) drill.work_dir = top.work_dir;
  if (!drill.amcheck) drill.amcheck = top.amcheck;
  if (!drill.accept_other_versions) drill.accept_other_versions = top.accept_other_versions;
  return drill;
}

std::uint64_t memory_of(const std::string& text) {
  const auto bytes = parse_bytes(text);
  if (bytes) return *bytes;
  throw UsageError(fmt::format("--memory: '{}' is not a size", printable(text)), "as in 512MB or 2GB");
}

}  // namespace

drill::DrillOptions drill_options(const Arguments& all, const Config& config, const std::string& source) {
  const DrillArguments& arguments = all.drill;
  const DrillConfig drill = configured(config, source);
  drill::DrillOptions options;
  options.engine = drill::parse_engine(arguments.engine.value_or(drill.engine.value_or("auto")));
  options.image = arguments.image.value_or(drill.image.value_or(""));
  options.pull = drill::parse_pull(arguments.pull.value_or(drill.pull.value_or("missing")));
  options.memory_bytes = arguments.memory ? memory_of(*arguments.memory) : drill.memory_bytes.value_or(0);
  options.work_dir = arguments.work_dir ? Path(*arguments.work_dir) : drill.work_dir.value_or(Path());
  options.keep = arguments.keep;
  drill::DrillQuestions& questions = options.questions;
  const auto known = config.sources.find(source);
  const auto jobs = known == config.sources.end() || !known->second.jobs ? config.jobs : known->second.jobs;
  questions.jobs = arguments.jobs ? *arguments.jobs : jobs.value_or(default_jobs());
  questions.amcheck = arguments.amcheck || drill.amcheck.value_or(false);
  questions.accept_other_versions = drill.accept_other_versions.value_or(false);
  questions.assertions = drill.assertions;
  options.tool_version = PGASSAY_VERSION;
  return options;
}

}  // namespace pgassay::cli
