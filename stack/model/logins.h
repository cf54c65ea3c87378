// How the services of a stack log in to its database, as far as compose's files say so.
#pragma once

#include <string>
#include <vector>

#include "stack/model/compose_model.h"

namespace pgassay::stack {

struct DatabaseLogin {
  std::string service, variable;  ///< of that service's environment: the one that holds the password
  std::string user, password;     ///< a secret: told to nobody
  bool first_user = false;        ///< the image makes it, with this password, on an empty volume alone
};

/// The first user of the database's image (POSTGRES_USER, POSTGRES_PASSWORD), and who logs in to the service
/// by one of its names in a URL (postgresql://…, with a driver or without) or in PGHOST, PGUSER and
/// PGPASSWORD. Each user and password once. A URL that can't be read says nothing: check 4 tells of it.
std::vector<DatabaseLogin> logins_of(const ComposeModel& model, const std::string& database_service);

}  // namespace pgassay::stack
