#include "restore/archive/archive_sql.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/postgres/types.h"
#include "core/system/error.h"
#include "core/system/subprocess.h"

namespace pgassay::restore {
namespace {

bool only_comments(std::string_view text) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (!line.empty() && !line.starts_with("--")) return false;
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return true;
}

std::string_view line_at(std::string_view text, std::size_t at) {
  return text.substr(at, text.find('\n', at) - at);
}

/// Settings and comments, with which every script begins.
bool before_the_first(std::string_view line) {
  return line.empty() || line.starts_with("--") || line.starts_with("SET ") ||
         line.starts_with("SELECT pg_catalog.set_config(");
}

void drop_line(std::string& script, std::size_t at) {
  const auto end = script.find('\n', at);
  script.erase(at, end == std::string::npos ? std::string::npos : end - at);
}

}  // namespace

std::string without_restrict(std::string script) {
  constexpr std::string_view kBegin = "\\restrict ", kEnd = "\n\\unrestrict ";
  const auto begin = script.starts_with(kBegin) ? 0 : script.find("\n" + std::string(kBegin));
  if (begin != std::string::npos && only_comments(std::string_view(script).substr(0, begin)))
    drop_line(script, begin + (begin == 0 ? 0 : 1));
  const auto end = script.rfind(kEnd);
  if (end != std::string::npos) {
    const auto after = script.find('\n', end + 1);
    if (after == std::string::npos || only_comments(std::string_view(script).substr(after)))
      drop_line(script, end + 1);
  }
  return script;
}

std::string without_time_outs(std::string script) {
  for (std::size_t at = 0; at < script.size(); ++at) {
    const std::string_view line = line_at(script, at);
    if (!before_the_first(line)) break;
    if (line.starts_with("SET ") && line.ends_with("_timeout = 0;")) drop_line(script, at);
    at = std::min(script.find('\n', at), script.size());
  }
  return script;
}

std::string entries_sql(const ArchiveSql& source, const std::vector<int>& entries, std::stop_token stop,
                        std::string_view section) {
  Command command;
  command.argv = source.pg_restore.argv;
  command.argv.insert(command.argv.end(), {"--file=-", "--use-list=/dev/stdin", "--no-tablespaces"});
  if (!section.empty()) command.argv.push_back(fmt::format("--section={}", section));
  if (!source.owners) command.argv.emplace_back("--no-owner");
  if (!source.acl) command.argv.emplace_back("--no-privileges");
  const Fd archive = append_archive(command, source.pg_restore, source.archive);
  command.env["LC_ALL"] = "C";
  command.input = archive_list_of(entries);
  const Completed done = run(command, stop);
  if (!done.ok())
    throw BadBackup(fmt::format("{}: pg_restore: {}", source.archive.filename(), done.complaint()),
                    "`pgassay verify` says what else is wrong; another backup may be whole");
  return without_time_outs(without_restrict(done.out));
}

void run_sql(Connection& connection, const std::string& sql, const std::string& encoding) {
  const std::string before = connection.parameter("client_encoding");
  connection.query("SET client_encoding TO " + quote_literal(encoding));
  connection.query(sql);
  connection.query("SET client_encoding TO " + quote_literal(before));
}

std::string archive_list_of(const std::vector<int>& entries) {
  std::string list;
  for (const int entry : entries) list += std::to_string(entry) + "\n";
  return list;
}

std::string only_statement(std::string_view script) {
  constexpr std::string_view kBreak = "\n    ADD ";
  while (!script.empty() && before_the_first(line_at(script, 0)))
    script.remove_prefix(std::min(line_at(script, 0).size() + 1, script.size()));
  const auto end = script.rfind(";\n\n");
  std::string statement(script.substr(0, end == std::string_view::npos ? end : end + 1));
  if (const auto at = statement.find(kBreak); at != std::string::npos)
    statement.replace(at, kBreak.size(), " ADD ");
  return statement;
}

bool says_it_exists(const ServerError& error) {
  constexpr std::array<std::string_view, 4> kDuplicates = {"42710", "42P06", "42P07", "42723"};
  return std::find(kDuplicates.begin(), kDuplicates.end(), error.sqlstate()) != kDuplicates.end();
}

}  // namespace pgassay::restore
