#include "stack/switch/backup.h"
#include "core/system/subprocess.h"

#include <fmt/format.h>

namespace pgassay::stack {
namespace {

constexpr int kAttempts = 3;

}  // namespace

void verify_or_throw(const Repository& repository, const Backup& backup, const verify::VerifyOptions& options,
                     Observer& observer, std::stop_token stop) {
  const Evidence evidence = verify_backup(repository, backup, options, observer, std::move(stop));
  if (evidence.verdict == Verdict::pass) return;
  const std::string text = fmt::format("the backup {} could not be verified: {}", backup.id.shown(),
                                       first_problem(evidence.checks, evidence.verdict));
  if (evidence.verdict == Verdict::fail)
    throw BadBackup(text, "pgassay verify " + shell_word(backup.id.shown()));
  throw Unverified(text, "pgassay verify " + shell_word(backup.id.shown()));
}

StillBackup take_still_backup(const Repository& repository, const backup::BackupOptions& reached,
                              const verify::VerifyOptions& verify, const std::string& reason,
                              Observer& observer, std::stop_token stop) {
  // Nobody is there whose cache needs to be spared.
  backup::BackupOptions in_haste = reached;
  in_haste.split_tables = backup::SplitTables::as_needed;
  in_haste.max_rate = 0;
  for (int attempt = 1;; ++attempt) {
    const Stillness before = await_stillness(reached.connection, stop);
    const backup::TakenBackup taken = take_backup(repository, in_haste, observer, stop);
    const Stillness after = await_stillness(reached.connection, stop);
    if (before.xmax == after.xmax && before.catalog == after.catalog) {
      StillBackup still{repository.find(taken.summary.id.shown()), after};
      verify_or_throw(repository, still.backup, verify, observer, stop);
      repository.pin(still.backup, reason);
      return still;
    }
    const std::string text =
        fmt::format("transactions wrote to the server of {} during its backup (next transaction {}, then {})",
                    taken.summary.id.shown(), before.xmax, after.xmax);
    if (attempt == kAttempts)
      throw Refused(text, "find out who writes: another database of the server, a job; then begin anew");
    observer.message(Level::warning, text + ": once more");
  }
}

}  // namespace pgassay::stack
