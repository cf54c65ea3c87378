#include "backup/newcomers.h"

namespace pgassay::backup {
namespace {

/// What pg_dump would dump by its name. Members of extensions come with those.
constexpr const char* kRelations = R"(
SELECT c.oid, n.nspname, c.relname,
  CASE c.relkind WHEN 'v' THEN 'view ' WHEN 'm' THEN 'materialized view ' WHEN 'S' THEN 'sequence ' WHEN 'f'
    THEN 'foreign table ' ELSE 'table ' END
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't'
  AND n.nspname <> 'information_schema' AND pg_catalog.left(n.nspname, 3) <> 'pg_'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
    WHERE d.classid = 1259 AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e')
ORDER BY n.nspname, c.relname
)";

/// An application that makes a table anew once, just now, is to have its table in the backup.
constexpr int kChangesOfWhatComesAndGoes = 3;

}  // namespace

bool Settled::look(Connection& connection) {
  const Result rows = connection.query(kRelations);
  std::map<QualifiedName, Oid> present;
  for (int row = 0; row < rows.rows(); ++row)
    present[{rows.text(row, 1), rows.text(row, 2)}] = rows.oid(row, 0);
  bool changed = false;
  for (const auto& [name, oid] : last_) {
    const auto found = present.find(name);
    if (found != present.end() && found->second == oid) continue;
    changed |= names_.contains(name);
    Past& past = past_[name];
    ++past.changes;
    past.was_gone |= found == present.end();
  }
  names_.clear();
  for (const auto& [name, oid] : present) {
    const auto past = past_.find(name);
    const bool comes_and_goes =
        past != past_.end() && past->second.was_gone && past->second.changes >= kChangesOfWhatComesAndGoes;
    if (last_.contains(name) && !comes_and_goes) names_.insert(name);
  }
  last_ = std::move(present);
  return changed;
}

std::vector<Newcomer> Settled::newcomers(Connection& leader) const {
  const Result rows = leader.query(kRelations);
  std::vector<Newcomer> found;
  for (int row = 0; row < rows.rows(); ++row) {
    QualifiedName name{rows.text(row, 1), rows.text(row, 2)};
    if (contains(name)) continue;
    std::string shown = rows.text(row, 3) + name.shown();
    found.push_back({rows.oid(row, 0), std::move(name), std::move(shown)});
  }
  return found;
}

}  // namespace pgassay::backup
