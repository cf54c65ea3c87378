// Rows of a backup on their way out, as COPY text, as CSV or in COPY's binary format.
#pragma once

#include <stop_token>
#include <string>

#include "core/repository/repository.h"
#include "core/system/observer.h"

namespace pgassay::exports {

enum class ExportFormat { copy, csv, binary };

struct RowExport {
  std::string table;  ///< SCHEMA.TABLE, or a table's name where only one schema has it
  ExportFormat format = ExportFormat::copy;
  bool header = false;  ///< of csv: the columns' names come first
};

struct Exported {
  std::uint64_t rows = 0, raw_bytes = 0;
  std::string encoding;  ///< of what was written
};

/// The rows of one table, or of all leaves of a partitioned one in its own columns' order, byte for byte what
/// COPY … TO would write. Each part is compared with the manifest once it was written: BadBackup means that
/// what was written last is not to be trusted. Throws UsageError when there is no such table or its rows are
/// kept in another format (binary, or text, of which copy and csv are made), Error when its rows are not in
/// the backup.
Exported export_rows(const Repository& repository, const Backup& backup, const RowExport& what,
                     ChunkSink& out, Observer& observer, std::stop_token stop);

/// COPY text of at least one column in, CSV out: what COPY … (FORMAT csv) writes, byte for byte. Memory: the
/// longest field.
class CsvWriter : public ChunkSink {
 public:
  CsvWriter(ChunkSink& out, bool one_column) : out_(out), one_column_(one_column) {}
  void chunk(Bytes bytes) override;
  /// One line of names.
  void header(const std::vector<std::string>& names);
  /// Passes on what is left.
  void finish();

 private:
  void take(char c);
  void end_field(char end);
  void write_field();

  ChunkSink& out_;
  std::string field_, ready_;
  bool one_column_, escaped_ = false, null_ = false;
};

/// Passes COPY text on and throws BadBackup at a row that psql would take for the end of the data, which COPY
/// never writes.
class NoEndMarker : public ChunkSink {
 public:
  explicit NoEndMarker(ChunkSink& out) : out_(out) {}
  void chunk(Bytes bytes) override;

 private:
  ChunkSink& out_;
  bool row_start_ = true, backslash_ = false;
};

}  // namespace pgassay::exports
