// What is in a schema archive, as `pg_restore --list --verbose` tells it: the entries, and which need which.
#pragma once

#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/postgres/pg_tool.h"
#include "core/postgres/types.h"
#include "core/system/place.h"

namespace pgassay::restore {

struct ArchiveEntry {
  int id = 0;              ///< what a list for pg_restore -L names it by
  Oid catalog{}, oid{};    ///< the system catalog that the object is in, and its oid there; none: no object
  std::string kind;        ///< "TABLE", "FK CONSTRAINT", …
  std::string text;        ///< "SCHEMA NAME OWNER", with a hyphen for no schema, and line feeds as blanks
  std::vector<int> needs;  ///< entries, of which some may not be in the archive
  bool is(std::string_view a_kind) const { return kind == a_kind; }
  /// Does the text begin with this schema and name? Where names hold blanks, others may, too.
  bool names(const QualifiedName& name) const;
  /// The text of an entry of that name that tells no owner.
  static std::string text_of(const QualifiedName& name);
};

/// In the archive's order, which is one that they can be restored in.
std::vector<ArchiveEntry> read_archive_list(std::string_view text);
/// Throws BadBackup when the archive can't be read.
std::vector<ArchiveEntry> list_archive(const PgTool& pg_restore, const Place& archive, std::stop_token stop);

}  // namespace pgassay::restore
