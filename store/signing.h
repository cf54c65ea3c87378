// Signatures of commit objects, by ssh-keygen -Y (OpenSSH): a stock tool on every auditor's machine checks
// them.
#pragma once

#include <stop_token>
#include <string>

#include "core/system/fd.h"

namespace pgassay::store {

/// The armored signature of the text in the namespace "pgassay". `key`: a secret SSH key, or a public one
/// whose other half an agent holds. Throws Error.
std::string sign_by_ssh(const std::string& text, const Path& key, const std::stop_token& stop);

/// The principal of the allowed_signers file (ssh-keygen(1), ALLOWED SIGNERS) that made it. Throws BadBackup
/// when none of them has.
std::string signer_of(const std::string& text, const std::string& signature, const Path& allowed_signers,
                      const std::string& name_for_errors, const std::stop_token& stop);

}  // namespace pgassay::store
