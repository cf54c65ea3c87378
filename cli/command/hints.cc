#include "cli/command/hints.h"

#include "cli/command/command.h"
#include "cli/command/common.h"

namespace pgassay::cli {
namespace {

constexpr std::string_view kOurName = "pgassay ";

/// The command's whole name at the beginning of the text, or nothing.
std::string_view name_at(std::string_view text) {
  std::string_view longest;
  for (const Command* command : all_commands()) {
    const std::string_view name = command->name;
    if (!text.starts_with(name) || name.size() < longest.size()) continue;
    const std::string_view rest = text.substr(name.size());
    if (rest.empty() || rest[0] < 'a' || rest[0] > 'z') longest = name;  // "restored" is no command
  }
  return longest;
}

}  // namespace

std::string with_our_flags(std::string_view hint, const Arguments& arguments) {
  const std::string flags = repeated_repository(arguments) + repeated_flag("--config", arguments.config);
  std::string text;
  while (!flags.empty()) {
    const std::size_t at = hint.find(kOurName);
    if (at == std::string_view::npos) break;
    text += hint.substr(0, at + kOurName.size());
    hint.remove_prefix(at + kOurName.size());
    const std::string_view name = name_at(hint);
    text += name;
    hint.remove_prefix(name.size());
    if (!name.empty() && !hint.starts_with(" --repo ") && !hint.starts_with(" --config ")) text += flags;
  }
  return text.append(hint);
}

void add_our_flags(std::vector<nightly::Watched>& watched, const Arguments& arguments) {
  for (nightly::Watched& one : watched) {
    one.status.unclaimed = with_our_flags(one.status.unclaimed, arguments);
    for (nightly::Concern& concern : one.status.concerns)
      concern.hint = with_our_flags(concern.hint, arguments);
  }
}

void add_our_flags(nightly::NightRecord& night, const Arguments& arguments) {
  for (nightly::NightStep& step : night.steps) step.hint = with_our_flags(step.hint, arguments);
}

}  // namespace pgassay::cli
