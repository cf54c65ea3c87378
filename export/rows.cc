#include "export/rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/system/cancellation.h"
#include "core/system/error.h"
#include "restore/backup_files.h"
#include "restore/load/part_feed.h"

namespace pgassay::exports {
namespace {

constexpr std::size_t kFlush = 256 << 10;

const Relation& named_table(const Manifest& manifest, const std::string& name) {
  std::vector<const Relation*> found;
  for (const Relation& relation : manifest.relations)
    if (relation.name.shown() == name || relation.name.quoted() == name) return relation;
  for (const Relation& relation : manifest.relations)
    if (relation.name.name == name) found.push_back(&relation);
  if (found.size() == 1) return *found.front();
  if (found.empty())
    throw UsageError("no table " + name + " in the backup", "`pgassay show ID --tables` lists them");
  std::vector<std::string> names;
  for (const Relation* one : found) names.push_back(one->name.shown());
  throw UsageError(fmt::format("several tables are named {}: {}", name, fmt::join(names, ", ")),
                   "name its schema, too");
}

/// The relations that hold the table's rows.
std::vector<const Relation*> leaves_of(const Manifest& manifest, const Relation& table, Observer& observer) {
  if (table.kind != 'p') {
    if (table.data == Data::excluded)
      throw Error("the rows of " + table.name.shown() + " are not in the backup: excluded when it was taken");
    if (table.data == Data::none)
      throw Error(table.name.shown() + " has no rows in the backup: it is a " +
                  (table.kind == 'm' ? "materialized view" : "foreign table"));
    return {&table};
  }
  if (table.root)
    throw UsageError(table.name.shown() + " is a partition that is partitioned itself",
                     "export its root, " + table.root->shown() + ", or its leaves one by one");
  std::vector<const Relation*> leaves;
  for (const Relation& relation : manifest.relations) {
    if (relation.root != table.name || relation.kind == 'p') continue;
    if (relation.data != Data::copied)
      observer.message(Level::warning,
                       "the rows of partition " + relation.name.shown() + " are not in the backup: left out");
    else
      leaves.push_back(&relation);
  }
  return leaves;
}

bool is_ascii(const std::string& text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

void check_format(const Relation& table, ExportFormat format) {
  const bool binary = table.format == RowFormat::binary;
  if (binary == (format == ExportFormat::binary)) return;
  if (binary)
    throw UsageError("the rows of " + table.name.shown() + " are kept in COPY's binary format",
                     "--format binary writes them, for COPY … FROM … WITH (FORMAT binary)");
  throw UsageError("the rows of " + table.name.shown() + " are kept as text",
                   "--format copy or csv writes them; --format binary is for tables of --binary-table");
}

/// The tuples of one part's binary rows, without its header and trailer.
class Tuples : public ChunkSink {
 public:
  explicit Tuples(ChunkSink& out) : out_(out) {}
  void chunk(Bytes bytes) override {
    while (const auto piece = rows_.next(bytes)) out_.chunk(piece->bytes);
  }

 private:
  ChunkSink& out_;
  BinaryRows rows_;
};

/// The manifest's names are UTF-8, or of an SQL_ASCII database the server's bytes.
void check_header(const Manifest& manifest, const Relation& table) {
  if (manifest.encoding == "UTF8" || manifest.encoding == "SQL_ASCII") return;
  if (!std::ranges::all_of(table.columns, is_ascii))
    throw UsageError(fmt::format("the header would not be {} as the rows are: {} has columns with names "
                                 "beyond ASCII",
                                 manifest.encoding, table.name.shown()),
                     "leave --header out; `pgassay show --tables --json` has the names");
}

Exported write_rows(const Backup& backup, const RowExport& what, ChunkSink& out, Observer& observer,
                    const std::stop_token& stop) {
  const Manifest manifest = read_manifest(backup.dir);
  const Relation& table = named_table(manifest, what.table);
  const std::vector<const Relation*> leaves = leaves_of(manifest, table, observer);
  check_format(table, what.format);
  if (what.header) check_header(manifest, table);
  restore::check_files(backup.dir, manifest);
  Exported done{0, 0, manifest.encoding};
  std::uint64_t parts = 0, raw = 0;
  for (const Relation* leaf : leaves)
    for (const Part& part : leaf->parts) ++parts, raw += part.raw;
  observer.phase("data");
  observer.plan(parts, raw);
  const std::vector<std::string>& columns = leaves.empty() ? table.columns : leaves.front()->columns;
  CsvWriter csv(out, columns.size() == 1);
  if (what.header) csv.header(columns);
  ChunkSink& rows = what.format == ExportFormat::csv && !columns.empty() ? csv : out;
  const bool binary = what.format == ExportFormat::binary;
  if (binary) out.chunk(as_bytes(kBinaryHeader));
  for (const Relation* leaf : leaves) {
    for (const Part& part : leaf->parts) {
      throw_if_stopped(stop);
      Tuples tuples(out);
      restore::feed_part(backup.dir, part, binary ? tuples : rows, observer);
      done.rows += part.digest.rows;
      done.raw_bytes += part.raw;
    }
  }
  csv.finish();
  if (binary) out.chunk(as_bytes(kBinaryTrailer));
  return done;
}

}  // namespace

Exported export_rows(const Repository& repository, const Backup& backup, const RowExport& what,
                     ChunkSink& out, Observer& observer, std::stop_token stop) {
  const ReadLease lease = repository.lease(backup);
  return lease.reading([&] { return write_rows(backup, what, out, observer, stop); });
}

void CsvWriter::chunk(Bytes bytes) {
  for (const char c : as_text(bytes)) take(c);
  if (ready_.size() >= kFlush) finish();
}

void CsvWriter::finish() {
  if (!ready_.empty()) out_.chunk(as_bytes(ready_));
  ready_.clear();
}

/// https://www.postgresql.org/docs/current/sql-copy.html, "Text Format"; COPY TO writes no other escapes.
void CsvWriter::take(char c) {
  if (escaped_) {
    escaped_ = false;
    constexpr std::string_view kLetters = "bfnrtv", kBytes = "\b\f\n\r\t\v";
    const auto at = kLetters.find(c);
    null_ = c == 'N' && field_.empty();
    if (!null_) field_.push_back(at == std::string_view::npos ? c : kBytes[at]);
  } else if (c == '\\') {
    escaped_ = true;
  } else if (c == '\t' || c == '\n') {
    end_field(c);
  } else {
    field_.push_back(c);
  }
}

void CsvWriter::end_field(char end) {
  if (!null_) write_field();
  ready_.push_back(end == '\n' ? '\n' : ',');
  null_ = false;
  field_.clear();
  if (ready_.size() >= kFlush) finish();
}

/// Empty text is quoted, for unquoted it is NULL; so is \. where it is alone in its line.
void CsvWriter::write_field() {
  const bool quote = field_.empty() || field_.find_first_of(",\"\n\r") != std::string::npos ||
                     (one_column_ && field_ == "\\.");
  if (!quote) {
    ready_ += field_;
    return;
  }
  ready_.push_back('"');
  for (const char c : field_) {
    if (c == '"') ready_.push_back('"');
    ready_.push_back(c);
  }
  ready_.push_back('"');
}

void CsvWriter::header(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    field_ = name;
    end_field(&name == &names.back() ? '\n' : '\t');
  }
  if (names.empty()) ready_.push_back('\n');
}

void NoEndMarker::chunk(Bytes bytes) {
  const std::string_view text = as_text(bytes);
  for (std::size_t at = 0; at < text.size();) {
    if (backslash_ && text[at] == '.')
      throw BadBackup("a row begins with \\. , which ends the rows for psql and which COPY never writes",
                      "the backup was not written by pgassay alone");
    backslash_ = row_start_ && text[at] == '\\';
    row_start_ = false;
    if (backslash_) {
      ++at;
      continue;
    }
    const auto end = text.find('\n', at);
    row_start_ = end != std::string_view::npos;
    at = row_start_ ? end + 1 : text.size();
  }
  // A backslash at the chunk's end has been passed on by then: alone it is no harm.
  out_.chunk(bytes);
}

}  // namespace pgassay::exports
