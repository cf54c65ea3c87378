// The manifest: all about a backup, in one JSON file that never changes. docs/repository-format.md and
// docs/manifest.schema.json describe it; format 1.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/postgres/catalog.h"
#include "core/postgres/roles.h"
#include "core/postgres/source_facts.h"
#include "core/postgres/types.h"
#include "core/stream/generated_rows.h"
#include "core/stream/part.h"
#include "core/system/clock.h"
#include "core/system/error.h"

namespace pgassay {

inline constexpr int kManifestFormat = 1;

struct BackupId {
  std::string source, database, stamp;  ///< stamp: 20261123T020000Z, -2 on a tie
  std::string shown() const { return source + "/" + database + "/" + stamp; }
  friend auto operator<=>(const BackupId&, const BackupId&) = default;
};

/// Why a relation has no rows in the backup.
enum class Data { copied, excluded, none };

struct Relation {
  QualifiedName name;
  Oid oid{};        ///< in the source, which is its entry's in the schema archive too; none: an older backup
  char kind = 'r';  ///< r, p (its digest is the sum of its leaves), m, f
  bool unlogged = false;
  Data data = Data::copied;
  RowFormat format = RowFormat::text;  ///< of its parts; of a partitioned table: of its partitions'
  std::vector<std::string> columns;    ///< as copied, in order
  std::vector<std::string> types;      ///< of the columns, as format_type() says them; empty: an older backup
  std::vector<GeneratedColumn> generated;
  /// Of the rows with those of its generated columns that are stored, in the order of `generated`; of a
  /// partitioned table the sum of its leaves'. Absent: there are none, or an older backup.
  std::optional<GeneratedDigest> generated_digest;
  std::optional<QualifiedName> root;       ///< of a partition: the topmost partitioned table
  bool via_root = false;                   ///< load its rows through the root
  bool populated = true;                   ///< of a materialized view
  std::optional<RowDigest> contents = {};  ///< of a materialized view, where it was asked for; none is stored
  std::string extension, filter;  ///< of an extension's configuration table; filter: "WHERE …" or empty
  RowDigest digest;
  std::vector<Part> parts;  ///< their rows, one after another, are the table's

  std::uint64_t raw_bytes() const;     ///< of COPY's output
  std::uint64_t stored_bytes() const;  ///< of the files
};

struct Sequence {
  QualifiedName name;
  Oid oid{};  ///< as a relation's
  std::int64_t last_value = 0;
  bool is_called = false;
  std::string extension;
  std::optional<SequenceAttributes> attributes = {};  ///< absent: an older backup
};

/// Rows of the data parts: (loid, pageno, data) as in pg_largeobject, ordered. Of the metadata part:
/// (loid, owner, comment, privileges as a JSON array of {grantee, privilege, grantable}).
struct LargeObjects {
  std::uint64_t count = 0;
  RowDigest digest;  ///< of the data rows
  std::vector<Part> parts;
  std::optional<Part> metadata;
};

struct StoredFile {
  std::string file;
  std::uint64_t stored = 0;
  Sha256 sha;
};

/// Maybe sound, but not to be read by this pgassay.
class NewerFormat : public ErrorAs<NewerFormat, ErrorKind::newer_format, BadBackup> {
 public:
  using ErrorAs::ErrorAs;
};

struct LeftOut {
  std::string what, why;
};
/// LeftOut::what of a backup whose inventory may hold what came after its snapshot.
inline constexpr const char* kInventoryInDoubt = "certainty of the inventory";

/// What pg_dump or pg_dumpall said that no template of harmless words fits: it may have left something out.
struct ToolWords {
  std::string tool, line;
  std::string shown() const { return tool + " said: " + line; }
};

struct PhaseTime {
  std::string name;
  double seconds = 0;
};

/// What list and show need; it comes first in the file, so that reading it stops early.
struct ManifestSummary {
  int format = kManifestFormat;
  BackupId id;
  std::string label;
  std::string tool_version, pg_dump_version;
  int pg_dump_version_num = 0;
  Snapshot snapshot;
  Time started, finished;
  Time full_since;                                               ///< when parts were last all stored anew
  std::uint64_t raw_bytes = 0, stored_bytes = 0, new_bytes = 0;  ///< new: not hard links into an older backup
  std::uint64_t rows = 0, tables = 0;
};

struct Manifest {
  ManifestSummary summary;
  ServerFacts server;
  DatabaseProperties database;
  std::map<std::string, std::string> session;  ///< settings that the rows were read under
  std::string encoding;                        ///< of the rows
  std::vector<ExtensionInfo> extensions;
  std::vector<LeftOut> left_out;
  std::vector<ToolWords> tools_said;
  std::vector<PhaseTime> phases;
  bool role_passwords = true;  ///< globals.sql holds them
  /// What globals.sql makes of each role, for comparison. Absent: an older backup, or its roles are left out.
  std::optional<std::vector<RoleFacts>> roles;
  std::vector<StoredFile> files;  ///< schema.pgdump, globals.sql, inventory.jsonl.zst
  LargeObjects large_objects;
  std::vector<Sequence> sequences;
  std::vector<Relation> relations;

  const Relation* find(const QualifiedName& name) const;  ///< linear
  /// What the summary has to say. Bytes: of every file that stored_files() names, rows and tables: of
  /// relations that have rows of their own and were copied (large objects' pages are no rows).
  struct Sums {
    std::uint64_t raw_bytes = 0, stored_bytes = 0, rows = 0, tables = 0;
    bool overflow = false;  ///< a sum of the manifest's numbers passes 2^64
  };
  Sums sums() const;
  /// Every file but manifest.json and SHA256SUMS, sorted by name.
  std::vector<StoredFile> stored_files() const;
};

/// Written relation by relation: memory does not grow with their number. Fixed key order, same input, same
/// bytes.
void write_manifest(const Manifest& manifest, const std::function<void(std::string_view)>& out);
/// Throws BadBackup: not JSON, a field missing or of another type, a newer format ("written by a newer
/// pgassay"), or a contradiction.
Manifest parse_manifest(std::string_view json, const Path& name_for_errors);
/// The same, but contradictions are the caller's to look for. File names in it may lead anywhere
/// (is_safe_file).
Manifest decode_manifest(std::string_view json, const Path& name_for_errors);
/// Reads only up to the summary's end; the text may be cut anywhere after it.
ManifestSummary parse_manifest_summary(std::string_view json, const Path& name_for_errors);

struct Contradiction {
  std::string where, detail;  ///< where: the file, relation or field concerned
};
/// What in a manifest cannot be true together: file names that leave the directory or stand there twice, page
/// ranges that leave holes, parts whose rows or digests do not sum up to their relation's, leaves not to
/// their root's.
std::vector<Contradiction> contradictions(const Manifest& manifest);

/// The contents of SHA256SUMS, as `sha256sum -c` reads it: manifest.json first, then stored_files().
std::string sha256sums(const Manifest& manifest, const Sha256& manifest_sha);

}  // namespace pgassay
