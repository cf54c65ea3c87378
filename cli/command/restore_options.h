// What a restore is told by flags and configuration together.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command/common.h"
#include "cli/command/store_options.h"
#include "restore/whole/restore.h"

namespace pgassay::cli {

/// What of the backup, and as whom.
struct PartsArguments {
  std::vector<std::string> tables, exclude_tables;
  std::optional<std::string> as, role;
  bool schema_only = false, data_only = false, no_acl = false, trust_owners = false, distrust_owners = false,
       despite_host = false;
};

struct RestoreArguments {
  Selection selection;
  StoreArguments store;
  PartsArguments parts;
  std::optional<std::string> dbname, into, replace, rejects, search_path;
  bool drop_old = false;  ///< of --replace
  bool all = false;
  bool create = false, resume = false, prove = false, no_prove = false, no_owner = false,
       no_role_passwords = false;
  std::string roles = "missing";
  std::optional<unsigned> jobs;
  std::vector<std::string> accept;
};

/// All that `restore` takes.
void add_restore(Options& options, RestoreArguments& restore);

/// Throws UsageError; a password on the command line is a warning.
restore::RestoreRequest restore_request(const RestoreArguments& arguments, const Config& config,
                                        Observer& observer);

}  // namespace pgassay::cli
