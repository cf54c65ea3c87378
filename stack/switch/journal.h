// The journal of a switch: what was about to be done, what was done, and what it takes to undo it. JSON
// lines, each flushed to disk before what it announces is done: REPO/.switch/NAME/STAMP.jsonl, mode 0600.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/repository/repository.h"
#include "core/system/observer.h"

namespace pgassay::stack {

using SwitchFacts = std::map<std::string, std::string>;

struct JournalEntry {
  Time at;
  std::string what;  ///< one of the names below
  SwitchFacts facts;
};

/// What an entry may be.
namespace entry {
inline constexpr char kBegun[] = "switch begun";   ///< name, from, to, … (see fact::)
inline constexpr char kContainer[] = "container";  ///< one, as it was before it was touched
inline constexpr char kFact[] = "fact";            ///< any number of them
inline constexpr char kStepBegun[] = "step begun";
inline constexpr char kStepDone[] = "step done";
inline constexpr char kStepFailed[] = "step failed";  ///< step, detail
inline constexpr char kGivenUp[] = "given up";        ///< nothing was touched
inline constexpr char kRollbackBegun[] = "rollback begun";
inline constexpr char kNewContainer[] =
    "new container";  ///< of the new stack, as it was when a rollback began
inline constexpr char kUndone[] = "undone";
inline constexpr char kTakenBack[] = "rollback taken back";
inline constexpr char kRolledBack[] = "rolled back";
inline constexpr char kUndecided[] = "undecided";  ///< after the point of no return: somebody must choose
inline constexpr char kSwitched[] = "switched";
inline constexpr char kForgotten[] = "forgotten";
}  // namespace entry

/// Facts of the journal.
namespace fact {
inline constexpr const char *kName = "name", *kFrom = "from", *kTo = "to", *kFromProject = "from_project",
                            *kToProject = "to_project", *kToServices = "to_services",
                            *kToDatabaseService = "to_database_service", *kSource = "source",
                            *kDatabase = "database", *kKeepData = "keep_data",
                            *kDataFromBackup = "data_from_backup", *kStep = "step", *kDetail = "detail",
                            *kRehearsal = "rehearsal_backup", *kFinal = "final_backup",
                            *kFinalXmax = "final_xmax", *kFinalCatalog = "final_catalog",
                            *kNewDatabase = "new_database_container", *kRestored = "restored",
                            *kSaved = "new_data_backup",  ///< of the new stack's rows, before a rollback
                                *kSame = "new_data_is_the_final_backup",
                            *kOldRan =
                                "old_stack_ran_again",  ///< a rollback has started more than its database
                                *kDowntime = "downtime_seconds",
                            *kDownSince = "down_since",  ///< boot_moment()
                                *kVolumes = "volumes",   ///< to be carried over: FROM:TO,…
                                    *kVolumesLeft = "volumes_left",
                            *kOldServer = "old_server",  ///< system identifiers
                                *kNewServer = "new_server",
                            *kNewVolume = "new_volume",        ///< of the new database
                                *kTrial = "trial",             ///< "yes": it is started once beforehand
                                    *kTried = "tried_volume";  ///< in which such a start made a cluster
}  // namespace fact

std::string to_json_line(const JournalEntry& entry);  ///< without its line feed
/// Whatever lines are whole; a last one that a crash tore is none. Throws BadBackup on any other that can't
/// be read: half a journal is no ground to act on.
std::vector<JournalEntry> parse_journal(std::string_view text, const Path& name_for_errors);

/// One switch at a time: the flock of REPO/.switch/lock, which is never unlinked.
class SwitchLock {
 public:
  explicit SwitchLock(const Repository& repository);  ///< throws Locked
  /// Does somebody hold it now?
  static bool is_held(const Repository& repository);

 private:
  Fd fd_;
};

class SwitchJournal {
 public:
  /// A new one, empty.
  static SwitchJournal begin(const Repository& repository, const std::string& name);
  /// The newest of that name; nothing: there was no switch yet.
  static std::optional<SwitchJournal> newest(const Repository& repository, const std::string& name);
  /// Names of which there is a journal.
  static std::vector<std::string> names(const Repository& repository);

  Path file() const { return file_.path(); }  ///< for messages
  const std::vector<JournalEntry>& entries() const { return entries_; }
  /// On disk when it returns.
  void add(const std::string& what, SwitchFacts facts = {});
  /// What can't be written down is only told: it must not keep the old stack down.
  void add_or_warn(const std::string& what, SwitchFacts facts, Observer& observer);

 private:
  explicit SwitchJournal(Place file) : file_(std::move(file)) {}
  Place file_;
  std::vector<JournalEntry> entries_;
};

}  // namespace pgassay::stack
