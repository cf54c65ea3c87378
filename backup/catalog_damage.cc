#include "backup/catalog_damage.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/postgres/releases.h"
#include "core/system/split.h"

namespace pgassay::backup {
namespace {

/// https://www.postgresql.org/docs/14/functions-info.html (pg_get_catalog_foreign_keys). Its last column of
/// an array key is the array; a key that is optional may be 0. Whose row it is: its first column of type
/// name, or the relation that it is of.
constexpr const char* kKeys = R"(
SELECT k.fktable::pg_catalog.text, k.pktable::pg_catalog.text, k.is_array, k.is_opt,
  pg_catalog.array_to_string(k.fkcols, ' '), pg_catalog.array_to_string(k.pkcols, ' '),
  (SELECT a.attname FROM pg_catalog.pg_attribute a WHERE a.attrelid = k.fktable AND a.attnum > 0
     AND a.atttypid = 'pg_catalog.name'::pg_catalog.regtype ORDER BY a.attnum LIMIT 1),
  (SELECT a.attname FROM pg_catalog.pg_attribute a WHERE a.attrelid = k.fktable AND a.attname IN
     ('attrelid', 'adrelid', 'conrelid', 'indexrelid', 'tgrelid', 'ev_class', 'polrelid', 'partrelid', 'seqrelid')),
  EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = k.fktable AND a.attname = 'oid')
FROM pg_catalog.pg_get_catalog_foreign_keys() k
WHERE k.fktable <> 'pg_catalog.pg_statistic'::pg_catalog.regclass
)";
constexpr std::size_t kMost = 10;

/// Of a role's row everybody may read what a view shows.
std::string readable(const std::string& catalog) {
  return "pg_catalog." + (catalog == "pg_authid" ? "pg_roles" : catalog);
}

/// Two columns: whose row it is, and the values that nothing fits.
std::string orphans_sql(const Result& keys, int row) {
  const std::vector<std::string> from = split(keys.text(row, 4), ' '), to = split(keys.text(row, 5), ' ');
  const bool array = keys.boolean(row, 2), optional = keys.boolean(row, 3);
  std::string source = readable(keys.text(row, 0)) + " f", same, set = "true";
  std::vector<std::string> values;
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::string column = "f." + quote_identifier(from[i]);
    if (array && i + 1 == from.size()) {
      source += " CROSS JOIN LATERAL pg_catalog.unnest(" + column + ") u (value)";
      column = "u.value";
    }
    same += (i > 0 ? " AND " : "") + ("p." + quote_identifier(to[i]) + " = " + column);
    if (optional) set += " AND " + column + " <> 0";
    values.push_back(column + "::pg_catalog.text");
  }
  std::string whose = "''";
  if (!keys.null(row, 6)) whose += " || ' ' || f." + quote_identifier(keys.text(row, 6));
  if (!keys.null(row, 7))
    whose += " || ' of ' || f." + quote_identifier(keys.text(row, 7)) +
             "::pg_catalog.oid::pg_catalog.regclass::pg_catalog.text";
  if (keys.boolean(row, 8)) whose += " || ' (oid ' || f.oid || ')'";
  return fmt::format(
      "SELECT {}, pg_catalog.concat_ws(', ', {}) FROM {} WHERE {} AND NOT EXISTS (SELECT FROM {} p WHERE {}) "
      "LIMIT {}",
      whose, fmt::join(values, ", "), source, set, readable(keys.text(row, 1)), same, kMost);
}

}  // namespace

std::vector<std::string> catalog_damage(Connection& connection) {
  std::vector<std::string> found;
  if (!server_has(connection.server_version(), Feature::catalog_keys)) return found;
  const Result keys = connection.query(kKeys);
  for (int row = 0; row < keys.rows() && found.size() < kMost; ++row) {
    try {
      const Result orphans = connection.query(orphans_sql(keys, row));
      for (int one = 0; one < orphans.rows() && found.size() < kMost; ++one)
        found.push_back(fmt::format("{}{}: its {} {} is in no row of {}", keys.text(row, 0),
                                    orphans.text(one, 0), keys.text(row, 4), orphans.text(one, 1),
                                    keys.text(row, 1)));
    } catch (const ServerError&) {
      // Passwords of roles, options of user mappings: not for everybody.
    }
  }
  return found;
}

}  // namespace pgassay::backup
