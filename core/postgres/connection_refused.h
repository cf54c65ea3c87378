// A server, or a pooler, that answered and would have no session with us.
#pragma once

#include <string>
#include <utility>

#include "core/postgres/connection.h"

namespace pgassay {

/// SQLSTATE: the password is wrong, or there is none and one is wanted.
inline constexpr char kWrongPassword[] = "28P01";

/// Connection::open() throws it where the refusal has an SQLSTATE.
class ConnectionRefused : public ErrorAs<ConnectionRefused, ErrorKind::connection_lost, ConnectionLost> {
 public:
  /// Of several hosts: the SQLSTATE of the last one.
  ConnectionRefused(std::string what, std::string hint, std::string sqlstate)
      : ErrorAs(Facts{.what = std::move(what),
                      .hint = std::move(hint),
                      .kind = ErrorKind::connection_lost,
                      .sqlstate = std::move(sqlstate)}) {}
  bool by_password() const { return sqlstate() == kWrongPassword; }
};

/// What libpq says of a failed connection with PQERRORS_VERBOSE, as it would say it without, and the SQLSTATE
/// of the last refusal in it: libpq gives it nowhere else. Empty: it was no server that failed it.
std::pair<std::string, std::string> without_sqlstate(std::string words);

}  // namespace pgassay
