// The checks, each in a file of its own. A check looks at facts, and touches nothing; none of them tells the
// value of a variable.
#pragma once

#include <functional>
#include <span>

#include "stack/model/facts.h"
#include "stack/model/findings.h"

namespace pgassay::stack {

using StackCheckFunction = void (*)(const StackFacts&, const Surroundings&, Findings&);

void check_engine(const StackFacts& stack, const Surroundings& around, Findings& out);
void check_compose_files(const StackFacts& stack, const Surroundings& around, Findings& out);
void check_env_file(const StackFacts& stack, const Surroundings& around, Findings& out);
void check_required_variables(const StackFacts& stack, const Surroundings& around, Findings& out);
void check_placeholders(const StackFacts& stack, const Surroundings& around, Findings& out);
void check_env_agreement(const StackFacts& stack, const Surroundings& around, Findings& out);
void check_collisions(const StackFacts& stack, const Surroundings& around, Findings& out);
void check_project_name(const StackFacts& stack, const Surroundings& around, Findings& out);
void check_external_networks(const StackFacts& stack, const Surroundings& around, Findings& out);
void check_health_and_hosts(const StackFacts& stack, const Surroundings& around, Findings& out);
void check_database_volume(const StackFacts& stack, const Surroundings& around, Findings& out);
void check_aliases(const StackFacts& stack, const Surroundings& around, Findings& out);
void check_traefik_names(const StackFacts& stack, const Surroundings& around, Findings& out);
void check_images(const StackFacts& stack, const Surroundings& around, Findings& out);
void check_restart_policies(const StackFacts& stack, const Surroundings& around, Findings& out);
void check_backup_age(const StackFacts& stack, const Surroundings& around, Findings& out);

struct NamedStackCheck {
  int number;
  const char* name;
  StackCheckFunction run;
};
std::span<const NamedStackCheck> stack_checks();  ///< all, in the order of their numbers

// For those that look at what compose resolved.

/// The model; where there is none it is said so, and nullptr.
const ComposeModel* model_or_note(const StackFacts& stack, Findings& out);
/// Calls `compare` with each other stack that has a model; one that has none could not be compared.
void with_each_other(const StackFacts& stack, const Surroundings& around, Findings& out,
                     const std::function<void(const StackFacts&, const ComposeModel&)>& compare);

}  // namespace pgassay::stack
