// Where a server in a container may be reached from this host.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/container/inspected.h"

namespace pgassay::source {

/// 0: it is none.
unsigned parse_port(std::string_view text);

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

/// Does anybody accept connections there?
bool answers(const ContainerAddress& address, const std::stop_token& stop);

}  // namespace pgassay::source
