#include "restore/whole/mend.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "core/postgres/server_trouble.h"
#include "restore/load/search_path_mend.h"

namespace pgassay::restore {
namespace {

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\t';
}

/// Reads a statement of pg_dump's from its beginning.
class Reader {
 public:
  explicit Reader(std::string_view sql) : left_(sql) {}
  std::string_view left() const { return left_; }

  bool takes(std::string_view words) {
    std::string_view rest = left_;
    while (!words.empty()) {
      const std::string_view word = words.substr(0, words.find(' '));
      words.remove_prefix(std::min(words.size(), word.size() + 1));
      while (!rest.empty() && is_space(rest.front())) rest.remove_prefix(1);
      if (!rest.starts_with(word)) return false;
      rest.remove_prefix(word.size());
      if (!rest.empty() && !is_space(rest.front()) && rest.front() != '(' && rest.front() != ';')
        return false;
    }
    left_ = rest;
    return true;
  }

  /// A name, with its schema or without, as it is written; empty: there is none.
  std::string name() {
    skip();
    std::size_t at = 0;
    bool quoted = false;
    for (; at < left_.size(); ++at) {
      const char c = left_[at];
      if (c == '"')
        quoted = !quoted;
      else if (!quoted && (is_space(c) || c == '(' || c == ')' || c == ';' || c == ','))
        break;
    }
    return taken(at);
  }

  /// What is between a parenthesis and the one that closes it; empty: there is none.
  std::string in_parentheses() {
    skip();
    const std::size_t end = end_of_parentheses(left_);
    if (end == 0) return {};
    std::string inner = taken(end);
    return inner.substr(1, inner.size() - 2);
  }

  /// 0 when the text does not begin with a parenthesis, or that is not closed.
  static std::size_t end_of_parentheses(std::string_view text) {
    if (!text.starts_with('(')) return 0;
    int depth = 0;
    char quote = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
      const char c = text[at];
      if (quote != 0) {
        if (c == quote) quote = 0;
      } else if (c == '"' || c == '\'') {
        quote = c;
      } else if (c == '(') {
        ++depth;
      } else if (c == ')' && --depth == 0) {
        return at + 1;
      }
    }
    return 0;
  }

 private:
  void skip() {
    while (!left_.empty() && is_space(left_.front())) left_.remove_prefix(1);
  }
  std::string taken(std::size_t bytes) {
    std::string out(left_.substr(0, bytes));
    left_.remove_prefix(bytes);
    return out;
  }
  std::string_view left_;
};

std::vector<std::string> names_of(const std::string& list) {
  std::vector<std::string> out;
  Reader reader(list);
  for (std::string one = reader.name(); !one.empty(); one = reader.name()) {
    out.push_back(one);
    if (reader.left().empty()) break;
    reader = Reader(reader.left().substr(1));
  }
  return out;
}

/// Rows of a table without the row of another that they refer to.
std::string orphans_sql(const AddedConstraint& key) {
  const std::vector<std::string> here = names_of(key.columns), there = names_of(key.referenced_columns);
  std::vector<std::string> given, equal;
  for (std::size_t i = 0; i < here.size() && i < there.size(); ++i) {
    given.push_back(fmt::format("c.{} IS NOT NULL", here[i]));
    equal.push_back(fmt::format("p.{} = c.{}", there[i], here[i]));
  }
  return fmt::format("SELECT c.{} FROM {} c WHERE {} AND NOT EXISTS (SELECT FROM {} p WHERE {})",
                     fmt::join(here, ", c."), key.owner, fmt::join(given, " AND "), key.referenced,
                     fmt::join(equal, " AND "));
}

/// "(99)": the first row of a query, and no more of it than names a key. Empty where there is none.
std::string example(Connection& connection, const std::string& query, int columns) {
  constexpr std::size_t kLongest = 60;
  try {
    const Result row = connection.query(query + " LIMIT 1");
    if (row.rows() == 0) return {};
    std::vector<std::string> values;
    for (int column = 0; column < columns; ++column) {
      std::string value = row.null(0, column) ? "NULL" : row.text(0, column);
      if (value.size() > kLongest)
        value = value.substr(0, value.find_last_of(' ', kLongest)).substr(0, kLongest) + "…";
      values.push_back(std::move(value));
    }
    return fmt::format("({})", fmt::join(values, ", "));
  } catch (const ServerError& error) {
    if (is_server_trouble(error.sqlstate(), error.what())) error.raise();
    return {};  // types whose operators are elsewhere than in pg_catalog can't be compared so
  }
}

std::string find_them(const std::string& query) {
  return fmt::format("find them: {}", query);
}

/// Blanks and line feeds as one blank, but in quotes.
std::string on_one_line(std::string_view sql) {
  std::string out;
  char quote = 0;
  for (const char c : sql) {
    if (quote != 0 ? c == quote : c == '"' || c == '\'') quote = quote != 0 ? '\0' : c;
    if (quote != 0 || !is_space(c))
      out.push_back(c);
    else if (!out.ends_with(' '))
      out.push_back(' ');
  }
  while (out.ends_with(' ') || out.ends_with(';')) out.pop_back();
  return out;
}

bool makes_table(const std::string& sql) {
  return sql.starts_with("CREATE TABLE ") || sql.starts_with("CREATE UNLOGGED TABLE ");
}

constexpr std::string_view kGenerated = " GENERATED ALWAYS AS (";

}  // namespace

std::optional<AddedConstraint> read_added_constraint(std::string_view sql) {
  Reader reader(sql);
  AddedConstraint out;
  if (reader.takes("ALTER DOMAIN"))
    out.domain = true;
  else if (!reader.takes("ALTER TABLE ONLY") && !reader.takes("ALTER TABLE"))
    return std::nullopt;
  out.owner = reader.name();
  if (!reader.takes("ADD CONSTRAINT")) return std::nullopt;
  out.name = reader.name();
  out.rest = reader.left();
  while (!out.rest.empty() && (is_space(out.rest.back()) || out.rest.back() == ';')) out.rest.pop_back();
  out.rest.erase(0, out.rest.find_first_not_of(" \n\t"));
  if (reader.takes("FOREIGN KEY")) {
    out.columns = reader.in_parentheses();
    if (!reader.takes("REFERENCES")) return std::nullopt;
    out.referenced = reader.name();
    out.referenced_columns = reader.in_parentheses();
  } else if (reader.takes("UNIQUE NULLS NOT DISTINCT") || reader.takes("UNIQUE") ||
             reader.takes("PRIMARY KEY")) {
    out.columns = reader.in_parentheses();
  }
  return out;
}

std::optional<std::string> table_altered(std::string_view sql) {
  Reader reader(sql);
  if (!reader.takes("ALTER TABLE ONLY") && !reader.takes("ALTER TABLE")) return std::nullopt;
  return reader.name();
}

std::vector<std::string> name_parts(std::string_view written) {
  std::vector<std::string> parts(1);
  bool quoted = false;
  for (std::size_t at = 0; at < written.size(); ++at) {
    const char c = written[at];
    if (c == '"' && quoted && at + 1 < written.size() && written[at + 1] == '"')
      parts.back().push_back(written[++at]);
    else if (c == '"')
      quoted = !quoted;
    else if (c == '.' && !quoted)
      parts.emplace_back();
    else
      parts.back().push_back(c);
  }
  return parts;
}

std::optional<std::string> object_made(std::string_view sql) {
  Reader reader(sql);
  for (const char* words :
       {"CREATE TABLE", "CREATE UNLOGGED TABLE", "CREATE VIEW", "CREATE MATERIALIZED VIEW"})
    if (reader.takes(words)) return reader.name();
  if (!reader.takes("CREATE INDEX") && !reader.takes("CREATE UNIQUE INDEX")) return std::nullopt;
  const std::string index = reader.name();
  if (!reader.takes("ON ONLY") && !reader.takes("ON")) return std::nullopt;
  // An index is in the schema of its table.
  const std::string table = reader.name();
  if (name_parts(table).size() != 2) return std::nullopt;
  const std::size_t dot = table.starts_with('"') ? table.find("\".") + 1 : table.find('.');
  return table.substr(0, dot) + "." + index;
}

std::string without_generated(std::string_view sql) {
  std::string out;
  char quote = 0;
  for (std::size_t at = 0; at < sql.size(); ++at) {
    const char c = sql[at];
    if (quote == 0 && sql.substr(at).starts_with(kGenerated)) {
      const std::size_t open = at + kGenerated.size() - 1;
      const std::size_t end = open + Reader::end_of_parentheses(sql.substr(open));
      constexpr std::string_view kStored = " STORED";
      if (end > open && sql.substr(end).starts_with(kStored)) {
        at = end + kStored.size() - 1;
        continue;
      }
    }
    if (quote != 0 ? c == quote : c == '"' || c == '\'') quote = quote != 0 ? '\0' : c;
    out.push_back(c);
  }
  return out;
}

bool Mender::run(const std::string& sql, Loss& loss) {
  std::string begin = "BEGIN; SET LOCAL check_function_bodies = off; ";
  if (!search_path_.empty()) begin += fmt::format("SET LOCAL search_path = {}; ", search_path_);
  try {
    connection_.query(begin + sql + "; COMMIT");
    return true;
  } catch (const ServerError& error) {
    connection_.query("ROLLBACK");
    loss.sqlstate = error.sqlstate();
    loss.again = sql;
    add_mend(connection_, error, loss);
    return false;
  }
}

/// An SQLSTATE that was read from pg_restore's words is of the server's troubles: an application may have
/// said the words.
bool Mender::is_worth_a_try(const FailedStatement& failed) const {
  if (mended_ || !search_path_.empty() || !failed.loss.sqlstate.empty()) return true;
  // What they call may look for a table that was made after them. An index fails again by the first row, and
  // its error then has a context.
  return makes_table(failed.sql) || failed.sql.starts_with("CREATE VIEW ") ||
         failed.sql.starts_with("CREATE INDEX ");
}

std::optional<Loss> Mender::mend(const FailedStatement& failed) {
  std::optional<Loss> left = what_is_left(failed);
  if (left && !left->mend.empty() && left->text.find(left->mend) == std::string::npos)
    left->text += fmt::format("; this mends it: {}", left->mend);
  return left;
}

std::optional<Loss> Mender::what_is_left(const FailedStatement& failed) {
  Loss loss = failed.loss;
  if (failed.sql.empty()) return loss;
  const bool rule = read_added_constraint(failed.sql).has_value();
  if ((rule || is_worth_a_try(failed)) && run(failed.sql, loss)) {
    mended_ = true;
    return std::nullopt;
  }
  if (rule) return mend_rule(failed, std::move(loss));
  if (failed.sql.starts_with("CREATE UNIQUE INDEX ")) return mend_unique(failed, std::move(loss));
  if (makes_table(failed.sql)) return mend_table(failed, std::move(loss));
  return loss;
}

std::optional<Loss> Mender::mend_rule(const FailedStatement& failed, Loss loss) {
  const AddedConstraint added = *read_added_constraint(failed.sql);
  const bool key = !added.referenced.empty(), check = added.rest.starts_with("CHECK ");
  const std::string sql = failed.sql.substr(0, failed.sql.find_last_not_of(" \n;") + 1);
  const std::string kind = added.domain ? "DOMAIN" : "TABLE";
  if (!key && !check) {
    if (loss.sqlstate == "23505") return mend_unique(failed, std::move(loss));
    return loss;
  }
  std::string rows;
  if (key && loss.sqlstate == "23503") {
    const std::string query = orphans_sql(added);
    rows = fmt::format(
        ", for rows refer to what is not there{}; {}",
        [&] {
          const std::string one =
              example(connection_, query, static_cast<int>(names_of(added.columns).size()));
          return one.empty() ? one : fmt::format(", as ({}) = {}", added.columns, one);
        }(),
        find_them(query));
  }
  const std::string what = fmt::format("{} {}: {} {}", added.domain ? "domain" : "table", added.owner,
                                       key ? "foreign key" : "CHECK", name_parts(added.name).back());
  Loss not_valid = loss;
  if (run(sql + " NOT VALID", not_valid)) {
    loss.kind = LossKind::rule;
    loss.text =
        fmt::format("{} is there NOT VALID{}; when that is mended: ALTER {} {} VALIDATE CONSTRAINT {}", what,
                    rows.empty() ? ", for it could not be validated: " + failed.loss.text : rows, kind,
                    added.owner, added.name);
  } else if (!rows.empty()) {
    loss.text = fmt::format("{} is left out{}; when that is mended: {}", what, rows, on_one_line(sql));
  }
  return loss;
}

/// The key's expressions are read from the same index of an empty table.
std::optional<Loss> Mender::mend_unique(const FailedStatement& failed, Loss loss) {
  const std::string sql = failed.sql.substr(0, failed.sql.find(';')), repair = on_one_line(failed.sql);
  std::string owner, name, before, after;
  if (const std::optional<AddedConstraint> added = read_added_constraint(failed.sql)) {
    owner = added->owner;
    name = name_parts(added->name).back();
    before = "ALTER TABLE ";
    after = fmt::format(" ADD CONSTRAINT {} {}", added->name, added->rest);
  } else {
    Reader reader(sql);
    if (!reader.takes("CREATE UNIQUE INDEX")) return loss;
    const std::string quoted = reader.name();
    if (!reader.takes("ON ONLY") && !reader.takes("ON")) return loss;
    owner = reader.name();
    name = name_parts(quoted).back();
    before = fmt::format("CREATE UNIQUE INDEX {} ON ", quoted);
    after = reader.left();
  }
  std::string query;
  std::vector<std::string> keys;
  try {
    connection_.query(
        fmt::format("BEGIN; CREATE TEMPORARY TABLE pgassay_twin (LIKE {}); {} pg_temp.pgassay_twin {}", owner,
                    before, after));
    const Result parts = connection_.query(
        "SELECT pg_catalog.pg_get_indexdef(i.indexrelid, k::int, false), pg_catalog.pg_get_expr(i.indpred, "
        "i.indrelid)"
        " FROM pg_catalog.pg_index i, pg_catalog.generate_series(1, i.indnkeyatts) k"
        " WHERE i.indrelid = 'pg_temp.pgassay_twin'::pg_catalog.regclass ORDER BY k");
    std::vector<std::string> given;
    for (int row = 0; row < parts.rows(); ++row) {
      keys.push_back(parts.text(row, 0));
      if (after.find("NULLS NOT DISTINCT") == std::string::npos)
        given.push_back(fmt::format("({}) IS NOT NULL", keys.back()));
      if (row == 0 && !parts.null(0, 1)) given.push_back(fmt::format("({})", parts.text(0, 1)));
    }
    connection_.query("ROLLBACK");
    query =
        fmt::format("SELECT {}, count(*) FROM {}{}{} GROUP BY {} HAVING count(*) > 1", fmt::join(keys, ", "),
                    owner, given.empty() ? "" : " WHERE ", fmt::join(given, " AND "), fmt::join(keys, ", "));
  } catch (const ServerError& error) {
    connection_.query("ROLLBACK");
    if (is_server_trouble(error.sqlstate(), error.what())) error.raise();
    return loss;
  }
  const std::string key = example(connection_, query, static_cast<int>(keys.size()));
  if (key.empty()) return loss;
  loss.text = fmt::format(
      "table {}: unique {} is left out, for rows have the same key, as ({}) = {}; {}; when that is "
      "mended: {}",
      owner, name, fmt::join(keys, ", "), key, find_them(query), repair);
  return loss;
}

std::optional<Loss> Mender::mend_table(const FailedStatement& failed, Loss loss) {
  const std::string plain = without_generated(failed.sql);
  if (plain == failed.sql) return loss;
  Loss again = loss;
  if (!run(plain, again)) return loss;
  mended_ = true;
  loss.kind = LossKind::rule;
  loss.text =
      fmt::format("its generated columns can't be made, they are plain ones, and empty: {}", loss.text);
  return loss;
}

}  // namespace pgassay::restore
