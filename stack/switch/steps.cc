#include "stack/switch/steps.h"

#include <algorithm>
#include <utility>

namespace pgassay::stack {
namespace {

constexpr std::pair<SwitchStep, std::string_view> kNames[] = {
    {SwitchStep::check, "check"},
    {SwitchStep::images, "images"},
    {SwitchStep::rehearsal, "rehearsal"},
    {SwitchStep::stop_writers, "stop writers"},
    {SwitchStep::final_backup, "final backup"},
    {SwitchStep::new_database, "new database"},
    {SwitchStep::restore, "restore"},
    {SwitchStep::stop_old, "stop old stack"},
    {SwitchStep::carry_volumes, "carry volumes"},
    {SwitchStep::start_new, "start new stack"},
    {SwitchStep::health, "health"},
    {SwitchStep::routes, "routes"},
};

}  // namespace

std::string_view to_string(SwitchStep step) {
  return std::ranges::find(kNames, step, &std::pair<SwitchStep, std::string_view>::first)->second;
}

std::optional<SwitchStep> parse_switch_step(std::string_view text) {
  const auto found = std::ranges::find(kNames, text, &std::pair<SwitchStep, std::string_view>::second);
  return found == std::end(kNames) ? std::nullopt : std::optional(found->first);
}

std::vector<SwitchStep> switch_steps(bool keep_data) {
  using enum SwitchStep;
  if (keep_data)
    return {check,        images,  rehearsal,     stop_writers, final_backup, stop_old,
            new_database, restore, carry_volumes, start_new,    health,       routes};
  return {check,   images,   rehearsal,     stop_writers, final_backup, new_database,
          restore, stop_old, carry_volumes, start_new,    health,       routes};
}

}  // namespace pgassay::stack
