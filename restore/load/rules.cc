#include "restore/load/rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/postgres/releases.h"
#include "core/postgres/types_within.h"
#include "restore/load/load.h"
#include "restore/load/owner_guard.h"
#include "restore/load/search_path_mend.h"

namespace pgassay::restore {
namespace {

/// The family of the table that is $1: each member, and how many ancestors it has. An ancestor has fewer.
constexpr const char* kFamily = R"(
WITH RECURSIVE family (oid) AS (
  SELECT $1::pg_catalog.regclass::oid
  UNION
  SELECT CASE WHEN i.inhrelid = f.oid THEN i.inhparent ELSE i.inhrelid END
  FROM family f JOIN pg_catalog.pg_inherits i ON f.oid IN (i.inhrelid, i.inhparent)),
above (oid, ancestor) AS (
  SELECT f.oid, i.inhparent FROM family f JOIN pg_catalog.pg_inherits i ON i.inhrelid = f.oid
  UNION
  SELECT a.oid, i.inhparent FROM above a JOIN pg_catalog.pg_inherits i ON i.inhrelid = a.ancestor),
members AS (
  SELECT f.oid, pg_catalog.format('%I.%I', n.nspname, c.relname) AS shown, n.nspname, c.relname,
         (SELECT count(*) FROM above a WHERE a.oid = f.oid) AS depth
  FROM family f JOIN pg_catalog.pg_class c ON c.oid = f.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace)
)";

constexpr const char* kTypesOfColumns = R"(
WITH RECURSIVE types (oid) AS (
  SELECT atttypid FROM pg_catalog.pg_attribute
  WHERE attrelid = $1::pg_catalog.regclass AND attnum > 0 AND NOT attisdropped
)";

/// The server looks at no values that a composite type holds.
std::string why_not(const std::string& sqlstate) {
  return sqlstate == "0A000" ? "the server can't look for it in such columns"
                             : "rows of the backup do not keep it";
}

std::string not_valid(const std::string& definition) {
  return definition.ends_with(" NOT VALID") ? definition : definition + " NOT VALID";
}

}  // namespace

std::optional<Loss> RulesAside::refused(const std::string& sql, const std::string& object) {
  try {
    connection_.query("SAVEPOINT pgassay_rule; " + sql + "; RELEASE SAVEPOINT pgassay_rule");
    return std::nullopt;
  } catch (const ServerError& error) {
    if (!object_fault(error)) error.raise();
    connection_.query("ROLLBACK TO SAVEPOINT pgassay_rule; RELEASE SAVEPOINT pgassay_rule");
    return Loss{LossKind::rule, object, error.sqlstate(), error.what()};
  }
}

/// What can't be dropped is left as it is.
bool RulesAside::take(std::vector<Rule> in_order_of_drops, std::vector<Rule> in_order_of_adds) {
  bool taken = false;
  for (const Rule& rule : in_order_of_drops) {
    if (!refused(rule.drop, rule.object))
      taken = true;
    else
      std::erase_if(in_order_of_adds, [&](const Rule& one) { return one.object == rule.object; });
  }
  std::ranges::move(in_order_of_adds, std::back_inserter(again_));
  return taken;
}

/// Dropped from the root down, where a child's own stays when its parent's goes. Made again from the leaves
/// up, for then a parent's finds its children's own and merges with it: so that names, conislocal and
/// coninhcount are what they were. A NOT NULL that merged may have a name of its own.
bool RulesAside::take_constraints(char type) {
  const Result rows = connection_.query(
      std::string(kFamily) +
          "SELECT m.shown, k.conname, pg_catalog.pg_get_constraintdef(k.oid), k.conislocal OR k.coninhcount "
          "= 0 OR NOT EXISTS (SELECT FROM above a JOIN pg_catalog.pg_constraint p ON p.conrelid = a.ancestor"
          " WHERE a.oid = m.oid AND p.contype = k.contype AND p.conname = k.conname),"
          " pg_catalog.obj_description(k.oid, 'pg_constraint'), m.nspname, m.relname, "
          "pg_catalog.quote_ident(k.conname)"
          " FROM members m JOIN pg_catalog.pg_constraint k ON k.conrelid = m.oid WHERE k.contype = $2"
          " AND (k.contype = 'c' OR NOT EXISTS (SELECT FROM pg_catalog.pg_attribute a WHERE a.attrelid = "
          "m.oid"
          " AND a.attnum = k.conkey[1] AND a.attidentity <> ''))"
          " ORDER BY m.depth, m.nspname, m.relname, k.conname",
      {table_.quoted(), std::string(1, type)});
  std::vector<Rule> drops, comments;
  for (int row = 0; row < rows.rows(); ++row) {
    const std::string table = rows.text(row, 0), name = quote_identifier(rows.text(row, 1));
    Rule rule;
    rule.object = fmt::format("{} on {}", rows.text(row, 7), table);
    rule.what = fmt::format("table {}.{}: {} {}", rows.text(row, 5), rows.text(row, 6),
                            type == 'c' ? "CHECK" : "NOT NULL", rows.text(row, 1));
    rule.drop = fmt::format("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {}", table, name);
    const std::string add = fmt::format("ALTER TABLE {} ADD CONSTRAINT {} ", table, name);
    rule.add = add + not_valid(rows.text(row, 2));
    if (type == 'n') {
      // Keys that are made before rules are validated want it whole.
      rule.lesser = rule.add;
      rule.add = add + rows.text(row, 2);
      rule.validate = fmt::format("ALTER TABLE {} VALIDATE CONSTRAINT {}", table, name);
    }
    if (!rows.null(row, 4))
      comments.push_back({rule.object,
                          {},
                          {},
                          {},
                          fmt::format("COMMENT ON CONSTRAINT {} ON {} IS {}", name, table,
                                      quote_literal(rows.text(row, 4)))});
    if (rows.boolean(row, 3)) drops.push_back(std::move(rule));
  }
  std::vector<Rule> adds(drops.rbegin(), drops.rend());
  std::ranges::move(comments, std::back_inserter(adds));
  return take(std::move(drops), std::move(adds));
}

bool RulesAside::take_checks() {
  return take_constraints('c');
}

bool RulesAside::take_domains() {
  const Result rows = connection_.query(
      std::string(kTypesOfColumns) + kTypesWithin +
          "SELECT DISTINCT pg_catalog.format('%I.%I', n.nspname, d.typname), k.conname, "
          "pg_catalog.pg_get_constraintdef(k.oid),"
          " pg_catalog.obj_description(k.oid, 'pg_constraint'), pg_catalog.quote_ident(k.conname)"
          " FROM types t JOIN pg_catalog.pg_type d ON d.oid = t.oid AND d.typtype = 'd'"
          " JOIN pg_catalog.pg_namespace n ON n.oid = d.typnamespace"
          " JOIN pg_catalog.pg_constraint k ON k.contypid = d.oid AND k.contype = 'c' ORDER BY 1, 2",
      {table_.quoted()});
  std::vector<Rule> rules;
  for (int row = 0; row < rows.rows(); ++row) {
    const std::string domain = rows.text(row, 0), name = quote_identifier(rows.text(row, 1));
    Rule rule = {
        fmt::format("{} on {}", rows.text(row, 4), domain),
        fmt::format("domain {}: CHECK {}", domain, rows.text(row, 1)),
        fmt::format("ALTER DOMAIN {} DROP CONSTRAINT {}", domain, name),
        fmt::format("ALTER DOMAIN {} ADD CONSTRAINT {} {}", domain, name, not_valid(rows.text(row, 2))),
        {}};
    if (!rows.null(row, 3))
      rule.comment = fmt::format("COMMENT ON CONSTRAINT {} ON DOMAIN {} IS {}", name, domain,
                                 quote_literal(rows.text(row, 3)));
    rules.push_back(std::move(rule));
  }
  std::vector<Rule> adds = rules;
  return take(std::move(rules), std::move(adds));
}

/// Where a composite type holds the domain it can't be made again: so it goes only where rows lack a value.
bool RulesAside::take_not_null_of_domains() {
  const Result rows = connection_.query(
      std::string(kTypesOfColumns) + kTypesWithin +
          "SELECT DISTINCT pg_catalog.format('%I.%I', n.nspname, d.typname)"
          " FROM types t JOIN pg_catalog.pg_type d ON d.oid = t.oid AND d.typtype = 'd' AND d.typnotnull"
          " JOIN pg_catalog.pg_namespace n ON n.oid = d.typnamespace ORDER BY 1",
      {table_.quoted()});
  std::vector<Rule> rules;
  for (int row = 0; row < rows.rows(); ++row) {
    const std::string domain = rows.text(row, 0);
    rules.push_back({fmt::format("NOT NULL on {}", domain),
                     fmt::format("domain {}: NOT NULL", domain),
                     fmt::format("ALTER DOMAIN {} DROP NOT NULL", domain),
                     fmt::format("ALTER DOMAIN {} SET NOT NULL", domain),
                     {}});
  }
  std::vector<Rule> adds = rules;
  return take(std::move(rules), std::move(adds));
}

bool RulesAside::take_not_null() {
  if (server_has(connection_.server_version(), Feature::named_not_nulls)) return take_constraints('n');
  const Result rows = connection_.query(
      std::string(kFamily) +
          "SELECT m.shown, a.attname, m.nspname, m.relname FROM members m JOIN pg_catalog.pg_attribute a"
          " ON a.attrelid = m.oid WHERE a.attnotnull AND a.attnum > 0 AND NOT a.attisdropped AND "
          "a.attidentity = ''"
          " ORDER BY m.depth, 1, a.attnum",
      {table_.quoted()});
  std::vector<Rule> rules;
  for (int row = 0; row < rows.rows(); ++row) {
    const std::string alter = fmt::format("ALTER TABLE {} ALTER COLUMN {} ", rows.text(row, 0),
                                          quote_identifier(rows.text(row, 1)));
    rules.push_back({fmt::format("{} on {}", rows.text(row, 1), rows.text(row, 0)),
                     fmt::format("table {}.{}: NOT NULL of column {}", rows.text(row, 2), rows.text(row, 3),
                                 rows.text(row, 1)),
                     alter + "DROP NOT NULL",
                     alter + "SET NOT NULL",
                     {}});
  }
  std::vector<Rule> adds = rules;
  return take(std::move(rules), std::move(adds));
}

bool RulesAside::take_expressions() {
  before_expressions_ = again_.size();
  const Result rows =
      connection_.query(std::string(kFamily) +
                            "SELECT m.shown, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),"
                            " pg_catalog.pg_get_expr(d.adbin, d.adrelid), m.nspname, m.relname FROM members m"
                            " JOIN pg_catalog.pg_attribute a ON a.attrelid = m.oid AND a.attgenerated = 's' "
                            "AND NOT a.attisdropped"
                            " JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
                            " WHERE a.attinhcount = 0 ORDER BY m.depth, 1, a.attnum",
                        {table_.quoted()});
  bool taken = false;
  for (int row = 0; row < rows.rows(); ++row) {
    const std::string table = rows.text(row, 0), column = quote_identifier(rows.text(row, 1));
    const std::string object = fmt::format("{}.{}", table, rows.text(row, 1));
    if (refused(fmt::format("ALTER TABLE {} ALTER COLUMN {} DROP EXPRESSION", table, column), object))
      continue;
    taken = true;
    gone_.push_back(
        {LossKind::rule,
         object,
         {},
         fmt::format(
             "column {}.{}.{}: its expression can't be computed for the rows that are in the backup, so it "
             "is a "
             "plain column, and empty; when that is mended: ALTER TABLE {} DROP COLUMN {}, ADD COLUMN {} {} "
             "GENERATED ALWAYS AS ({}) STORED",
             rows.text(row, 4), rows.text(row, 5), rows.text(row, 1), table, column, column,
             rows.text(row, 2), rows.text(row, 3))});
    gone_.back().again =
        fmt::format("ALTER TABLE {} DROP COLUMN {}, ADD COLUMN {} {} GENERATED ALWAYS AS ({}) STORED", table,
                    column, column, rows.text(row, 2), rows.text(row, 3));
  }
  return taken;
}

void RulesAside::put_back(std::vector<Loss>& lost) {
  for (const Rule& rule : again_) {
    if (!rule.add.empty())
      if (std::optional<Loss> loss = refused(rule.add, rule.object)) {
        if (!rule.lesser.empty() && !refused(rule.lesser, rule.object)) {
          loss->text = fmt::format(
              "{} is there NOT VALID, for rows of the backup do not keep it: {}; when that "
              "is mended: {}",
              rule.what, loss->text, rule.validate);
          lost.push_back(std::move(*loss));
          continue;
        }
        loss->text = fmt::format("{} is left out, for {}: {}; when that is mended: {}", rule.what,
                                 why_not(loss->sqlstate), loss->text, rule.add);
        lost.push_back(std::move(*loss));
        continue;
      }
    if (!rule.comment.empty()) refused(rule.comment, rule.object);
  }
  std::ranges::move(gone_, std::back_inserter(lost));
  again_.clear();
  gone_.clear();
}

namespace {

struct NotValid {
  std::string object, what, sql;
  bool root = false;
};

std::vector<NotValid> find_not_valid(Connection& connection) {
  const Result rows = connection.query(R"(
    WITH RECURSIVE above (oid, ancestor) AS (
      SELECT inhrelid, inhparent FROM pg_catalog.pg_inherits
      UNION SELECT a.oid, i.inhparent FROM above a JOIN pg_catalog.pg_inherits i ON i.inhrelid = a.ancestor)
    SELECT k.conname, pg_catalog.format('%I.%I', n.nspname, c.relname), n.nspname, c.relname, NULL, k.coninhcount = 0,
           pg_catalog.quote_ident(k.conname), (SELECT count(*) FROM above a WHERE a.oid = k.conrelid) AS depth
      FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
      JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE k.contype = 'c' AND NOT k.convalidated
    UNION ALL
    SELECT k.conname, NULL, NULL, NULL, pg_catalog.format('%I.%I', n.nspname, t.typname), true, pg_catalog.quote_ident(k.conname), 0
      FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_type t ON t.oid = k.contypid
      JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE k.contype = 'c' AND NOT k.convalidated
    ORDER BY depth DESC, 5, 3, 4, 1)");
  std::vector<NotValid> out;
  for (int row = 0; row < rows.rows(); ++row) {
    const bool domain = !rows.null(row, 4);
    const std::string owner = rows.text(row, domain ? 4 : 1), name = rows.text(row, 0);
    out.push_back({fmt::format("{} on {}", rows.text(row, 6), owner),
                   domain ? fmt::format("domain {}: CHECK {}", owner, name)
                          : fmt::format("table {}.{}: CHECK {}", rows.text(row, 2), rows.text(row, 3), name),
                   fmt::format("ALTER {} {} VALIDATE CONSTRAINT {}", domain ? "DOMAIN" : "TABLE", owner,
                               quote_identifier(name)),
                   rows.boolean(row, 5)});
  }
  return out;
}

}  // namespace

namespace {

/// What stands against it. A right that the owner lacks is no fault of the rule's.
std::optional<ServerError> validated(Connection& connection, const NotValid& rule) {
  try {
    connection.query(rule.sql);
    return std::nullopt;
  } catch (const ServerError& error) {
    if (!object_fault(error)) error.raise();
    return error;
  }
}

}  // namespace

void validate_rules(Connection& ours, OwnerGuard& guard, std::vector<Loss>& lost) {
  for (const NotValid& rule : find_not_valid(ours)) {
    std::unique_ptr<OwnerSession> owner = guard.for_rule(rule.object);
    std::optional<ServerError> failed = validated(owner ? owner->connection : ours, rule);
    const bool lacks_a_right = owner && failed && failed->sqlstate() == kInsufficientPrivilege;
    if (lacks_a_right && guard.may_give_up()) {
      owner.reset();
      failed = validated(ours, rule);
    }
    if (failed) {
      Connection& connection = owner ? owner->connection : ours;
      const ServerError& error = *failed;
      if (!rule.root) continue;
      lost.push_back({LossKind::rule, rule.object, error.sqlstate(),
                      fmt::format("{} is there NOT VALID, for {}: {}; when that is mended: {}", rule.what,
                                  owner && lacks_a_right ? owner->login.owner() + " lacks a right"
                                                         : why_not(error.sqlstate()),
                                  error.what(), rule.sql)});
      lost.back().again = rule.sql;
      add_mend(connection, error, lost.back());
    }
  }
}

void validate_again(Connection& connection, OwnerGuard& guard, std::vector<Loss>& lost) {
  for (const NotValid& rule : find_not_valid(connection)) {
    if (std::ranges::find(lost, rule.object, &Loss::object) == lost.end()) continue;
    const std::unique_ptr<OwnerSession> owner = guard.for_rule(rule.object);
    validated(owner ? owner->connection : connection, rule);
  }
  const Result valid = connection.query(
      "SELECT pg_catalog.format('%I on %I.%I', k.conname, n.nspname, coalesce(c.relname, t.typname))"
      " FROM pg_catalog.pg_constraint k LEFT JOIN pg_catalog.pg_class c ON c.oid = k.conrelid"
      " LEFT JOIN pg_catalog.pg_type t ON t.oid = k.contypid"
      " JOIN pg_catalog.pg_namespace n ON n.oid IN (c.relnamespace, t.typnamespace)"
      " WHERE k.contype = 'c' AND k.convalidated");
  for (int row = 0; row < valid.rows(); ++row)
    std::erase_if(lost, [&](const Loss& loss) {
      return loss.kind == LossKind::rule && loss.object == valid.text(row, 0);
    });
}

bool has_rules_to_validate(Connection& connection) {
  return connection
      .query("SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE contype = 'c' AND NOT convalidated)")
      .boolean(0, 0);
}

}  // namespace pgassay::restore
