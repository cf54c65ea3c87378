#include "restore/steps.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

namespace pgassay::restore {
namespace {

constexpr std::pair<RestoreStep, std::string_view> kWords[] = {
    {RestoreStep::check, "check"},
    {RestoreStep::create, "create"},
    {RestoreStep::lock, "lock"},
    {RestoreStep::roles, "roles"},
    {RestoreStep::pre_data, "pre-data"},
    {RestoreStep::configuration, "configuration rows"},
    {RestoreStep::data, "data"},
    {RestoreStep::sequences, "sequences"},
    {RestoreStep::large_objects, "large objects"},
    {RestoreStep::indexes, "indexes"},
    {RestoreStep::rules, "rules"},
    {RestoreStep::foreign_keys, "foreign keys"},
    {RestoreStep::post_data, "post-data"},
    {RestoreStep::properties, "properties"},
    {RestoreStep::analyze, "analyze"},
    {RestoreStep::proof, "proof"},
    {RestoreStep::swap, "swap"},
};

}  // namespace

std::string_view to_string(RestoreStep step) {
  const auto found = std::ranges::find(kWords, step, &std::pair<RestoreStep, std::string_view>::first);
  return found == std::end(kWords) ? std::string_view() : found->second;
}

std::optional<RestoreStep> parse_restore_step(std::string_view word) {
  const auto found = std::ranges::find(kWords, word, &std::pair<RestoreStep, std::string_view>::second);
  if (found == std::end(kWords)) return std::nullopt;
  return found->first;
}

std::vector<PhaseTime> phase_times(const std::vector<StepTime>& steps) {
  std::vector<PhaseTime> times;
  for (const StepTime& time : steps) times.push_back({std::string(to_string(time.step)), time.seconds});
  return times;
}

}  // namespace pgassay::restore
