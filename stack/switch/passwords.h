// Are the new stack's passwords those of the roles that it will find in its database? Tried on servers that
// run, before anything is stopped.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "core/postgres/connection.h"
#include "core/system/observer.h"
#include "stack/model/logins.h"

namespace pgassay::stack {

inline constexpr char kOfVolumesPassword[] =
    "its volume was made with another one, and POSTGRES_PASSWORD counts only then: write that one into the "
    "env "
    "file, or ALTER ROLE … PASSWORD in it, or give the new stack another volume";

/// A server with the roles that there will be.
struct LoginServer {
  ConnInfo connection;  ///< of somebody who may come in
  std::string shown;    ///< "the new database"
  std::string hint;     ///< what to do about a password that is another one there
};

/// Each login is tried at the first of the servers that has its role. Throws Refused where a server wants
/// another password. A server that is not reached over TCP, or does not ask for a password, tells nothing.
/// Returns how many came in by a password of theirs.
int try_logins(const std::vector<DatabaseLogin>& logins, const std::vector<LoginServer>& servers,
               const std::stop_token& stop);

}  // namespace pgassay::stack
