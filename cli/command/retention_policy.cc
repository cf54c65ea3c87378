#include "cli/command/retention_policy.h"

#include <algorithm>

#include "cli/command/common.h"
#include "core/system/error.h"
#include "retention/prune.h"

namespace pgassay::cli {

retention::RetentionPolicy retention_policy(const RetentionConfig& flags, const Config& config,
                                            const std::string& source) {
  const auto found = config.sources.find(source);
  const RetentionConfig own = found == config.sources.end() ? RetentionConfig{} : found->second.retention;
  const RetentionConfig& top = config.retention;
  retention::RetentionPolicy policy;
  const auto choose = [](auto& value, const auto& flag, const auto& of_source, const auto& of_top) {
    if (of_top) value = *of_top;
    if (of_source) value = *of_source;
    if (flag) value = *flag;
  };
  choose(policy.keep_days, flags.keep_days, own.keep_days, top.keep_days);
  choose(policy.keep_min, flags.keep_min, own.keep_min, top.keep_min);
  choose(policy.keep_daily, flags.keep_daily, own.keep_daily, top.keep_daily);
  choose(policy.keep_weekly, flags.keep_weekly, own.keep_weekly, top.keep_weekly);
  choose(policy.keep_monthly, flags.keep_monthly, own.keep_monthly, top.keep_monthly);
  choose(policy.keep_yearly, flags.keep_yearly, own.keep_yearly, top.keep_yearly);
  choose(policy.max_delete_fraction, flags.max_delete_fraction, own.max_delete_fraction,
         top.max_delete_fraction);
  choose(policy.shrink_alarm, flags.shrink_alarm, own.shrink_alarm, top.shrink_alarm);
  // A flag that took a label away by naming another would let go what was meant to stay.
  choose(policy.pin_labels, std::optional<std::vector<std::string>>(), own.pin_labels, top.pin_labels);
  if (flags.pin_labels) std::ranges::copy(*flags.pin_labels, std::back_inserter(policy.pin_labels));
  return policy;
}

std::function<std::uint64_t(const std::string& database)> prunable_bytes_of(const Arguments& arguments,
                                                                            const Config& config,
                                                                            const std::string& source) {
  return [arguments, config, source](const std::string& database) {
    retention::PruneOptions options;
    options.policy = retention_policy({}, config, source);
    try {
      const Repository repository = Repository::open(repository_path(arguments, config));
      return prunable_bytes(repository, {source, database}, options, now());
    } catch (const Error&) {
      return std::uint64_t{0};
    }
  };
}

}  // namespace pgassay::cli
