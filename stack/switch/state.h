// Where a switch stands, by its journal alone, and what may be done from there. Pure: nothing here looks at
// the world, so every prefix of a journal can be tested.
#pragma once

#include <set>
#include <span>

#include "stack/switch/journal.h"
#include "stack/switch/steps.h"

namespace pgassay::stack {

/// A container of the old stack, as it was before the switch touched it.
struct SwitchedContainer {
  std::string id, name, service, image;
  std::string restart;  ///< what `docker update --restart` takes: "unless-stopped", "on-failure:3", "no"
  bool ran = false, is_database = false, is_writer = false;
  bool well = false;  ///< it ran, and was healthy where it has a health check
};

SwitchFacts facts_of(const SwitchedContainer& container);  ///< of its entry in the journal

enum class SwitchStage {
  none,           ///< there is no journal
  untouched,      ///< begun; of the old stack nothing was touched
  given_up,       ///< ended like that
  before_return,  ///< the old stack is touched, the new one's writers never ran
  past_return,    ///< the new one's writers may have run
  undecided,      ///< they wrote, and something failed: somebody must choose
  switched,
  rolling_back,
  rolled_back,
  forgotten
};
std::string_view to_string(SwitchStage standing);

struct SwitchState {
  SwitchStage standing = SwitchStage::none;
  SwitchFacts facts;
  std::vector<SwitchedContainer> old_containers;  ///< recorded before any of them was touched
  std::vector<SwitchedContainer> new_containers;  ///< of the new stack, before a rollback touched them
  SwitchStage before_rollback = SwitchStage::none;
  std::set<SwitchStep> begun, done;
  std::optional<SwitchStep> last;  ///< that was begun
  std::string failure;             ///< what the journal says last failed
  std::optional<Time> started, writers_stopped, ended;

  std::string fact(const char* name) const;  ///< "" where it is not known
  /// Ids of the old containers that ran, of those wanted.
  template <typename Wanted>
  std::vector<std::string> ids_that_ran(Wanted wanted) const {
    std::vector<std::string> ids;
    for (const SwitchedContainer& one : old_containers)
      if (one.ran && wanted(one)) ids.push_back(one.id);
    return ids;
  }
  bool keeps_data() const { return fact(fact::kKeepData) == "yes"; }
  /// The writers of the new stack may have run.
  bool passed_the_point() const { return begun.contains(kPointOfNoReturn); }
  /// Neither finished nor undone: it must be one of them before anything else begins.
  bool open() const;
};

SwitchState replay(std::span<const JournalEntry> entries);

/// System identifiers of servers that took each other's place in the last switches of the source, or in their
/// rollbacks. A journal that can't be read tells of none.
std::set<std::string> servers_of_switches(const Repository& repository, const std::string& source);

/// Of each container that a finished switch or rollback has stopped for good, by its id: what to do in place
/// of starting it.
std::map<std::string, std::string> retired_containers(const Repository& repository);

/// What `--resume` does.
struct GoingOn {
  std::optional<SwitchStep> from;  ///< the step to go on from; nothing: not to be gone on with
  std::string why, hint;           ///< then
};
GoingOn going_on(const SwitchState& state);

/// What `rollback` does.
enum class WayBack {
  nothing,        ///< the old stack was never touched, or runs again
  start_old,      ///< no acknowledged row can be in the new database only
  save_then_old,  ///< the new database is backed up first
  none            ///< there is no way: see `why`
};
struct GoingBack {
  WayBack way = WayBack::none;
  std::string why, hint;
};
GoingBack going_back(const SwitchState& state);

/// What `rollback --abandon` does: the rollback that was begun is given up.
struct TakingBack {
  bool may = false;
  std::string why, hint;  ///< then not
};
TakingBack taking_back(const SwitchState& state);

/// The commands that may follow, none of which is refused for where the switch stands.
std::vector<std::string> ways_from(const SwitchState& state);

}  // namespace pgassay::stack
