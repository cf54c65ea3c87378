// What went wrong with the throwaway server itself, and so says nothing about the backup.
#pragma once

#include <string_view>

#include "core/postgres/connection.h"
#include "core/postgres/server_trouble.h"
#include "drill/foreign_access.h"
#include "restore/loss.h"

namespace pgassay::drill {

using ServerFailure = ServerTrouble;

/// `none` where the SQLSTATE is of what the server was asked to do.
ServerFailure server_failure(std::string_view sqlstate);
/// The same of an error, or of a loss, that may also be of a system call on our side.
ServerFailure server_failure(const Error& error);
ServerFailure server_failure(const restore::Loss& loss);
inline bool is_server_failure(std::string_view sqlstate) {
  return server_failure(sqlstate) != ServerFailure::none;
}
/// Does an SQLSTATE tell that a statement failed for want of another server, or of a foreign table? Where
/// wrappers were cut off, 55000 may also come from elsewhere: it proves nothing then.
bool wants_another_server(std::string_view sqlstate, const ForeignAccess& foreign);

}  // namespace pgassay::drill
