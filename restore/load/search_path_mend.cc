#include "restore/load/search_path_mend.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "core/postgres/server_trouble.h"

namespace pgassay::restore {
namespace {

constexpr std::string_view kNotFound[] = {"42883", "42P01", "42704", "42703", "3F000"};

/// As the context names it: with a signature, or by its name alone.
struct Named {
  std::string name;
  bool signature = false;
};

/// The innermost one: 'PL/pgSQL function public.valid(integer) line 1 at RETURN', 'SQL function "valid"
/// statement 1'.
std::optional<Named> function_of(std::string_view context) {
  constexpr std::string_view kWord = " function ";
  const std::string_view line = context.substr(0, context.find('\n'));
  const std::size_t word = line.find(kWord);
  if (word == std::string_view::npos) {
    const std::size_t next = context.find('\n');
    return next == std::string_view::npos ? std::nullopt : function_of(context.substr(next + 1));
  }
  const std::string_view rest = line.substr(word + kWord.size());
  if (rest.starts_with('"')) {
    const std::size_t end = rest.find('"', 1);
    if (end != std::string_view::npos && !rest.substr(0, end + 1).ends_with(".\"") &&
        !rest.substr(end + 1).starts_with('.') && !rest.substr(end + 1).starts_with('('))
      return Named{std::string(rest.substr(1, end - 1)), false};
  }
  const std::size_t end = rest.find(')');
  if (end == std::string_view::npos) return std::nullopt;
  return Named{std::string(rest.substr(0, end + 1)), true};
}

struct Function {
  std::string shown;
  std::vector<std::string> schemas;  ///< its own, public, those of extensions: quoted, each once
};

std::optional<Function> find(Connection& connection, const Named& named) {
  const std::string by = named.signature ? "p.oid = pg_catalog.to_regprocedure($1)" : "p.proname = $1";
  const Result rows = connection.query(
      "SELECT p.oid::pg_catalog.regprocedure, s.schema FROM pg_catalog.pg_proc p, LATERAL ("
      "SELECT p.pronamespace AS oid, 0 AS place"
      " UNION ALL SELECT n.oid, 1 FROM pg_catalog.pg_namespace n WHERE n.nspname = 'public'"
      " UNION ALL SELECT e.extnamespace, 2 FROM pg_catalog.pg_extension e) o,"
      " LATERAL (SELECT pg_catalog.quote_ident(n.nspname) AS schema FROM pg_catalog.pg_namespace n"
      "  WHERE n.oid = o.oid AND n.nspname <> 'pg_catalog') s WHERE p.oid >= 16384 AND " +
          by + " ORDER BY o.place, 2",
      {named.name});
  std::optional<Function> found;
  for (int row = 0; row < rows.rows(); ++row) {
    if (!found) found = Function{rows.text(row, 0), {}};
    if (found->shown != rows.text(row, 0)) return std::nullopt;  // two of that name
    if (std::ranges::find(found->schemas, rows.text(row, 1)) == found->schemas.end())
      found->schemas.push_back(rows.text(row, 1));
  }
  return found;
}

bool works(Connection& connection, const std::string& alter, const std::string& statement) {
  try {
    connection.query(fmt::format("BEGIN; {}; {}; ROLLBACK", alter, statement));
    return true;
  } catch (const ServerError& error) {
    connection.query("ROLLBACK");
    if (is_server_trouble(error.sqlstate(), error.what())) error.raise();
    return false;
  }
}

}  // namespace

bool is_for_want_of_a_name(std::string_view sqlstate) {
  return std::ranges::find(kNotFound, sqlstate) != std::end(kNotFound);
}

std::string search_path_mend(Connection& connection, const ServerError& error, const std::string& statement) {
  if (!is_for_want_of_a_name(error.sqlstate())) return {};
  const std::optional<Named> named = function_of(error.context());
  if (!named) return {};
  const std::optional<Function> function = find(connection, *named);
  if (!function) return {};
  std::string path;
  for (const std::string& schema : function->schemas) {
    path += (path.empty() ? "" : ", ") + schema;
    const std::string alter = fmt::format("ALTER FUNCTION {} SET search_path = {}", function->shown, path);
    if (works(connection, alter, statement)) return alter;
  }
  return {};
}

void add_mend(Connection& connection, const ServerError& error, Loss& loss) {
  if (!loss.mend.empty() || loss.again.empty()) return;
  loss.mend = search_path_mend(connection, error, loss.again);
  if (!loss.mend.empty()) loss.text += fmt::format("; this mends it: {}", loss.mend);
}

}  // namespace pgassay::restore
