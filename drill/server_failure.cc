#include "drill/server_failure.h"

#include <cerrno>

namespace pgassay::drill {
namespace {

/// A full quota is an internal error for the server, which has no SQLSTATE for it; the words are those of the
/// C library.
bool is_full_quota(std::string_view sqlstate, std::string_view words) {
  return sqlstate == "XX000" && words.find("Disk quota exceeded") != std::string_view::npos;
}

}  // namespace

// https://www.postgresql.org/docs/current/errcodes-appendix.html
ServerFailure server_failure(std::string_view sqlstate) {
  if (sqlstate == "53100") return ServerFailure::disk;
  if (sqlstate == "53200") return ServerFailure::memory;
  const std::string_view kind = sqlstate.substr(0, 2);
  return kind == "53" || kind == "57" || kind == "58" ? ServerFailure::other : ServerFailure::none;
}

ServerFailure server_failure(const Error& error) {
  if (is_full_quota(error.sqlstate(), error.what())) return ServerFailure::disk;
  if (!error.sqlstate().empty()) return server_failure(error.sqlstate());
  if (error.number() == ENOSPC || error.number() == EDQUOT) return ServerFailure::disk;
  return error.number() == ENOMEM ? ServerFailure::memory : ServerFailure::none;
}

ServerFailure server_failure(const restore::Loss& loss) {
  return is_full_quota(loss.sqlstate, loss.text) ? ServerFailure::disk : server_failure(loss.sqlstate);
}

bool wants_another_server(std::string_view sqlstate, const ForeignAccess& foreign) {
  const std::string_view kind = sqlstate.substr(0, 2);
  return kind == "08" || kind == "HV" || (sqlstate == "55000" && foreign.wrappers() > 0);
}

}  // namespace pgassay::drill
