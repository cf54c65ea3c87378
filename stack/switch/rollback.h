// The way back: the new stack's containers are stopped, and the very containers of the old stack that were
// stopped are started again. By the journal and docker alone: compose files may be edited or gone.
#pragma once

#include "core/system/clock.h"
#include "stack/switch/backup.h"
#include "stack/switch/containers.h"
#include "stack/switch/state.h"

namespace pgassay::stack {

struct RollbackOptions {
  backup::BackupOptions source;  ///< under whose name the new stack's rows are backed up
  verify::VerifyOptions verify;
  std::optional<Seconds> health_timeout = {};
  bool without_new_data = false;  ///< they are not; the new stack's volume stays
  RoutesCheck routes;             ///< of the old stack, when it runs again; empty: not checked
  std::string why;                ///< for the journal
};

struct RollbackReport {
  bool needed = false;                    ///< false: the old stack was never touched, or runs again already
  std::string saved;                      ///< the backup of the new stack's rows; empty: none was due
  std::vector<ChangedTable> left_behind;  ///< tables of it that the old database does not have like that
  std::vector<std::string> started;       ///< containers of the old stack
  std::vector<std::string> gone;          ///< that somebody removed: the others run without them
  std::string routes_problem;             ///< it runs, but is not to be reached so; empty: nothing is known
};

/// May be called again after whatever ended it. While the new stack's rows can't be saved, that stack runs
/// on. Of a switch that never came to its point of no return no container of the old stack but the database
/// must be there; one that was made anew for its service takes its place. Throws Refused when there is no way
/// back, Error naming what of the old stack does not run.
RollbackReport roll_back(const Repository& repository, SwitchJournal& journal, const RollbackOptions& options,
                         Observer& observer, std::stop_token stop);

/// All of the new stack's containers but its database.
void stop_new_writers(const SwitchState& state, const StackContainers& containers,
                      const std::stop_token& stop);
/// That runs now: it may have been made anew since the switch. Else the one of the switch.
std::string new_database_of(const SwitchState& state, const StackContainers& containers,
                            const std::stop_token& stop);
/// The server of the new stack, by its own superuser.
backup::BackupOptions reach_new_database(const std::string& container_id, backup::BackupOptions source,
                                         const std::string& database, Observer& observer,
                                         const std::stop_token& stop);

}  // namespace pgassay::stack
