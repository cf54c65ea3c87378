// The server in a container: where it is, who may come in, and its own pg_dump, found out from the container,
// so that its name is all that has to be said.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "backup/backup.h"
#include "backup/find_container.h"

namespace pgassay {

/// As the server itself says it (postmaster.pid); else what is usual.
struct ServerInside {
  unsigned port = 5432;
  std::string socket_dir;  ///< absolute; empty: none
  std::string listens;     ///< "*", an address; empty: on no TCP port
};
/// Of its file's lines; nothing when they are none.
std::optional<ServerInside> parse_postmaster_pid(std::string_view text);

/// Where a server may be reached from this host.
struct ContainerAddress {
  std::string host;  ///< numeric, or a directory with a socket
  unsigned port;
  std::string shown() const;
  bool operator==(const ContainerAddress&) const = default;
};
/// In the order to be tried: published ports, addresses on its networks, sockets in its mounts. `network` is
/// the container whose network it has: its own, or another's.
std::vector<ContainerAddress> addresses_of(const InspectedContainer& container,
                                           const InspectedContainer& network, const ServerInside& inside);

/// Sets what `options.connection` does not say yet (address, user, database, password), and the container's
/// pg_dump; makes sure that it can be connected to, and clears `options.container`. Nothing where none is
/// named. Throws as find_container, and Error when no address answers or the password is not known.
void reach_container(BackupOptions& options, Observer& observer, const std::stop_token& stop);

}  // namespace pgassay
