// What a command gets, and the commands. Each parses nothing and decides little: it fills a room's Options,
// calls the room and prints what came back, as text or as the JSON document.
#pragma once

#include <stop_token>

#include "cli/command/arguments.h"
#include "cli/config/config.h"
#include "cli/log.h"
#include "cli/render/json/out.h"
#include "core/system/error.h"

namespace pgassay::cli {

struct Context {
  const Arguments& arguments;
  const Config& config;
  Reporter& reporter;
  Reply& reply;
  std::stop_token stop;
};

/// Is what is told the one thing of the --json document, or one of an array?
enum class Audience { alone, several };

Exit run_backup(Context& context);
Exit run_list(Context& context);
Exit run_show(Context& context);
Exit run_verify(Context& context);
Exit run_restore(Context& context);
Exit run_drill(Context& context);
Exit run_prune(Context& context);
Exit run_pin(Context& context);
Exit run_unpin(Context& context);
Exit run_export(Context& context);
Exit run_nightly(Context& context);
Exit run_status(Context& context);
Exit run_report(Context& context);
Exit run_manual(Context& context);
Exit run_replace(Context& context);  ///< restore --replace
Exit run_doctor(Context& context);
Exit run_stack_check(Context& context);
Exit run_stack_switch(Context& context);
Exit run_stack_rollback(Context& context);
Exit run_stack_status(Context& context);
Exit run_stack_forget(Context& context);
Exit run_stack_routes(Context& context);

/// Tells what came of a restore and says the exit status; `more` follows the text.
Exit report_restored(Context& context, const BackupId& id, const restore::RestoreReport& report, bool proved,
                     const std::string& more = {});

}  // namespace pgassay::cli
