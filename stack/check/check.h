// pgassay stack check: gathers what is known of the stacks and of this host, and runs every check.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "core/system/error.h"
#include "core/system/observer.h"
#include "stack/model/facts.h"
#include "stack/model/findings.h"

namespace pgassay::stack {

struct StackCheckOptions {
  std::vector<StackSettings> stacks;             ///< every configured one: they are compared with each other
  std::vector<std::string> chosen;               ///< of these the checks are told
  std::map<std::string, ProvenBackups> backups;  ///< by stack
};

struct StackCheckReport {
  std::vector<StackCheck> checks;  ///< by stack, then by number
  std::vector<StackFinding> findings;
  /// Refused, or not everything could be looked at; of both the one that the house takes for the worse.
  Exit exit() const;
};

StackCheckReport check_stacks(const StackCheckOptions& options, Observer& observer, std::stop_token stop);

// The two halves of it.

/// What the files say; without a compose nothing of the services.
StackFacts facts_of(const StackSettings& settings, const std::optional<Compose>& compose,
                    std::stop_token stop);
/// What to do about an engine that does not answer.
std::string engine_hint(const Error& error);
Surroundings gather(const StackCheckOptions& options, Observer& observer, std::stop_token stop);
StackCheckReport judge(const Surroundings& around, const std::vector<std::string>& chosen);

}  // namespace pgassay::stack
