#include "proof/reg_numbers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "core/postgres/catalog.h"
#include "core/postgres/releases.h"
#include "core/postgres/server_trouble.h"
#include "core/postgres/types_within.h"
#include "core/stream/part.h"
#include "proof/readers.h"

namespace pgassay::proof {
namespace {

/// More than these are not put into a statement.
constexpr std::size_t kMostNumbers = 200'000;

constexpr std::string_view kRegTypes[] = {"regclass",      "regcollation", "regconfig", "regdatabase",
                                          "regdictionary", "regnamespace", "regoper",   "regoperator",
                                          "regproc",       "regprocedure", "regrole",   "regtype"};

/// What is to be looked at in a column: its field may be written otherwise here.
enum class Written { the_same, by_number, by_text, padded };

struct Column {
  Written written = Written::the_same;
  std::string type = {};  ///< that names objects, or holds one that does
};

/// "0/1" as newer servers write it: "0/00000001".
std::string padded_lsn(const std::string& field) {
  constexpr std::size_t kDigits = 8;
  const std::size_t slash = field.find('/');
  if (slash == std::string::npos || field.size() - slash - 1 >= kDigits) return field;
  return field.substr(0, slash + 1) + std::string(kDigits - (field.size() - slash - 1), '0') +
         field.substr(slash + 1);
}

/// By column: as what a field is written here, where that is something else.
using Names = std::vector<std::map<std::string, std::string>>;

constexpr std::string_view kEscapes = "b\bf\fn\nr\rt\tv\v\\\\";  // as COPY writes them, in pairs

std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    std::size_t at = 1;
    while (at < kEscapes.size() && kEscapes[at] != c) at += 2;
    if (at < kEscapes.size())
      out += {'\\', kEscapes[at - 1]};
    else
      out.push_back(c);
  }
  return out;
}

std::string unescaped(const std::string& field) {
  std::string out;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field[i] != '\\' || i + 1 == field.size()) {
      out.push_back(field[i]);
      continue;
    }
    std::size_t at = 0;
    ++i;
    while (at < kEscapes.size() && kEscapes[at] != field[i]) at += 2;
    out.push_back(at < kEscapes.size() ? kEscapes[at + 1] : field[i]);
  }
  return out;
}

/// Goes through rows in COPY's text format, field by field, and digests them as this server would write them.
class Renamed : public ChunkSink {
 public:
  Renamed(const std::vector<Column>& columns, Names names)
      : columns_(columns), names_(std::move(names)), found(columns.size()), digester_(RowFormat::text) {}

  void chunk(Bytes bytes) override {
    std::string out;
    for (const char c : as_text(bytes)) {
      if (c != '\t' && c != '\n') {
        (wanted() ? field_ : out).push_back(c);
        continue;
      }
      if (wanted()) out += renamed();
      out.push_back(c);
      field_.clear();
      column_ = c == '\n' ? 0 : column_ + 1;
    }
    digester_.add(as_bytes(out));
  }
  RowDigest finish() { return digester_.finish(); }

 private:
  const std::vector<Column>& columns_;
  const Names names_;

 public:
  std::vector<std::set<std::string>> found;  ///< fields of each column that hold a number

 private:
  bool wanted() const { return column_ < columns_.size() && columns_[column_].written != Written::the_same; }
  std::string renamed() {
    constexpr const char* kDigits = "0123456789";
    const Written written = columns_[column_].written;
    if (written == Written::padded) return padded_lsn(field_);
    const bool number = written == Written::by_number
                            ? !field_.empty() && field_.find_first_not_of(kDigits) == std::string::npos
                            : field_.find_first_of(kDigits) != std::string::npos;
    if (!number) return field_;
    if (found[column_].size() <= kMostNumbers) found[column_].insert(field_);
    if (names_.empty()) return field_;
    const auto name = names_[column_].find(field_);
    return name == names_[column_].end() ? field_ : name->second;
  }

  ChunkDigester digester_;
  std::size_t column_ = 0;
  std::string field_;
};

/// An array, row or domain is asked for what it holds. Nothing of a domain's rules is called: a value of one
/// is looked at as what it is made of, and what holds one that has rules is left as it is.
Column naming_column(Connection& connection, const std::string& type) {
  if (std::ranges::find(kRegTypes, type) != std::end(kRegTypes)) return {Written::by_number, type};
  const Result base = connection.query(fmt::format(R"(
        WITH RECURSIVE chain (oid, inner_one) AS (
          SELECT oid, CASE WHEN typtype = 'd' THEN typbasetype ELSE 0 END FROM pg_catalog.pg_type
            WHERE oid = pg_catalog.to_regtype($1)
          UNION ALL
          SELECT t.oid, CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE 0 END
            FROM chain c JOIN pg_catalog.pg_type t ON t.oid = c.inner_one),
        types (oid) AS (SELECT oid FROM chain WHERE inner_one = 0 {}
        SELECT pg_catalog.format_type(oid, NULL) FROM chain WHERE inner_one = 0
          AND EXISTS (SELECT FROM types t JOIN pg_catalog.pg_type p ON p.oid = t.oid
            WHERE p.typnamespace = 'pg_catalog'::pg_catalog.regnamespace AND p.typname IN ('{}'))
          AND NOT EXISTS (SELECT FROM types t JOIN pg_catalog.pg_type p ON p.oid = t.oid
            WHERE p.typtype = 'd' AND (p.typnotnull OR EXISTS (
              SELECT FROM pg_catalog.pg_constraint k WHERE k.contypid = p.oid))))",
                                                   kTypesWithin, fmt::join(kRegTypes, "', '")),
                                       {type});
  if (base.rows() == 0) return {};
  const std::string name = base.text(0, 0);
  const bool plain = std::ranges::find(kRegTypes, name) != std::end(kRegTypes);
  return {plain ? Written::by_number : Written::by_text, name};
}

std::string array_of(const std::set<std::string>& fields) {
  std::string out;
  for (const std::string& field : fields) {
    out += out.empty() ? "{\"" : ",\"";
    for (const char c : unescaped(field)) {
      if (c == '"' || c == '\\') out.push_back('\\');
      out.push_back(c);
    }
    out.push_back('"');
  }
  return out + "}";
}

/// Empty when there are no numbers, too many, or what can't be read here.
Names names_here(Connection& connection, const std::vector<Column>& columns,
                 const std::vector<std::set<std::string>>& numbers) {
  Names names(numbers.size());
  bool any = false;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (numbers[i].size() > kMostNumbers) return {};
    if (numbers[i].empty()) continue;
    // A text that is cast to regclass is a name, whatever it holds.
    const std::string value = fmt::format(
        "n{}::{}::text", columns[i].written == Written::by_number ? "::pg_catalog.oid" : "", columns[i].type);
    connection.query("SAVEPOINT pgassay_names");
    try {
      const Result rows = connection.query(
          fmt::format("SELECT n, {0} FROM pg_catalog.unnest($1::text[]) n WHERE {0} <> n", value),
          {array_of(numbers[i])});
      for (int row = 0; row < rows.rows(); ++row)
        names[i][escaped(rows.text(row, 0))] = escaped(rows.text(row, 1));
      any = any || rows.rows() > 0;
      connection.query("RELEASE SAVEPOINT pgassay_names");
    } catch (const ServerError& error) {
      if (is_server_trouble(error.sqlstate(), error.what())) error.raise();
      connection.query("ROLLBACK TO SAVEPOINT pgassay_names; RELEASE SAVEPOINT pgassay_names");
      return {};
    }
  }
  return any ? names : Names();
}

std::string in_words(const Relation& relation, const Names& names, bool padded) {
  std::string told, text = fmt::format("{} rows, identical", relation.digest.rows);
  std::size_t count = 0;
  for (const auto& column : names) {
    count += column.size();
    if (told.empty() && !column.empty())
      told = fmt::format("{} is {}", column.begin()->first, column.begin()->second);
  }
  if (count > 0)
    text += fmt::format("; of the numbers that named nothing in the source {} name something here, as {}",
                        count, told);
  if (padded) text += "; values of pg_lsn are written with more digits from PostgreSQL 19 on";
  return text;
}

}  // namespace

std::optional<std::string> values_written_otherwise(Connection& connection, const Place& backup,
                                                    const Relation& relation, const Manifest& manifest) {
  if (relation.format != RowFormat::text || relation.types.size() != relation.columns.size())
    return std::nullopt;
  const bool pads = server_has(connection.server_version(), Feature::padded_lsn) &&
                    !server_has(manifest.server.version, Feature::padded_lsn);
  std::vector<Column> columns;
  for (const std::string& type : relation.types)
    columns.push_back(pads && type == "pg_lsn" ? Column{Written::padded} : naming_column(connection, type));
  if (manifest.encoding != "UTF8")  // which is that of names as we ask for them
    for (Column& column : columns)
      if (column.written == Written::by_text) column = {};
  const bool named = std::ranges::any_of(columns, [](const Column& one) { return !one.type.empty(); });
  const bool padded = std::ranges::find(columns, Written::padded, &Column::written) != columns.end();
  if (!named && !padded) return std::nullopt;
  const bool tree = relation.kind == 'p';
  const auto read = [&](Renamed& rows) {
    for (const Relation& one : manifest.relations)
      if (tree ? one.root == relation.name : &one == &relation)
        for (const Part& part : one.parts) read_part(backup, part.file, rows, part.raw);
  };
  try {
    Names names;
    if (named) {
      Renamed as_they_are(columns, {});
      read(as_they_are);
      names = names_here(connection, columns, as_they_are.found);
    }
    if (names.empty() && !padded) return std::nullopt;
    Observer silent;
    DigestSink here(silent, RowFormat::text);
    const CopyFormat format = {manifest.encoding, RowFormat::text};
    connection.copy_out(tree ? copy_tree_out_sql(relation.name, relation.columns, format)
                             : copy_out_sql(relation.name, relation.columns, {}, std::nullopt, format),
                        here, RowFormat::text);
    Renamed as_here(columns, names);
    read(as_here);
    if (here.finish() != as_here.finish()) return std::nullopt;
    return in_words(relation, names, padded);
  } catch (const DamagedPart&) {
    return std::nullopt;
  }
}

}  // namespace pgassay::proof
