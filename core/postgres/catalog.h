// What is in the database, read from the catalogs: plain queries that follow the transaction's snapshot
// (but for sizes and privileges, which are the present ones). For sessions of start_reading_session().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/postgres/connection.h"

namespace pgassay {

/// A column that COPY leaves out, for the server computes it.
struct GeneratedColumn {
  std::string name, type, expression;
  bool stored = true;  ///< false: computed whenever it is read, from columns that are compared (18 and later)
  /// Its values are in the digest of generated columns. Of list_tables(): can be; of one that is computed
  /// only where nothing but the server's own code does that.
  bool digested = true;
};
/// Names of those whose values are digested, in order.
std::vector<std::string> digested_names(const std::vector<GeneratedColumn>& columns);

/// A relation that has, or could have, rows of its own. Temporary ones, system schemas and extension members
/// that are not configuration tables are never listed.
struct TableInfo {
  Oid oid{};
  QualifiedName name;
  char kind = 'r';         ///< pg_class.relkind: r table, p partitioned, m materialized view, f foreign table
  char persistence = 'p';  ///< p, u unlogged
  std::string access_method;  ///< "heap"; empty for p and f
  Oid relfilenode{};
  /// The topmost partitioned table above a leaf or a sub-partitioned table; none otherwise.
  Oid root{};
  Oid parent{};  ///< the partitioned table right above it; none otherwise
  /// Load through the root: rows may belong to another leaf in the target (hash partitions; keys whose order
  /// or equality depends on a collation).
  bool via_root = false;
  bool populated = true;     ///< relispopulated of a materialized view
  bool readable = true;      ///< SELECT on it and USAGE on its schema
  bool rls_filters = false;  ///< row security is on and would apply to us
  /// Columns to copy, in order: not dropped, not generated; of a leaf, in its root's order.
  std::vector<std::string> columns;
  std::vector<std::string> types;  ///< of each of them, as format_type() says it, with its schema
  std::vector<GeneratedColumn> generated;
  /// pg_extension.extcondition of a configuration table ("WHERE ..."; may be empty) and its extension's name.
  std::string extension, extension_filter;
  std::uint64_t heap_bytes = 0, toast_bytes = 0;  ///< now, on disk
  /// To plan a query of it evaluates what the expressions of its indexes and statistics call: functions of
  /// its owner, by our rights and without a search_path. A plain COPY plans nothing.
  bool planning_calls_code = false;
};

/// Ordered by schema and name. Sizes are read only on request: they take a moment of every relation's lock.
std::vector<TableInfo> list_tables(Connection& connection, bool with_sizes);

/// LOCK TABLE takes it.
inline bool is_lockable(const TableInfo& table) {
  return table.kind == 'r' || table.kind == 'p';
}

/// Those that list_tables() lists, in a fraction of its time: parents before partitions and other children,
/// as DDL locks them, so that who locks them in this order makes no deadlock.
std::vector<QualifiedName> list_lockable(Connection& connection);

/// What ALTER SEQUENCE sets, but for its position and owner.
struct SequenceAttributes {
  std::string type;  ///< as format_type() says it
  std::int64_t start = 1, increment = 1, min = 1, max = 1, cache = 1;
  bool cycle = false;
  friend bool operator==(const SequenceAttributes&, const SequenceAttributes&) = default;
};

struct SequenceInfo {
  Oid oid{};
  QualifiedName name;
  bool readable = true;
  std::string extension;  ///< when it is an extension's configuration sequence
  SequenceAttributes attributes;
};
std::vector<SequenceInfo> list_sequences(Connection& connection);

/// How COPY is to write rows, or finds them written. Text in binary rows is of the encoding, too.
struct CopyFormat {
  std::string encoding;
  RowFormat rows = RowFormat::text;
};

/// SQL that reads a table's rows. `pages` only for heap tables of PostgreSQL 14 and later.
/// whole table without filter: COPY t (cols) TO STDOUT; else COPY (SELECT cols FROM ONLY t WHERE …) TO
/// STDOUT. In binary it may set client_encoding, in which text then comes; as copy_in_sql(). `generated`:
/// columns to come behind the others, which only a SELECT can read (core/stream/generated_rows.h cuts them
/// off).
std::string copy_out_sql(const QualifiedName& name, const std::vector<std::string>& columns,
                         const std::string& filter, const std::optional<PageRange>& pages,
                         const CopyFormat& format, const std::vector<std::string>& generated = {});
/// SQL that reads a materialized view's rows, which COPY takes from no more than a SELECT.
std::string copy_view_out_sql(const QualifiedName& name, const std::vector<std::string>& columns,
                              const CopyFormat& format);
/// SQL that reads a partitioned table's rows, of all its partitions.
std::string copy_tree_out_sql(const QualifiedName& root, const std::vector<std::string>& columns,
                              const CopyFormat& format);
/// SQL that tells the ctid of the row that follows so many in the order in which that COPY gives them.
std::string row_after_sql(std::uint64_t rows, const QualifiedName& name, const std::string& filter,
                          const std::optional<PageRange>& pages);
std::string copy_in_sql(const QualifiedName& name, const std::vector<std::string>& columns,
                        const CopyFormat& format, bool freeze);

}  // namespace pgassay
