#include "restore/restore_scope.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace pgassay::restore {

bool brings_properties(const IntoEmpty& options) {
  return options.create || options.wanted.tables.empty();
}

std::vector<std::string> waived(const RestoreContext& options) {
  std::vector<std::string> told;
  if (!options.owners) told.emplace_back("owners, as --no-owner says");
  if (!options.acl) told.emplace_back("privileges, as --no-acl says");
  return told;
}

std::string what_is_made(const IntoEmpty& options) {
  std::vector<std::string> words;
  const auto patterns = [&](const char* option, std::vector<std::string> list) {
    std::ranges::sort(list);
    for (const std::string& pattern : list) words.push_back(fmt::format("{} '{}'", option, pattern));
  };
  if (!options.owners) words.emplace_back("--no-owner");
  if (!options.acl) words.emplace_back("--no-acl");
  if (!options.connection.role.empty()) words.push_back(fmt::format("--role '{}'", options.connection.role));
  if (!options.wanted.rows) words.emplace_back("--schema-only");
  patterns("--table", options.wanted.tables);
  patterns("--exclude-table", options.wanted.exclude_tables);
  return fmt::format("{}", fmt::join(words, " "));
}

}  // namespace pgassay::restore
