#include "proof/circumstances.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

#include "core/postgres/releases.h"
#include "proof/row_proof.h"

namespace pgassay::proof {
namespace {

/// Reading a parent reads its children; reading a view, what it stands for.
constexpr const char* kOverForeignTables = R"(
WITH RECURSIVE edge (below, above) AS (
  SELECT inhrelid, inhparent FROM pg_catalog.pg_inherits
  UNION ALL
  SELECT d.refobjid, r.ev_class FROM pg_catalog.pg_depend d
  JOIN pg_catalog.pg_rewrite r ON r.oid = d.objid AND d.refobjid <> r.ev_class
  WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
    AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass),
reads_foreign (oid) AS (
  SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relkind = 'f'
  UNION
  SELECT e.above FROM reads_foreign f JOIN edge e ON e.below = f.oid)
SELECT pg_catalog.format('%I.%I', n.nspname, c.relname), n.nspname, c.relname
FROM reads_foreign f JOIN pg_catalog.pg_class c ON c.oid = f.oid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'm')";

/// `object`: whose version it is; empty: the collation library's.
Check version_check(std::string name, std::string object, bool same, bool accept, std::string detail) {
  if (!same && accept) detail += "; accepted by the configuration";
  return {std::move(name),
          same || accept ? Verdict::pass : Verdict::unverified,
          std::move(detail),
          {CheckKind::version, std::move(object), {}}};
}

void check_extensions(Connection& connection, const Manifest& manifest, bool accept,
                      std::vector<Check>& checks) {
  std::map<std::string, std::string> here;
  for (const ExtensionInfo& one : list_extensions(connection)) here[one.name] = one.version;
  std::size_t same = 0;
  for (const ExtensionInfo& then : manifest.extensions) {
    const auto found = here.find(then.name);
    if (found == here.end()) continue;  // missing: the inventory's to say
    if (found->second == then.version)
      ++same;
    else
      checks.push_back(version_check(
          "extension " + then.name, then.name, false, accept,
          fmt::format("version {} here, {} in the source: a restore makes the version that the server has; "
                      "ALTER EXTENSION {} UPDATE in the source makes them the same",
                      found->second, then.version, quote_identifier(then.name))));
  }
  if (same > 0)
    checks.push_back({"extension versions", Verdict::pass, fmt::format("{} as in the source", same)});
}

/// Only of the database itself: that is the one that the manifest has.
void check_collation(Connection& connection, const Manifest& manifest, bool accept,
                     std::vector<Check>& checks) {
  const std::string& then = manifest.database.collation_version;
  if (then.empty() || !server_has(connection.server_version(), Feature::locale_providers)) return;
  const std::string here =
      connection
          .query(
              "SELECT pg_catalog.pg_database_collation_actual_version(oid) FROM pg_catalog.pg_database"
              " WHERE datname = pg_catalog.current_database()")
          .text(0, 0);
  if (here == then)
    checks.push_back(
        version_check("collation version", "", true, accept, fmt::format("{}, as in the source", then)));
  else
    checks.push_back(version_check(
        "collation version", "", false, accept,
        fmt::format("{} here, {} in the source: text may sort differently, and so may partitions and checks; "
                    "drill with the source's own image or on a host with its C library or ICU",
                    here.empty() ? "none" : here, then)));
}

}  // namespace

std::string DrillCircumstances::excuse() const {
  if (other_versions.empty()) return {};
  return fmt::format("that proves nothing: {}", fmt::join(other_versions, ", "));
}

DrillCircumstances read_circumstances(Connection& connection, const Manifest& manifest) {
  DrillCircumstances circumstances;
  circumstances.other_versions = other_versions(connection, manifest);
  for (const ExtensionInfo& then : manifest.extensions) {
    const Result found = connection.query(
        "SELECT pg_catalog.quote_ident(extname) FROM pg_catalog.pg_extension WHERE extname = $1 AND "
        "extversion <> $2",
        {then.name, then.version});
    if (found.rows() > 0) circumstances.other_extensions.insert(found.text(0, 0));
  }
  const Result views = connection.query(kOverForeignTables);
  for (int row = 0; row < views.rows(); ++row)
    circumstances.cut_off[views.text(row, 0)] = {views.text(row, 1), views.text(row, 2)};
  return circumstances;
}

std::vector<Check> check_versions(Connection& connection, const Manifest& manifest, bool accept) {
  std::vector<Check> checks;
  check_extensions(connection, manifest, accept, checks);
  check_collation(connection, manifest, accept, checks);
  return checks;
}

}  // namespace pgassay::proof
