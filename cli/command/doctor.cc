#include <fmt/format.h>

#include <algorithm>

#include "backup/doctor.h"
#include "cli/command/command.h"
#include "cli/command/common.h"
#include "cli/command/doctor_drills.h"
#include "cli/command/hints.h"
#include "cli/render/json/doctor.h"
#include "core/system/printable.h"
#include "source/databases.h"
#include "stack/switch/state.h"

namespace pgassay::cli {
namespace {

/// The one that is named, or every configured one; where there is none, what flags and environment lead to.
std::vector<backup::BackupOptions> examined(const Context& context, const BackupArguments& named) {
  std::vector<backup::BackupOptions> all;
  if (!named.configured_source.empty() || named.dbname || named.container || named.source_name ||
      context.config.sources.empty())
    return {backup_options(named, context.arguments, context.config, context.reporter)};
  for (const auto& [name, source] : context.config.sources)
    all.push_back(backup_options_of(name, named, context.arguments, context.config, context.reporter));
  return all;
}

backup::Diagnosis examine_one(Context& context, const BackupArguments& named, const Path& root,
                              const backup::BackupOptions& options) {
  backup::Diagnosis diagnosis = examine_source(root, options, context.stop);
  if (const auto drill = drill_finding(
          diagnosis,
          with_image_of_source(context, named, options.source, drill_options(context.config, options.source)),
          context.stop))
    diagnosis.findings.push_back(*drill);
  return diagnosis;
}

/// A source of which nothing can be looked at.
backup::Diagnosis out_of_reach(const std::string& source, const char* check, const Error& error) {
  backup::Diagnosis diagnosis;
  diagnosis.subject = source;
  diagnosis.findings = {{check, backup::PreflightFinding::Weight::refused, error.what(), error.hint()}};
  return diagnosis;
}

/// --all-databases: each by itself. Where they can't be listed, the reason is the source's one finding.
std::vector<backup::Diagnosis> examine_each(Context& context, const BackupArguments& named, const Path& root,
                                            backup::BackupOptions options) {
  std::vector<backup::Diagnosis> diagnoses;
  const ConnInfo server = options.connection;
  try {
    const source::DatabaseList list =
        source::without_excluded(source::list_databases(server, context.stop),
                                 excluded_databases(named, context.config, options.source), context.reporter);
    for (const std::string& database : list.open) {
      options.connection = server.with_database(database);
      diagnoses.push_back(examine_one(context, named, root, options));
      diagnoses.back().subject = options.source + "/" + database;
    }
  } catch (const Error& error) {
    error.raise_if(ErrorKind::stopped);
    diagnoses.push_back(out_of_reach(options.source, "server", error));
  }
  return diagnoses;
}

/// None of a repository that can't be read: what it lacks is a finding of its own.
std::map<std::string, std::string> retired_containers(const Path& root) {
  try {
    if (exists(Place(root) / kRepositoryFile)) return stack::retired_containers(Repository::open(root));
  } catch (const Error& error) {
    error.raise_if(ErrorKind::stopped);
  }
  return {};
}

std::vector<backup::Diagnosis> examine_named(Context& context, const BackupArguments& flags, const Path& root,
                                             backup::BackupOptions named) {
  named.container.retired = retired_containers(root);
  backup::BackupOptions options;
  try {
    options = backup::with_server(named, context.reporter, context.stop);
  } catch (const Error& error) {
    error.raise_if(ErrorKind::stopped);
    return {out_of_reach(named.source, "container", error)};
  }
  if (all_databases(flags, context.config, options.source))
    return examine_each(context, flags, root, options);
  return {examine_one(context, flags, root, options)};
}

std::string diagnosis_text(const backup::Diagnosis& diagnosis, bool quiet) {
  std::string text;
  for (const backup::PreflightFinding& finding : diagnosis.findings) {
    if (quiet && finding.weight == backup::PreflightFinding::Weight::passed) continue;
    text += fmt::format("  {:<8} {}: {}\n", shown(finding.weight), finding.check, printable(finding.text));
    if (!finding.hint.empty()) text += fmt::format("           hint: {}\n", printable(finding.hint));
  }
  return text.empty() ? text : printable(diagnosis.subject) + "\n" + text;
}

Exit run_doctor(Context& context, const BackupArguments& named) {
  const Path root = repository_path(context.arguments, context.config);
  std::vector<backup::Diagnosis> diagnoses;
  const std::vector<backup::BackupOptions> sources = examined(context, named);
  if (named.configured_source.empty() && !named.dbname && !named.container) {
    const bool in_containers =
        std::ranges::all_of(sources, [](const backup::BackupOptions& one) { return one.container.given(); });
    diagnoses.push_back(backup::examine_host(root, !in_containers, context.stop));
    diagnoses.back().findings.push_back(engine_finding(context.stop));
  }
  for (const backup::BackupOptions& options : sources)
    for (backup::Diagnosis& one : examine_named(context, named, root, options))
      diagnoses.push_back(std::move(one));
  Exit exit = Exit::done;
  std::string text;
  for (backup::Diagnosis& diagnosis : diagnoses) {
    for (backup::PreflightFinding& finding : diagnosis.findings)
      finding.hint = with_our_flags(finding.hint, context.arguments);
    if (!diagnosis.can_back_up()) exit = Exit::refused;
    text += diagnosis_text(diagnosis, context.arguments.quiet);
  }
  set_diagnoses(context.reply, diagnoses);
  context.reporter.print(text);
  return exit;
}

Run declare_doctor(Options& options) {
  const auto arguments = std::make_shared<BackupArguments>();
  add_server(options, *arguments);
  options.value("--pg-dump", &arguments->pg_dump, "PATH",
                "the pg_dump that backups would use (default: one that fits the server is found)");
  add_all_databases(options, *arguments);
  return [arguments](Context& context) { return run_doctor(context, *arguments); };
}

}  // namespace

const Command kDoctor = {
    .name = "doctor",
    .what = "can backups work here? what stands in the way, and what mends it",
    .examples =
        "  pgassay doctor                               every configured source, and this host\n"
        "  pgassay doctor prod\n"
        "  pgassay doctor --repo /var/backups/pg -d app\n"
        "  pgassay doctor --repo /var/backups/pg --container shop-db-1\n"
        "  pgassay doctor prod --all-databases          each of the server's databases\n"
        "Exit status 6: a backup could not work.\n",
    .declare = declare_doctor,
};

}  // namespace pgassay::cli
