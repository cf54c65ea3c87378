// Room on the server's disk, as far as it can be known from here: SQL does not tell, but where the server is
// on this host its directories can be looked at.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/postgres/connection.h"
#include "core/system/fd.h"

namespace pgassay::restore {

struct ServerDisk {
  std::optional<std::uint64_t> free;  ///< bytes; none: not known
  Path dir;                           ///< that was looked at
  std::string why;                    ///< it is not known
};

/// Of the directory that a database in this tablespace (empty: pg_default) is kept in. That the directory is
/// the server's own, and not one of the same name on this host, is seen by the system identifier in its
/// control file.
ServerDisk look_at_server_disk(Connection& connection, const std::string& tablespace);

}  // namespace pgassay::restore
