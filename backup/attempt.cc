#include "backup/attempt.h"

#include <string_view>

namespace pgassay::backup {
namespace {

constexpr std::string_view kUndefinedTable = "42P01", kInvalidSchema = "3F000", kDeadlock = "40P01",
                           kSerializationFailure = "40001", kOutOfMemory = "53200",
                           kProgramLimitExceeded = "54000", kDataCorrupted = "XX001",
                           kIndexCorrupted = "XX002",
                           kDivisionByZero = "22012";  // of PlannedPart::check

}  // namespace

bool is_worth_another_attempt(const Error& error, bool standby) {
  if (error.is(ErrorKind::try_again, ErrorKind::schema_blocked)) return true;
  if (!standby) return false;
  // Whoever notices first: a session that was idle just then, one in a statement, or one whose snapshot went
  // with the leader's session. (What pg_dump notices is a TryAgain by then.)
  constexpr std::string_view kInvalidParameterValue = "22023";
  return error.is(ErrorKind::connection_lost) || error.sqlstate() == kSerializationFailure ||
         error.sqlstate() == kInvalidParameterValue;
}

bool is_too_long_a_row(const ServerError& error) {
  if (error.sqlstate() == kProgramLimitExceeded) return true;  // of StringInfo
  // palloc has no SQLSTATE of its own, and its words are never translated.
  return error.sqlstate() == kInternalError &&
         std::string_view(error.what()).find("invalid memory alloc request size") != std::string_view::npos;
}

void throw_for(const std::string& object, const ServerError& error) {
  for (std::string_view state : {kLockNotAvailable, kUndefinedTable, kInvalidSchema, kDeadlock,
                                 kSerializationFailure, kDivisionByZero}) {
    if (error.sqlstate() == state) throw TryAgain(object + ": " + error.what(), error.hint(), error);
  }
  const auto named = error.with_context(object);
  // The server's hint names the parameter, in whatever language.
  if (error.sqlstate() == kOutOfMemory && error.hint().find("max_locks_per_transaction") != std::string::npos)
    named->with_hint("raise max_locks_per_transaction on the server")->raise();
  if (error.sqlstate() == kDataCorrupted || error.sqlstate() == kIndexCorrupted)
    named
        ->with_hint(
            "the server's own copy is damaged, and earlier backups may have what it was: copy the data "
            "directory "
            "of the stopped server first; --exclude-table-data TABLE backs up all else meanwhile")
        ->raise();
  named->raise();
}

}  // namespace pgassay::backup
