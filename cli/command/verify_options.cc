#include "cli/command/verify_options.h"

#include <fmt/format.h>

#include <charconv>

#include "cli/command/common.h"
#include "core/system/error.h"
#include "core/system/printable.h"

namespace pgassay::cli {

verify::VerifyOptions verify_options(const Config& config) {
  verify::VerifyOptions options;
  options.jobs = config.jobs.value_or(default_jobs());
  options.tool_version = PGASSAY_VERSION;
  return options;
}

std::pair<unsigned, unsigned> parse_subset(const std::string& text) {
  unsigned share = 0, of = 0;
  const char* const end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, share);
  if (first.ec == std::errc{} && first.ptr != end && *first.ptr == '/') {
    const auto second = std::from_chars(first.ptr + 1, end, of);
    if (second.ec == std::errc{} && second.ptr == end && share >= 1 && share <= of) return {share, of};
  }
  throw UsageError(fmt::format("--read-data-subset: '{}' is not n/t with 1 <= n <= t", printable(text)),
                   "as in 2/7");
}

}  // namespace pgassay::cli
