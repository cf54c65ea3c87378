// Reaching a throwaway server: the same for every engine.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "core/postgres/connection.h"
#include "core/system/fd.h"
#include "drill/server/whom.h"

namespace pgassay::drill {

/// Throws Unverified when PGHOSTADDR, which no parameter overrides, would lead libpq elsewhere.
void check_environment();

/// Database postgres, over the socket in that directory, as that superuser. `proof`: see ThrowawayProof.
ConnInfo throwaway_conninfo(const Path& socket_dir, const Login& login,
                            std::shared_ptr<const ServerProof> proof);

struct ReadyServer {
  int version = 0;
  std::string version_text;
};

/// Waits until it takes connections, and is the one meant: with this listen_addresses, which the server that
/// an image's entrypoint runs for a while to set the cluster up does not have. `look` throws when it won't
/// come any more, and returns a number that is another one whenever it has got on. Throws Unverified when it
/// has not got on for two minutes, and what the proof of `conninfo` throws.
ReadyServer wait_until_ready(const ConnInfo& conninfo, const std::string& listen_addresses,
                             const std::function<std::uint64_t()>& look, std::stop_token stop);

/// Does the log of an image's container say that the server itself is up? The entrypoint's temporary server
/// says so too, before "init process complete".
bool says_ready_after_init(const std::string& log);

/// sun_path is 108 bytes: throws Unverified when a server could not serve a socket in that directory.
void check_socket_path(const Path& socket_dir);

}  // namespace pgassay::drill
