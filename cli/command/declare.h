// The commands' words for CLI11, a function a command. Only app.cc and declare_*.cc include it: CLI11 is slow
// to compile.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>

#include "cli/command/arguments.h"

namespace pgassay::cli {

CLI::App& add_command(CLI::App& app, const char* name, const char* what, const char* examples);
void add_jobs(CLI::App& command, std::optional<unsigned>& jobs, const char* what);
void add_selection(CLI::App& command, Selection& selection);         ///< --source, --database
void add_all_databases(CLI::App& command, BackupArguments& backup);  ///< and what it leaves out
void add_server(CLI::App& command, BackupArguments& backup);  ///< which source, and where its server is
void add_one_id(CLI::App& command, Selection& selection);

void declare_backup(CLI::App& app, Arguments& arguments);
void declare_list(CLI::App& app, Arguments& arguments);
void declare_show(CLI::App& app, Arguments& arguments);
void declare_verify(CLI::App& app, Arguments& arguments);
void declare_restore(CLI::App& app, Arguments& arguments);
void declare_drill(CLI::App& app, Arguments& arguments);
void declare_prune(CLI::App& app, Arguments& arguments);
void declare_pin(CLI::App& app, Arguments& arguments);
void declare_unpin(CLI::App& app, Arguments& arguments);
void declare_export(CLI::App& app, Arguments& arguments);
void declare_doctor(CLI::App& app, Arguments& arguments);
void declare_nightly(CLI::App& app, Arguments& arguments);
void declare_status(CLI::App& app, Arguments& arguments);
void declare_report(CLI::App& app, Arguments& arguments);
void declare_manual(CLI::App& app, Arguments& arguments);
/// The options of restore that choose what of the backup; called when the others are there.
void declare_parts(CLI::App& command, PartsArguments& parts);
void declare_stack(CLI::App& app, Arguments& arguments);
void declare_switch(CLI::App& group, SwitchArguments& arguments,
                    std::vector<std::string>& names);  ///< and the way back

}  // namespace pgassay::cli
