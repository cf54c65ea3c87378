// What a restore could not bring back, and what it did or left alone on purpose. Verdicts are given by kind,
// object and SQLSTATE; the text is for people, and may be reworded at any time.
#pragma once

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace pgassay::restore {

enum class LossKind {
  unknown,            ///< of the record that an older pgassay left, which kept the text only
  object,             ///< of the schema archive
  lacking,            ///< the same, for want of a file, locale, library or extension of the server's host
  privilege,          ///< on an object of the schema archive
  materialized_view,  ///< its rows, for it could not be refreshed
  uncounted,          ///< errors that pg_restore counted and did not name
  role,
  role_membership,
  parameter_privilege,
  database_property,
  rows,  ///< of a part
  extension_rows,
  sequence,
  large_object,  ///< its owner, privileges or comment
  rule,          ///< of a table or a domain that is there, as are its rows: it is NOT VALID, or waived
};
std::string_view to_string(LossKind kind);
/// LossKind::unknown for a word that is none of them: it may be of a newer version.
LossKind parse_loss_kind(std::string_view word);

struct Loss {
  LossKind kind = LossKind::unknown;
  /// As the inventory has it where that is known: for a materialized view, a table or an index
  /// format('%I.%I'), for a constraint format('%I on %I.%I'). For all else that pg_restore could not make the
  /// beginning of its statement. Empty where it is not known.
  std::string object;
  /// The server's; for a failure of pg_restore's, which does not show it, the one that its words stand for
  /// (SchemaProblem). Empty where it is not known.
  std::string sqlstate;
  std::string text;  ///< one line, which names the object
  /// Of what is lost only because something else is: that one's text. It is told beneath it.
  std::string cause = {};
  std::string again = {};  ///< the statement that brings it back, where there is one that can be tried
  std::string mend = {};  ///< the ALTER FUNCTION … SET search_path under which that was tried and succeeded
  friend bool operator==(const Loss&, const Loss&) = default;
};

/// Roles of which something is told to be lost: itself, a membership, a privilege on a setting.
std::set<std::string> roles_told(std::span<const Loss> lost);

/// What the server's host lacks, of all that was lost for that: "…; …", empty where nothing was.
std::string lacking_of_host(std::span<const Loss> lost);

enum class NoteKind {
  unknown,  ///< of the record that an older pgassay left
  role,
  tablespace,
  encoding,
  extension_version,
  left_out,  ///< not in the backup
  harmless,  ///< a failure that takes nothing away
  there_already,
  made,  ///< for it was absent, or because it was asked for
  analyze,
  resumed,
  record,    ///< by which a restore can be gone on with
  triggers,  ///< that did not fire
  large_objects,
  database_property,
  replaced,    ///< of the database whose place is taken
  moved,       ///< rows that are now in another partition
  tool,        ///< words of pg_restore that are not known to be harmless
  owner_code,  ///< of others than superusers, that rows have called
};
std::string_view to_string(NoteKind kind);
NoteKind parse_note_kind(std::string_view word);  ///< NoteKind::unknown as above

struct Note {
  NoteKind kind = NoteKind::unknown;
  std::string object, sqlstate;  ///< as in Loss
  std::string text;
  friend bool operator==(const Note&, const Note&) = default;
};

/// What people read of them.
std::vector<std::string> texts(std::span<const Loss> lost);
std::vector<std::string> texts(std::span<const Note> notes);

}  // namespace pgassay::restore
