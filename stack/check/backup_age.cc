// Check 16.
#include <fmt/format.h>

#include "core/system/subprocess.h"
#include "stack/check/checks.h"

namespace pgassay::stack {
namespace {

bool passed(const std::optional<Proofs::Last>& proof) {
  return proof && proof->verdict == Verdict::pass;
}
bool failed(const std::optional<Proofs::Last>& proof) {
  return proof && proof->verdict == Verdict::fail;
}

}  // namespace

void check_backup_age(const StackFacts& stack, const Surroundings& around, Findings& out) {
  if (!stack.settings.source) return out.note("no source is configured");
  const auto known = around.backups.find(stack.name());
  if (known == around.backups.end() || !known->second.problem.empty()) {
    const ProvenBackups none{"nothing is known of its backups", "", {}, {}};
    const ProvenBackups& why = known == around.backups.end() ? none : known->second;
    return out.unchecked(why.problem, why.hint);
  }
  const Backup* newest = nullptr;
  for (const Backup& backup : known->second.backups) {
    if (!backup.summary || !passed(backup.proofs.verified) || failed(backup.proofs.drilled)) continue;
    if (newest == nullptr || newest->summary->snapshot.taken < backup.summary->snapshot.taken)
      newest = &backup;
  }
  const std::string take = "pgassay backup " + *stack.settings.source + " --drill, and pgassay verify";
  if (newest == nullptr)
    return out.refuse("", "source", "no backup of source " + *stack.settings.source + " was verified", take);
  const double age = std::chrono::duration<double>(around.now - newest->summary->snapshot.taken).count();
  const std::string shown = fmt::format("{} is {:.1f} h old", newest->id.shown(), age / 3600);
  if (age > known->second.max_age.count()) {
    out.refuse("", "source",
               fmt::format("the newest verified backup, {}; {:.0f} h are allowed", shown,
                           known->second.max_age.count() / 3600),
               take);
  } else if (!passed(newest->proofs.drilled)) {
    out.warn("", "source", "the newest verified backup, " + shown + ", was not drilled",
             "pgassay drill " + shell_word(newest->id.shown()));
  } else {
    out.note(shown + ", verified and drilled");
  }
}

}  // namespace pgassay::stack
