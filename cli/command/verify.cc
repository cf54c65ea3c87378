#include <fmt/format.h>

#include <algorithm>

#include "cli/basics/units.h"
#include "cli/command/command.h"
#include "cli/command/common.h"
#include "cli/command/read_repository.h"
#include "cli/command/store_options.h"
#include "cli/command/verify_options.h"
#include "cli/render/text/report_text.h"
#include "core/system/cancellation.h"
#include "core/system/exits.h"

namespace pgassay::cli {
namespace {

struct VerifyArguments {
  Selection selection;
  bool all = false;
  std::optional<std::string> subset;
  std::optional<unsigned> jobs;
  StoreArguments store;
  bool bytes = false;
};

std::vector<Backup> selected(const Repository& repository, const VerifyArguments& arguments) {
  std::vector<Backup> backups = arguments.selection.all_in(repository, arguments.all);
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

Exit run_verify(Context& context, const VerifyArguments& arguments) {
  verify::VerifyOptions options = verify_options(context.config);
  options.jobs = arguments.jobs.value_or(options.jobs);
  if (arguments.bytes)
    return verify_store_bytes(context, arguments.selection, arguments.all, options.jobs, arguments.store);
  if (arguments.store.store && (arguments.all || arguments.selection.ids.size() > 1))
    throw UsageError("verify --store proves one backup at a time",
                     "all of them, as they lie there: --all --bytes");
  if (arguments.subset) options.subset = parse_subset(*arguments.subset);
  const ReadRepository place(arguments.store, arguments.selection, context);
  const Repository& repository = place.get();
  options.write_evidence = !place.is_temporary();
  const std::vector<Backup> backups = selected(repository, arguments);
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

Run declare_verify(Options& options) {
  const auto arguments = std::make_shared<VerifyArguments>();
  add_optional_id(options, arguments->selection);
  add_selection(options, arguments->selection);
  options.flag("--all", arguments->all, "every backup there is");
  options.value("--read-data-subset", &arguments->subset, "n/t",
                "read the n-th of t shares of the data; every other check in full");
  add_store_to_read(options, arguments->store);
  options
      .flag("--bytes", arguments->bytes,
            "of a store: every object against its commit object; needs no identity")
      .needs("--store");
  add_jobs(options, arguments->jobs, "files read at a time (default: CPUs, at most 4)");
  return [arguments](Context& context) { return run_verify(context, *arguments); };
}

}  // namespace

const Command kVerify = {
    .name = "verify",
    .what = "prove that the stored bytes are what was written, and decode to what was read",
    .examples =
        "  pgassay verify                               the latest backup, where there is one database\n"
        "  pgassay verify --database app                the latest of this one\n"
        "  pgassay verify prod/app/20261123T020000Z\n"
        "  pgassay verify --store vault                 a copy off the host, down to its rows\n"
        "  pgassay verify --all --store vault --bytes   all copies there, as they lie there\n"
        "  pgassay verify --all --read-data-subset 2/7  a seventh of the data each night\n",
    .declare = declare_verify,
};

}  // namespace pgassay::cli
