// Reaching a throwaway server: the same for every engine.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "core/postgres/connection.h"
#include "core/system/files.h"

namespace pgassay::drill {

/// Throws Unverified when PGHOSTADDR, which no parameter overrides, would lead libpq elsewhere.
void check_environment();

/// Superuser postgres, database postgres, over the socket in that directory.
ConnInfo throwaway_conninfo(const Path& socket_dir);

struct ReadyServer {
  int version = 0;
  std::string version_text;
};

/// Waits until it takes connections on that socket, and is the one meant: with this listen_addresses, which
/// the server that an image's entrypoint runs for a while to set the cluster up does not have. `check_alive`
/// throws when it won't come any more. Throws Unverified after two minutes, or when something else answers
/// there.
ReadyServer wait_until_ready(const Path& socket_dir, const std::string& listen_addresses,
                             const std::function<void()>& check_alive, std::stop_token stop);

/// sun_path is 108 bytes: throws Unverified when a server could not serve a socket in that directory.
void check_socket_path(const Path& socket_dir);

}  // namespace pgassay::drill
