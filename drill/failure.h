// What a drill makes of a failure: is the backup bad, or was it the throwaway server?
#pragma once

#include <span>
#include <stop_token>
#include <string>

#include "core/repository/repository.h"
#include "drill/server/throwaway_server.h"
#include "restore/loss.h"

namespace pgassay::drill {

/// Of a failed restore. Throws what it means: Stopped and Locked as they are, BadBackup when the backup is
/// bad, else Unverified. Where the error could be either, the stored bytes are read to find out.
[[noreturn]] void throw_failure(const Error& error, const Repository& repository, const Backup& backup,
                                const ThrowawayServer& server, Observer& observer, std::stop_token stop);
/// The server is to blame: throws Unverified with what to do about it, and shows what the server logged last.
/// Stopped as it is.
[[noreturn]] void throw_server_failure(const Error& error, const ThrowawayServer& server, Observer& observer);
/// The same when it was the server that lost it.
void throw_if_server_failure(const restore::Loss& loss, const ThrowawayServer& server, Observer& observer);

/// The throwaway server's host lacks a file, a locale, a library or an extension that the backup needs, which
/// says nothing about the backup: throws Unverified with what to install.
void throw_if_lacking(std::span<const restore::Loss> lost);

/// Reads all stored bytes of a backup that turned out bad: its findings, and a failed check for each table
/// whose rows are damaged.
void add_damage(const Repository& repository, const Backup& backup, Observer& observer, Evidence& evidence,
                std::stop_token stop);

}  // namespace pgassay::drill
