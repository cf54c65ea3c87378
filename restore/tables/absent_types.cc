#include "restore/tables/absent_types.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "core/postgres/source_facts.h"
#include "restore/archive/archive_graph.h"
#include "restore/archive/entry_text.h"

namespace pgassay::restore {
namespace {

std::vector<std::string> absent(Connection& connection, const std::vector<std::string>& types) {
  std::string values;
  for (const std::string& type : std::set<std::string>(types.begin(), types.end()))
    values += (values.empty() ? "(" : ", (") + quote_literal(type) + ")";
  if (values.empty()) return {};
  const Result result = connection.query("SELECT t FROM (VALUES " + values +
                                         ") AS types (t) WHERE pg_catalog.to_regtype(t) IS NULL ORDER BY 1");
  std::vector<std::string> names;
  for (int row = 0; row < result.rows(); ++row) names.push_back(result.text(row, 0));
  return names;
}

const ArchiveEntry* entry_of(const QualifiedName& type, const std::vector<ArchiveEntry>& archive) {
  for (const ArchiveEntry& entry : archive)
    if ((entry.is("TYPE") || entry.is("DOMAIN")) && entry.names(type)) return &entry;
  return nullptr;
}

/// An extension's type is in no archive: which extension's it is, only the source knows.
std::string perhaps_an_extensions(Connection& connection, const Manifest& manifest) {
  std::set<std::string> here;
  for (const ExtensionInfo& extension : list_extensions(connection)) here.insert(extension.name);
  std::vector<std::string> absent;
  for (const ExtensionInfo& extension : manifest.extensions)
    if (!here.contains(extension.name)) absent.push_back(quote_identifier(extension.name));
  if (absent.empty()) return "make it first; nothing was touched";
  return fmt::format(
      "if it is an extension's, make that first (CREATE EXTENSION; absent here: {}); nothing was touched",
      fmt::join(absent, ", "));
}

std::string take_identifier(std::string_view& text) {
  std::string name;
  if (!text.starts_with('"')) {
    const auto end = std::min(text.size(), text.find_first_of(".[( "));
    name = text.substr(0, end);
    text.remove_prefix(end);
    return name;
  }
  for (text.remove_prefix(1); !text.empty(); text.remove_prefix(1)) {
    if (text.front() == '"') {
      text.remove_prefix(1);
      if (!text.starts_with('"')) break;
    }
    name += text.front();
  }
  return name;
}

}  // namespace

QualifiedName name_of_type(std::string_view type) {
  std::string first = take_identifier(type);
  if (!type.starts_with('.')) return {"pg_catalog", std::move(first)};
  type.remove_prefix(1);
  return {std::move(first), take_identifier(type)};
}

AbsentTypes find_absent_types(Connection& connection, const std::vector<std::string>& types,
                              const Manifest& manifest, const std::vector<ArchiveEntry>& archive) {
  AbsentTypes found{absent(connection, types), {}};
  if (found.names.empty()) return found;
  const ArchiveGraph graph(archive);
  const EntryText text(archive, manifest);
  std::set<int> all;
  for (const std::string& type : found.names) {
    const std::string what = fmt::format("{}: type {} is absent here", connection.described(), type);
    const ArchiveEntry* entry = entry_of(name_of_type(type), archive);
    if (entry == nullptr) throw Refused(what, perhaps_an_extensions(connection, manifest));
    for (const int id : graph.closure({entry->id})) {
      const ArchiveEntry* needed = graph.find(id);
      if (needed == nullptr) continue;
      if (!needed->is("TYPE") && !needed->is("DOMAIN") && !needed->is("SCHEMA"))
        throw Refused(fmt::format("{}, and making it takes {}", what, text.shown(*needed)),
                      "make it first; nothing was touched");
      all.insert(id);
    }
  }
  for (const ArchiveEntry& entry : archive)
    if (all.contains(entry.id)) found.entries.push_back(entry.id);
  return found;
}

void make_types(Connection& connection, const AbsentTypes& absent, const ArchiveSql& source,
                std::stop_token stop) {
  for (const int entry : absent.entries) {
    const std::string sql = entries_sql(source, {entry}, stop);
    connection.query("SAVEPOINT pgassay_type");
    try {
      run_sql(connection, sql, source.encoding);
      connection.query("RELEASE SAVEPOINT pgassay_type");
    } catch (const ServerError& error) {
      connection.query("ROLLBACK TO SAVEPOINT pgassay_type; RELEASE SAVEPOINT pgassay_type");
      if (!says_it_exists(error)) error.raise();
    }
  }
}

}  // namespace pgassay::restore
