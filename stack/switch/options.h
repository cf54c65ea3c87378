// What a switch is told.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "backup/backup.h"
#include "drill/drill.h"
#include "stack/model/settings.h"
#include "verify/verify.h"

namespace pgassay::stack {

/// What came of asking for a stack's routes.
struct RoutesOutcome {
  enum class Kind { passed, failed, not_checked } kind = Kind::not_checked;
  std::string text;  ///< one line: what answered, what did not, or why nobody asked
};
/// Do the routes of the stack of that name answer, through its reverse proxy? Called when its containers are
/// healthy. May throw; then they failed.
using RoutesCheck = std::function<RoutesOutcome(const std::string& stack, std::stop_token stop)>;

struct SwitchOptions {
  SwitchSettings settings;
  std::vector<StackSettings> stacks;  ///< every configured one
  backup::BackupOptions source;       ///< as configured; where its server is, is found by the stacks' labels
  verify::VerifyOptions verify;
  std::optional<drill::DrillOptions> drill;  ///< absent: --no-drill
  bool keep_data = false, data_from_backup = false;
  RoutesCheck routes;  ///< empty: not checked
  std::string tool_version;
};

}  // namespace pgassay::stack
