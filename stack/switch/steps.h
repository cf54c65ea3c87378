// The steps of a switch, in order, and what each means for the way back.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace pgassay::stack {

enum class SwitchStep {
  check,
  images,
  rehearsal,
  stop_writers,
  final_backup,
  new_database,
  restore,
  stop_old,
  carry_volumes,
  start_new,
  health,
  routes
};

std::string_view to_string(SwitchStep step);  ///< "stop writers"
std::optional<SwitchStep> parse_switch_step(std::string_view text);

/// `keep_data`: both databases are one volume, so the old server must be down before the new one comes up,
/// and nothing is restored: the restore is only its proof.
std::vector<SwitchStep> switch_steps(bool keep_data);

/// The first step that touches the old stack.
inline constexpr SwitchStep kFirstTouch = SwitchStep::stop_writers;
/// The point of no return: from here on the new stack's writers may write.
inline constexpr SwitchStep kPointOfNoReturn = SwitchStep::start_new;

}  // namespace pgassay::stack
