// How a throwaway server is set up, the same for every engine: nothing flushed to disk, nothing running by
// itself, sized from memory.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "drill/server/throwaway_server.h"

namespace pgassay::drill {

inline constexpr std::uint64_t kMiB = 1 << 20;

using Settings = std::map<std::string, std::string>;

/// Of a server that may use so many bytes of memory, and so many for WAL, wherever its data is.
Settings throwaway_settings(const ThrowawayRequest& request, std::uint64_t memory_bytes,
                            std::uint64_t wal_bytes);

/// {"-c", "name=value", …}: on the command line nothing that is restored can override them.
std::vector<std::string> as_arguments(const Settings& settings);

/// What the server may use: request.memory_bytes, else half of what is free on this host (or in our control
/// group). Throws Unverified when that is too little for any server.
std::uint64_t memory_for(const ThrowawayRequest& request);

/// What the data will need at least, by what was read from the source: rows, indexes, a fresh cluster.
std::uint64_t bytes_needed(const ThrowawayRequest& request);

/// The free bytes where the data will be. Throws Unverified with the hint when they are too few.
std::uint64_t check_room(const Path& data, const ThrowawayRequest& request, const std::string& hint);

/// What a server's log says about why it did not start or did not live: its last FATAL, PANIC or ERROR, else
/// its last line.
std::string last_complaint(const std::string& log);
/// The library that could not be loaded, by the same log; empty: that was not why.
std::string missing_library(const std::string& log);
/// Unverified for a server that ended instead of getting ready. `where`: "this host's PostgreSQL 15", "image
/// postgres:15".
[[noreturn]] void throw_start_failure(const std::string& where, const std::string& log);

}  // namespace pgassay::drill
