#include <fmt/format.h>

#include <algorithm>

#include "cli/command/command.h"
#include "cli/command/resolve.h"
#include "cli/render/text/report_text.h"
#include "cli/units.h"
#include "core/system/cancellation.h"
#include "core/system/exits.h"

namespace pgassay::cli {
namespace {

std::vector<Backup> selected(const Repository& repository, const Arguments& arguments) {
  const Repository::Filter filter{arguments.selection.source, arguments.selection.database};
  if (!arguments.verify.all) {
    std::vector<Backup> backups;
    std::vector<std::string> ids = arguments.selection.ids;
    if (ids.empty()) ids.emplace_back("latest");
    for (const std::string& id : ids) backups.push_back(repository.find(id, filter));
    return backups;
  }
  if (!arguments.selection.ids.empty()) throw UsageError("--all and an ID exclude each other");
  std::vector<Backup> backups = repository.list(filter);
  if (backups.empty()) throw Unverified("there is no backup to verify in " + repository.root().string());
  return backups;
}

std::string join(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : "; ") + item;
  return text;
}

/// The last word, for whoever reads nothing else.
void throw_unless_proved(const std::vector<Verified>& verified, Exit exit) {
  std::vector<std::string> bad, unproved;
  for (const auto& [id, evidence] : verified) {
    if (evidence.verdict == Verdict::fail)
      bad.push_back(fmt::format("{}: {}", id.shown(), counted(evidence.findings.size(), "finding")));
    if (evidence.verdict == Verdict::unverified) {
      const auto first = std::ranges::find(evidence.checks, Verdict::unverified, &Check::verdict);
      const std::string why =
          first == evidence.checks.end() ? "see above" : first->name + ": " + first->detail;
      unproved.push_back(fmt::format("{}: {}", id.shown(), why));
    }
  }
  if (!bad.empty()) {
    throw Error((bad.size() == 1 ? "the backup is bad: " : "the backups are bad: ") + join(bad),
                "look at the disk and the kernel log; pgassay list shows the other backups, and pgassay "
                "verify proves them",
                exit);
  }
  if (!unproved.empty()) throw Error("could not verify " + join(unproved), {}, exit);
}

}  // namespace

Exit run_verify(Context& context) {
  const verify::VerifyOptions options = verify_options(context.arguments, context.config);
  const Repository repository = Repository::open(repository_path(context.arguments, context.config));
  const std::vector<Backup> backups = selected(repository, context.arguments);
  std::vector<Verified> verified;
  Exit exit = Exit::done;
  for (const Backup& backup : backups) {
    throw_if_stopped(context.stop);
    try {
      const Evidence evidence = verify_backup(repository, backup, options, context.reporter, context.stop);
      const bool good = evidence.verdict == Verdict::pass;
      const std::string text = verified_text(backup.id, evidence, !context.arguments.quiet);
      good ? context.reporter.summary(text) : context.reporter.print(text);
      verified.push_back({backup.id, evidence});
      exit = worse(exit, exit_of(evidence.verdict));
    } catch (const Error& error) {
      error.raise_if(ErrorKind::stopped);
      // One backup that can't be looked at keeps none of the others from being verified.
      if (backups.size() == 1) error.raise();
      context.reporter.message(Level::error, backup.id.shown() + ": " + error.what(), error.hint());
      Evidence none;
      none.verdict = Verdict::unverified;
      none.checks.push_back({"access", Verdict::unverified, error.what()});
      verified.push_back({backup.id, none});
      exit = worse(exit, error.exit());
    }
  }
  context.reply.set_verified(verified);
  throw_unless_proved(verified, exit);
  return exit;
}

}  // namespace pgassay::cli
