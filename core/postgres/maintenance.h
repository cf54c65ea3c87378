// Where the databases of a server are listed, made and renamed from: the server may lack any of those that
// are there by custom.
#pragma once

#include <stop_token>
#include <string_view>

#include "core/postgres/connection.h"

namespace pgassay {

/// Does it, a service file or the environment name a database?
bool names_a_database(const ConnInfo& info);

/// The same with the database that is named, by itself or by the environment; where none is, or it is to be
/// avoided, with "postgres", else "template1", as pg_dumpall does, else the one of the user's name, which is
/// libpq's default: the first that takes a connection. Throws as Connection::open(), of several refusals the
/// first; Refused when there is none but the one to be avoided.
ConnInfo maintenance_database(const ConnInfo& info, std::string_view application_name, std::stop_token stop,
                              std::string_view avoid = {});

}  // namespace pgassay
