// The new stack's database started once while the old stack still runs, looked at, and stopped again: what
// would end the switch in its down-time is found before it.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "core/postgres/connection.h"
#include "core/repository/repository.h"
#include "stack/model/database_volume.h"
#include "stack/switch/journal.h"
#include "stack/switch/new_stack.h"

namespace pgassay::stack {

/// Why starting it beside the old stack could disturb that one; empty: it can't. It must answer to no name
/// that the old stack's services have on a network of both, mount nothing that they mount, and have no labels
/// of Traefik.
std::string why_no_trial(const SwitchScene& scene);

/// The volume that a trial of the last switch of that name has made a cluster in, and nothing was restored
/// into since; empty: there is none, or nobody knows.
std::string volume_of_last_trial(const Repository& repository, const std::string& name);

/// Throws Error when it does not come up, Refused when it would refuse the restore of `backup` (it holds
/// something, lacks an extension or a locale, is older). It is stopped whatever comes of it, and its
/// container and volume stay: step 6 starts them. Calls `look` while it runs.
void try_new_database(const NewStack& stack, const SwitchOptions& options, const SwitchScene& scene,
                      const Manifest& backup, const std::function<void(const ConnInfo&)>& look,
                      const std::stop_token& stop);

}  // namespace pgassay::stack
