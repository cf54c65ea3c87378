// A server, or a pooler, that answered and would have no session with us.
#pragma once

#include <string>
#include <utility>

#include "core/postgres/connection.h"

namespace pgassay {

/// Connection::open() throws it where the refusal has an SQLSTATE.
class ConnectionRefused : public ConnectionLost {
 public:
  ConnectionRefused(const std::string& what, std::string hint, std::string sqlstate)
      : ConnectionLost(what, std::move(hint)), refused_by_(std::move(sqlstate)) {}
  /// Of several hosts: the last one's.
  const std::string& refused_by() const { return refused_by_; }
  /// The password is wrong, or there is none and one is wanted.
  bool by_password() const { return refused_by_ == "28P01"; }

 private:
  std::string refused_by_;
};

/// What libpq says of a failed connection with PQERRORS_VERBOSE, as it would say it without, and the SQLSTATE
/// of the last refusal in it: libpq gives it nowhere else. Empty: it was no server that failed it.
std::pair<std::string, std::string> without_sqlstate(std::string words);

}  // namespace pgassay
