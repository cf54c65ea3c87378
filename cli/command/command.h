// A command is one file: its words, its options, its run. A run decides little: it fills a room's options,
// calls the room and prints what came back, as text or as the JSON document.
#pragma once

#include <functional>
#include <span>
#include <stop_token>

#include "cli/basics/log.h"
#include "cli/command/arguments.h"
#include "cli/command/options.h"
#include "cli/config/config.h"
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

/// Does what the command line asked for. Throws Error.
using Run = std::function<Exit(Context&)>;

struct Command {
  const char* name;      ///< "pin"; of a group both words: "stack check"
  const char* what;      ///< one line of the help
  const char* examples;  ///< lines that end with a line feed
  /// Declares the options, and returns what runs with their values once they are parsed. Null: a group's
  /// first word, which does nothing by itself.
  Run (*declare)(Options& options);
  bool takes_long = true;  ///< progress is shown
  bool is_hidden = false;  ///< the help does not name it
};

extern const Command kBackup, kList, kShow, kVerify, kRestore, kDrill, kExport, kPrune, kPin, kUnpin, kAccept,
    kDoctor, kSource, kSourceAlias, kSourceForget, kSourceReset, kNightly, kStatus, kReport, kStack,
    kStackCheck, kStackRoutes, kStackSwitch, kStackRollback, kStackStatus, kStackForget, kPush, kPull, kStore,
    kStoreInit, kStoreCheck, kStoreRekey, kStoreKit, kManual;

/// In the order of the help. A group stands before its commands.
std::span<const Command* const> all_commands();

/// Is the report the one thing of the --json document, or one of an array?
enum class Audience { alone, several };

}  // namespace pgassay::cli
