#include "core/postgres/catalog.h"

#include <algorithm>
#include <cctype>
#include <string_view>
#include <unordered_map>

namespace pgassay {
namespace {

/// Would a row that is in this leaf go to another one elsewhere? Yes for hash partitions (an enum's hash is
/// of its oid), for keys that are expressions, for ranges over an order that a collation library makes, and
/// for lists where equality is not of bytes.
constexpr std::string_view kRowsMayMove = R"(
  (p.partstrat = 'h' OR p.partexprs IS NOT NULL OR EXISTS (
    SELECT FROM ROWS FROM (pg_catalog.unnest(p.partattrs::pg_catalog.int2[]),
                   pg_catalog.unnest(p.partcollation::pg_catalog.oid[])) k(attnum, coll)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = p.partrelid AND a.attnum = k.attnum
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_catalog.pg_collation l ON l.oid = k.coll
    WHERE t.typtype IN ('c', 'r', 'm')
       OR (k.coll NOT IN (0, 950, 951)
           AND (p.partstrat = 'r' OR NOT coalesce(l.collisdeterministic, false)
                OR t.oid NOT IN (19, 25, 1042, 1043)))))
)";

constexpr std::string_view kListTables = R"(
SELECT c.oid, n.nspname, c.relname, c.relkind, c.relpersistence, am.amname, c.relfilenode, c.relispopulated,
  i.inhparent,
  CASE WHEN p.partrelid IS NOT NULL THEN $ROWS_MAY_MOVE ELSE false END,
  coalesce(pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_table_privilege(c.oid, 'SELECT'), true),
  CASE WHEN c.relrowsecurity THEN pg_catalog.row_security_active(c.oid) ELSE false END,
  e.extname, e.extcondition[pg_catalog.array_position(e.extconfig, c.oid)],
  $SIZES
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam
LEFT JOIN pg_catalog.pg_inherits i ON c.relispartition AND i.inhrelid = c.oid
LEFT JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = c.oid
$WHOSE
WHERE c.relkind IN ('r', 'p', 'm', 'f') AND c.relpersistence <> 't' AND $LISTED
)";

/// The extension that the relation belongs to.
constexpr std::string_view kWhose = R"(
LEFT JOIN pg_catalog.pg_depend d ON d.classid = 1259 AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e'
  AND d.refclassid = 3079
LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid)";

constexpr std::string_view kListLockable = R"(
SELECT n.nspname, c.relname
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
$WHOSE
WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND $LISTED
ORDER BY NOT c.relhassubclass, c.relispartition, n.nspname, c.relname
)";

/// What pg_dump would dump: no system schema and no extension's member, but extensions' configuration tables.
constexpr std::string_view kListed = R"(
  (c.oid = ANY (e.extconfig)
   OR (e.oid IS NULL AND n.nspname <> 'information_schema' AND pg_catalog.left(n.nspname, 3) <> 'pg_'))
)";

/// pg_relation_size is null for a table that was dropped meanwhile. It waits for a lock, so not of
/// materialized views: nobody needs theirs, and a REFRESH can take long.
constexpr std::string_view kSizes = R"(
  CASE WHEN c.relkind = 'r' THEN pg_catalog.pg_relation_size(c.oid) END,
  CASE WHEN c.relkind = 'r' AND c.reltoastrelid <> 0 THEN pg_catalog.pg_relation_size(c.reltoastrelid) END
)";

/// One row a relation, for a row a column would be ten times the memory. Commas and backslashes in names are
/// escaped.
constexpr std::string_view kListColumns = R"(
SELECT a.attrelid, pg_catalog.string_agg(
  pg_catalog.replace(pg_catalog.replace(a.attname::pg_catalog.text, '\', '\\'), ',', '\,'), ',' ORDER BY a.attnum),
  pg_catalog.string_agg(pg_catalog.replace(pg_catalog.replace(
    pg_catalog.format_type(a.atttypid, a.atttypmod), '\', '\\'), ',', '\,'), ',' ORDER BY a.attnum)
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
WHERE c.relkind IN ('r', 'p', 'm', 'f') AND c.relpersistence <> 't'
  AND c.relnamespace NOT IN (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = 'information_schema')
  AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
GROUP BY a.attrelid
)";

constexpr std::string_view kListGenerated = R"(
SELECT a.attrelid, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), pg_catalog.pg_get_expr(d.adbin, d.adrelid), a.attgenerated = 's',
  a.attgenerated = 's' OR (a.atttypid < 16384 AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend o
    WHERE o.classid = 2604 AND o.objid = d.oid AND o.refclassid <> 1259))
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attgenerated <> '' AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
)";

/// Built-in functions and operators leave no dependency.
constexpr std::string_view kListPlanningCallsCode = R"(
SELECT i.indrelid FROM pg_catalog.pg_index i JOIN pg_catalog.pg_depend d ON d.objid = i.indexrelid
WHERE d.classid = 1259 AND d.refclassid IN (1255, 2617)
UNION
SELECT s.stxrelid FROM pg_catalog.pg_statistic_ext s JOIN pg_catalog.pg_depend d ON d.objid = s.oid
WHERE d.classid = 3381 AND d.refclassid IN (1255, 2617)
)";

constexpr std::string_view kListSequences = R"(
SELECT c.oid, n.nspname, c.relname,
  coalesce(pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND pg_catalog.has_sequence_privilege(c.oid, 'SELECT'), true),
  e.extname, pg_catalog.format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache,
  s.seqcycle
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_sequence s ON s.seqrelid = c.oid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
$WHOSE
WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND ($LISTED OR $FEEDS_CONFIGURATION)
)";

/// An extension's sequence that a column of one of its configuration tables draws from or owns: pg_dump
/// leaves it behind the table's rows unless the extension names it, too, and the next INSERT then collides.
constexpr std::string_view kFeedsConfiguration = R"(
  EXISTS (
    SELECT FROM pg_catalog.pg_depend o
    WHERE o.classid = 1259 AND o.objid = c.oid AND o.refclassid = 1259 AND o.deptype IN ('a', 'i')
      AND o.refobjid = ANY (e.extconfig))
  OR EXISTS (
    SELECT FROM pg_catalog.pg_depend o JOIN pg_catalog.pg_attrdef f ON f.oid = o.objid
    WHERE o.classid = 2604 AND o.refclassid = 1259 AND o.refobjid = c.oid AND f.adrelid = ANY (e.extconfig))
)";

std::string filled(std::string_view sql, std::string_view mark, std::string_view with) {
  std::string text(sql);
  if (const auto at = text.find(mark); at != std::string::npos) text.replace(at, mark.size(), with);
  return text;
}

/// A listing of relations.
std::string listing(std::string_view sql) {
  return filled(filled(sql, "$WHOSE", kWhose), "$LISTED", kListed);
}

std::vector<std::string> split_names(std::string_view list) {
  std::vector<std::string> names(1);
  for (std::size_t at = 0; at < list.size(); ++at) {
    if (list[at] == ',') {
      names.emplace_back();
    } else {
      if (list[at] == '\\') ++at;
      names.back() += list[at];
    }
  }
  return names;
}

struct Partitioning {
  std::vector<Oid> parent;      ///< of each table
  std::vector<bool> rows_move;  ///< of each partitioned table
  std::unordered_map<Oid, std::size_t> index;
};

std::vector<TableInfo> read_tables(Connection& connection, bool with_sizes, Partitioning& partitioning) {
  const std::string sql = filled(listing(kListTables), "$ROWS_MAY_MOVE", kRowsMayMove);
  const Result rows = connection.query(filled(sql, "$SIZES", with_sizes ? kSizes : "0, 0"));
  std::vector<TableInfo> tables(static_cast<std::size_t>(rows.rows()));
  for (int row = 0; row < rows.rows(); ++row) {
    TableInfo& table = tables[static_cast<std::size_t>(row)];
    table.oid = rows.oid(row, 0);
    table.name = {rows.text(row, 1), rows.text(row, 2)};
    table.kind = rows.text(row, 3).at(0);
    table.persistence = rows.text(row, 4).at(0);
    if (table.kind == 'r' || table.kind == 'm') table.access_method = rows.text(row, 5);
    table.relfilenode = rows.oid(row, 6);
    table.populated = rows.boolean(row, 7);
    partitioning.parent.push_back(rows.null(row, 8) ? Oid::none : rows.oid(row, 8));
    partitioning.rows_move.push_back(rows.boolean(row, 9));
    table.readable = rows.boolean(row, 10);
    table.rls_filters = rows.boolean(row, 11);
    table.extension = rows.text(row, 12);
    table.extension_filter = rows.text(row, 13);
    if (!rows.null(row, 14)) table.heap_bytes = rows.unsigned_integer(row, 14);
    if (!rows.null(row, 15)) table.toast_bytes = rows.unsigned_integer(row, 15);
    partitioning.index[table.oid] = static_cast<std::size_t>(row);
  }
  return tables;
}

void read_columns(Connection& connection, std::vector<TableInfo>& tables, const Partitioning& partitioning) {
  const Result rows = connection.query(std::string(kListColumns));
  for (int row = 0; row < rows.rows(); ++row) {
    const auto found = partitioning.index.find(rows.oid(row, 0));
    if (found == partitioning.index.end()) continue;
    tables[found->second].columns = split_names(rows.text(row, 1));
    tables[found->second].types = split_names(rows.text(row, 2));
  }
  const Result generated = connection.query(std::string(kListGenerated));
  for (int row = 0; row < generated.rows(); ++row) {
    const auto found = partitioning.index.find(generated.oid(row, 0));
    if (found == partitioning.index.end()) continue;
    tables[found->second].generated.push_back({generated.text(row, 1), generated.text(row, 2),
                                               generated.text(row, 3), generated.boolean(row, 4),
                                               generated.boolean(row, 5)});
  }
  const Result calling = connection.query(std::string(kListPlanningCallsCode));
  for (int row = 0; row < calling.rows(); ++row)
    if (const auto found = partitioning.index.find(calling.oid(row, 0)); found != partitioning.index.end())
      tables[found->second].planning_calls_code = true;
}

/// The root's columns as far as the leaf has them: each has generated columns left out already. Generated
/// ones that the root does not have come last.
void put_in_order_of(const TableInfo& root, TableInfo& leaf) {
  std::vector<GeneratedColumn> generated = std::move(leaf.generated);
  leaf.generated.clear();
  for (const GeneratedColumn& column : root.generated) {
    const auto found = std::ranges::find(generated, column.name, &GeneratedColumn::name);
    if (found == generated.end()) continue;
    leaf.generated.push_back(*found);
    // Who reads the root reads what the root's expression says.
    if (!column.stored && column.expression != found->expression) leaf.generated.back().digested = false;
    generated.erase(found);
  }
  leaf.generated.insert(leaf.generated.end(), generated.begin(), generated.end());
  std::unordered_map<std::string, std::string> type_of;
  for (std::size_t i = 0; i < leaf.columns.size(); ++i) type_of[leaf.columns[i]] = leaf.types[i];
  leaf.columns.clear();
  leaf.types.clear();
  for (const std::string& name : root.columns) {
    const auto found = type_of.find(name);
    if (found == type_of.end()) continue;
    leaf.columns.push_back(name);
    leaf.types.push_back(found->second);
  }
}

void find_roots(std::vector<TableInfo>& tables, const Partitioning& partitioning) {
  for (std::size_t at = 0; at < tables.size(); ++at) {
    std::size_t ancestor = at;
    for (auto parent = partitioning.index.find(partitioning.parent[ancestor]);
         parent != partitioning.index.end();
         parent = partitioning.index.find(partitioning.parent[ancestor])) {
      ancestor = parent->second;
      if (partitioning.rows_move[ancestor]) tables[at].via_root = true;
    }
    if (ancestor == at) continue;
    tables[at].parent = partitioning.parent[at];
    tables[at].root = tables[ancestor].oid;
    put_in_order_of(tables[ancestor], tables[at]);
  }
}

std::string column_list(const std::vector<std::string>& columns) {
  std::string list;
  for (const std::string& column : columns) list += (list.empty() ? "" : ", ") + quote_identifier(column);
  return list;
}

std::string copy_target(const QualifiedName& name, const std::vector<std::string>& columns) {
  return name.quoted() + (columns.empty() ? "" : " (" + column_list(columns) + ")");
}

/// The condition of an extension's "WHERE …".
std::string condition_of(const std::string& filter) {
  std::size_t start = 0;
  while (start < filter.size() && std::isspace(static_cast<unsigned char>(filter[start])) != 0) ++start;
  std::string word = filter.substr(start, 5);
  std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return std::tolower(c); });
  if (word != "where") throw Error("an extension's condition does not begin with WHERE: " + filter);
  return filter.substr(start + 5);
}

std::string page_condition(const PageRange& pages) {
  std::string condition = "ctid >= '(" + std::to_string(pages.first) + ",0)'::pg_catalog.tid";
  if (pages.end) condition += " AND ctid < '(" + std::to_string(*pages.end) + ",0)'::pg_catalog.tid";
  return condition;
}

std::string from_only(const QualifiedName& name, const std::string& filter,
                      const std::optional<PageRange>& pages) {
  std::string condition;
  if (pages) condition = page_condition(*pages);
  // In parentheses that a comment at its end cannot swallow.
  if (!filter.empty()) condition += (condition.empty() ? "(" : " AND (") + condition_of(filter) + "\n)";
  return " FROM ONLY " + name.quoted() + (condition.empty() ? "" : " WHERE " + condition);
}

/// Text of binary rows is of client_encoding, whatever COPY's own option says. Our sessions have UTF8, or
/// SQL_ASCII, in which a server takes bytes as they are.
std::string in_encoding(const CopyFormat& format) {
  if (format.rows == RowFormat::text || format.encoding == "UTF8" || format.encoding == "SQL_ASCII")
    return {};
  return "SET client_encoding = " + quote_literal(format.encoding) + "; ";
}

std::string option(const CopyFormat& format) {
  return format.rows == RowFormat::binary ? "FORMAT binary" : "ENCODING " + quote_literal(format.encoding);
}

std::string copy_to_stdout(const std::string& what, const CopyFormat& format) {
  return in_encoding(format) + "COPY " + what + " TO STDOUT WITH (" + option(format) + ")";
}

}  // namespace

std::vector<TableInfo> list_tables(Connection& connection, bool with_sizes) {
  Partitioning partitioning;
  std::vector<TableInfo> tables = read_tables(connection, with_sizes, partitioning);
  read_columns(connection, tables, partitioning);
  find_roots(tables, partitioning);
  std::sort(tables.begin(), tables.end(),
            [](const TableInfo& a, const TableInfo& b) { return a.name < b.name; });
  return tables;
}

std::vector<QualifiedName> list_lockable(Connection& connection) {
  const Result rows = connection.query(listing(kListLockable));
  std::vector<QualifiedName> names;
  for (int row = 0; row < rows.rows(); ++row) names.push_back({rows.text(row, 0), rows.text(row, 1)});
  return names;
}

std::vector<SequenceInfo> list_sequences(Connection& connection) {
  const Result rows =
      connection.query(filled(listing(kListSequences), "$FEEDS_CONFIGURATION", kFeedsConfiguration));
  std::vector<SequenceInfo> sequences;
  for (int row = 0; row < rows.rows(); ++row) {
    sequences.push_back({rows.oid(row, 0),
                         {rows.text(row, 1), rows.text(row, 2)},
                         rows.boolean(row, 3),
                         rows.text(row, 4),
                         {rows.text(row, 5), rows.integer(row, 6), rows.integer(row, 7), rows.integer(row, 8),
                          rows.integer(row, 9), rows.integer(row, 10), rows.boolean(row, 11)}});
  }
  std::sort(sequences.begin(), sequences.end(),
            [](const SequenceInfo& a, const SequenceInfo& b) { return a.name < b.name; });
  return sequences;
}

std::string copy_out_sql(const QualifiedName& name, const std::vector<std::string>& columns,
                         const std::string& filter, const std::optional<PageRange>& pages,
                         const CopyFormat& format, const std::vector<std::string>& generated) {
  if (filter.empty() && !pages && generated.empty())
    return copy_to_stdout(copy_target(name, columns), format);
  std::vector<std::string> all = columns;
  all.insert(all.end(), generated.begin(), generated.end());
  return copy_to_stdout("(SELECT " + column_list(all) + from_only(name, filter, pages) + ")", format);
}

std::string copy_view_out_sql(const QualifiedName& name, const std::vector<std::string>& columns,
                              const CopyFormat& format) {
  return copy_to_stdout("(SELECT " + column_list(columns) + from_only(name, {}, {}) + ")", format);
}

std::vector<std::string> digested_names(const std::vector<GeneratedColumn>& columns) {
  std::vector<std::string> names;
  for (const GeneratedColumn& column : columns)
    if (column.digested) names.push_back(column.name);
  return names;
}

std::string copy_tree_out_sql(const QualifiedName& root, const std::vector<std::string>& columns,
                              const CopyFormat& format) {
  return copy_to_stdout("(SELECT " + column_list(columns) + " FROM " + root.quoted() + ")", format);
}

std::string row_after_sql(std::uint64_t rows, const QualifiedName& name, const std::string& filter,
                          const std::optional<PageRange>& pages) {
  return "SELECT ctid" + from_only(name, filter, pages) + " LIMIT 1 OFFSET " + std::to_string(rows);
}

std::string copy_in_sql(const QualifiedName& name, const std::vector<std::string>& columns,
                        const CopyFormat& format, bool freeze) {
  return in_encoding(format) + "COPY " + copy_target(name, columns) + " FROM STDIN WITH (" + option(format) +
         (freeze ? ", FREEZE" : "") + ")";
}

}  // namespace pgassay
