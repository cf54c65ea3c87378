// The server in a container: where it is, who may come in, and its own pg_dump, found out from the container,
// so that its name is all that has to be said.
#pragma once

#include <optional>
#include <stop_token>

#include "core/postgres/connection.h"
#include "core/postgres/pg_tool.h"
#include "core/system/observer.h"
#include "source/find_container.h"

namespace pgassay::source {

/// A server as it can be reached from here.
struct Server {
  ConnInfo connection;
  std::optional<PgTool> pg_dump;  ///< the container's own; absent: the server is in no container
};

/// Finds out from the container what `connection` does not say (address, user, database, password), and its
/// pg_dump, and makes sure that it can be connected to. Where no container is given, `connection` is returned
/// as it is. Throws as find_container, and Error when no address answers or the password is not known.
Server reach(const ConnInfo& connection, const ContainerName& container, Observer& observer,
             const std::stop_token& stop);

}  // namespace pgassay::source
