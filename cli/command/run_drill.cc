#include "cli/command/run_drill.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/command/common.h"
#include "cli/render/json/drill.h"
#include "cli/render/text/drill_text.h"
#include "core/system/exits.h"
#include "core/system/printable.h"
#include "restore/search_path.h"
#include "source/find_container.h"

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
  if (!drill.allow_weak_sandbox) drill.allow_weak_sandbox = top.allow_weak_sandbox;
  if (!drill.search_path) drill.search_path = top.search_path;
  if (!drill.amcheck) drill.amcheck = top.amcheck;
  if (!drill.accept_other_versions) drill.accept_other_versions = top.accept_other_versions;
  return drill;
}

void write_junit(const std::optional<Path>& file, const BackupId& id, const Evidence& evidence) {
  if (file) replace_file(*file, junit_xml(id, evidence));
}

/// Nothing could be compared: for JUnit's reader that is one test case.
Evidence nothing_but(const Error& error) {
  Evidence evidence;
  evidence.started = evidence.finished = now();
  evidence.checks = {{"drill", Verdict::unverified, error.what()}};
  return evidence;
}

std::size_t count(const Evidence& evidence, Verdict verdict) {
  return static_cast<std::size_t>(std::ranges::count(evidence.checks, verdict, &Check::verdict));
}

void throw_unless_proved(const BackupId& id, const Evidence& evidence) {
  if (evidence.verdict == Verdict::pass) return;
  const std::string why = first_problem(evidence.checks, evidence.verdict);
  const std::string more = count(evidence, evidence.verdict) > 1
                               ? fmt::format(" (and {} more)", count(evidence, evidence.verdict) - 1)
                               : "";
  if (evidence.verdict == Verdict::fail)
    throw BadBackup(fmt::format("the drill failed: {}: {}{}", id.shown(), why, more),
                    "pgassay list shows the other backups; drill the one before, and take a new one");
  throw Unverified(fmt::format("could not verify all of {}: {}{}", id.shown(), why, more),
                   "docs/drills.md says what each check needs");
}

}  // namespace

drill::DrillOptions drill_options(const Config& config, const std::string& source) {
  const DrillConfig drill = configured(config, source);
  drill::DrillOptions options;
  options.engine = drill::parse_engine(drill.engine.value_or("auto"));
  options.image = drill.image.value_or("");
  options.pull = drill::parse_pull(drill.pull.value_or("missing"));
  options.memory_bytes = drill.memory_bytes.value_or(0);
  options.work_dir = drill.work_dir.value_or(Path());
  options.allow_weak_sandbox = drill.allow_weak_sandbox.value_or(false);
  options.search_path = restore::search_path_sql(drill.search_path.value_or(""));
  drill::DrillQuestions& questions = options.questions;
  const auto known = config.sources.find(source);
  const auto jobs = known == config.sources.end() || !known->second.jobs ? config.jobs : known->second.jobs;
  questions.jobs = jobs.value_or(default_jobs());
  questions.amcheck = drill.amcheck.value_or(false);
  questions.accept_other_versions = drill.accept_other_versions.value_or(false);
  questions.assertions = drill.assertions;
  questions.accepted = accepted_of(config, source, {});
  options.tool_version = PGASSAY_VERSION;
  return options;
}

drill::DrillOptions with_image_of_source(const Context& context, const BackupArguments& flags,
                                         const std::string& source, drill::DrillOptions options) {
  if (!options.image.empty() || options.engine == drill::Engine::local) return options;
  const auto configured = context.config.sources.find(source);
  source::ContainerName name;
  if (flags.container) {
    name.container = *flags.container;
    if (flags.container_engine && *flags.container_engine != "auto") name.engine = *flags.container_engine;
  } else if (!flags.dbname && configured != context.config.sources.end()) {
    name = configured->second.container;
  }
  if (!name.given()) return options;
  try {
    const source::FoundContainer found = find_container(name, context.stop);
    const drill::Engine engine = drill::parse_engine(found.engine.program());
    if (options.engine != drill::Engine::automatic && options.engine != engine) return options;
    options.engine = engine;
    options.image = found.facts.image;
  } catch (const Error& error) {
    error.raise_if(ErrorKind::stopped);
    // A backup can be drilled where its source is not.
    context.reporter.message(Level::debug,
                             fmt::format("the source's own image is not known: {}", error.what()));
  }
  return options;
}

Exit drill_and_report(Context& context, const Repository& repository, const Backup& backup,
                      const drill::DrillOptions& options, Audience among, const std::optional<Path>& junit) {
  drill::DrillReport report;
  try {
    report = drill_backup(repository, backup, options, context.reporter, context.stop);
  } catch (const Unverified& error) {
    write_junit(junit, backup.id, nothing_but(error));
    error.raise();
  }
  const Evidence& evidence = report.evidence;
  among == Audience::several ? add_drilled(context.reply, backup.id, report)
                             : set_drilled(context.reply, backup.id, report);
  const std::string text = drill_text(backup.id, report, !context.arguments.quiet);
  evidence.verdict == Verdict::pass ? context.reporter.summary(text) : context.reporter.print(text);
  if (!report.how_to_connect.empty())
    context.reporter.print(fmt::format("kept for a day: {}\n", printable(report.how_to_connect)));
  // Somebody must be able to keep it.
  if (evidence.file.empty()) context.reporter.print(to_json(evidence));
  write_junit(junit, backup.id, evidence);
  throw_unless_proved(backup.id, evidence);
  return exit_of(evidence.verdict);
}

}  // namespace pgassay::cli
