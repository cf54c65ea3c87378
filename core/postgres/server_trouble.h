// Which errors are the server's own trouble, and say nothing about what it was asked to do.
#pragma once

#include <string_view>

namespace pgassay {

/// What the server has run out of. `other`: locks or connections, a shutdown, a disk or pages that cannot be
/// read.
enum class ServerTrouble { none, disk, memory, other };

/// The list is closed: every SQLSTATE that is not on it, also one that an application made up, tells of the
/// object that the statement is about, and other objects may fare better. `words`, the message, counts for
/// one case alone, for which PostgreSQL has no SQLSTATE: a full quota.
ServerTrouble server_trouble(std::string_view sqlstate, std::string_view words = {});

inline bool is_server_trouble(std::string_view sqlstate, std::string_view words = {}) {
  return server_trouble(sqlstate, words) != ServerTrouble::none;
}

}  // namespace pgassay
