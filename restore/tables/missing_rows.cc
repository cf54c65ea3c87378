#include "restore/tables/missing_rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

namespace pgassay::restore {
namespace {

struct Column {
  std::string type;
  bool generated = false, always_identity = false;
};

std::map<std::string, Column> columns_of(Connection& connection, const std::string& regclass) {
  const Result result = connection.query(
      "SELECT a.attname, a.attgenerated <> '', a.attidentity = 'a', pg_catalog.format_type(a.atttypid, "
      "a.atttypmod) FROM pg_catalog.pg_attribute a"
      " WHERE a.attrelid = $1::pg_catalog.regclass AND a.attnum > 0 AND NOT a.attisdropped",
      {regclass});
  std::map<std::string, Column> columns;
  for (int row = 0; row < result.rows(); ++row)
    columns[result.text(row, 0)] = {result.text(row, 3), result.boolean(row, 1), result.boolean(row, 2)};
  return columns;
}

/// Something that ON CONFLICT DO NOTHING can go by.
bool has_key(Connection& connection, const std::string& regclass) {
  return connection
             .query(
                 "SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = $1::pg_catalog.regclass AND "
                 "i.indisvalid"
                 " AND i.indisunique AND i.indpred IS NULL LIMIT 1",
                 {regclass})
             .rows() > 0;
}

std::vector<std::string> insert_triggers(Connection& connection, const std::string& regclass) {
  const Result result = connection.query(
      "SELECT tgname FROM pg_catalog.pg_trigger WHERE tgrelid = $1::pg_catalog.regclass AND NOT tgisinternal"
      " AND tgenabled IN ('O', 'A') AND tgtype & 4 <> 0 ORDER BY 1",
      {regclass});
  std::vector<std::string> names;
  for (int row = 0; row < result.rows(); ++row) names.push_back(result.text(row, 0));
  return names;
}

}  // namespace

std::string missing_rows_hint(Connection& connection, const QualifiedName& table, const QualifiedName& copy,
                              const std::vector<std::string>& columns) {
  const Result there = connection.query(
      "SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
      " WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p')",
      {table.schema, table.name});
  if (there.rows() == 0) return fmt::format("there is no table {} here", table.shown());
  const std::map<std::string, Column> live = columns_of(connection, table.quoted());
  const std::map<std::string, Column> copied = columns_of(connection, copy.quoted());
  std::vector<std::string> names, values, gone;
  bool identity = false;
  for (const std::string& column : columns) {
    const auto found = live.find(column);
    if (found == live.end() || found->second.generated) {
      gone.push_back(column);
      continue;
    }
    names.push_back(quote_identifier(column));
    const auto here = copied.find(column);
    const bool cast = here != copied.end() && here->second.type == "text" && found->second.type != "text";
    values.push_back(names.back() + (cast ? "::" + found->second.type : ""));
    identity = identity || found->second.always_identity;
  }
  std::string note = gone.empty() ? ""
                                  : fmt::format(" (of {}, {} lacks: {})", copy.shown(), table.shown(),
                                                fmt::join(gone, ", "));
  if (const std::vector<std::string> fire = insert_triggers(connection, table.quoted()); !fire.empty())
    note += fmt::format(" (triggers fire: {})", fmt::join(fire, ", "));
  const std::string list = fmt::format("{}", fmt::join(names, ", "));
  const std::string from = fmt::format("{}", fmt::join(values, ", "));
  if (!has_key(connection, table.quoted()))
    return fmt::format(
        "{} has no unique key to tell its rows by: what is in both would be there twice{}; INSERT INTO {} "
        "({}){} SELECT {} FROM {}; puts all of them in",
        table.shown(), note, table.quoted(), list, identity ? " OVERRIDING SYSTEM VALUE" : "", from,
        copy.quoted());
  return fmt::format(
      "rows that {} has lost, unless a unique key of theirs is in use again, go back with{}: INSERT INTO {} "
      "({}){} SELECT {} FROM {} ON CONFLICT DO "
      "NOTHING;",
      table.shown(), note, table.quoted(), list, identity ? " OVERRIDING SYSTEM VALUE" : "", from,
      copy.quoted());
}

}  // namespace pgassay::restore
