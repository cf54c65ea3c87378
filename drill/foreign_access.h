// Foreign tables of a restored database, put out of reach: a drill must neither read another server nor start
// the programs that file_fdw may name.
#pragma once

#include <string>
#include <vector>

#include "core/postgres/connection.h"

namespace pgassay::drill {

class ForeignAccess {
 public:
  /// Takes the handlers away from the database's foreign-data wrappers: whoever reads a foreign table is told
  /// that its wrapper has none (SQLSTATE 55000). Wants a superuser, before anything reads one.
  void cut(Connection& connection);
  /// Gives them back in the connection's transaction: who compares definitions wants to see the wrappers as
  /// they were restored. To be rolled back.
  void give_back(Connection& connection) const;
  std::size_t wrappers() const { return handlers_.size(); }

 private:
  struct Handler {
    std::string wrapper, function;  ///< oids
  };
  std::vector<Handler> handlers_;
};

}  // namespace pgassay::drill
