#include "drill/server_failure.h"

#include <cerrno>

namespace pgassay::drill {

ServerFailure server_failure(std::string_view sqlstate) {
  return server_trouble(sqlstate);
}

ServerFailure server_failure(const Error& error) {
  if (!error.sqlstate().empty()) return server_trouble(error.sqlstate(), error.what());
  if (error.number() == ENOSPC || error.number() == EDQUOT) return ServerFailure::disk;
  return error.number() == ENOMEM ? ServerFailure::memory : ServerFailure::none;
}

ServerFailure server_failure(const restore::Loss& loss) {
  return server_trouble(loss.sqlstate, loss.text);
}

bool wants_another_server(std::string_view sqlstate, const ForeignAccess& foreign) {
  const std::string_view kind = sqlstate.substr(0, 2);
  return kind == "08" || kind == "HV" || (sqlstate == "55000" && foreign.wrappers() > 0);
}

}  // namespace pgassay::drill
