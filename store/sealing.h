// Encryption, by the age program (https://age-encryption.org): what it writes, stock age opens.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "core/system/fd.h"

namespace pgassay::store {

/// The X25519 pair of a store key. The identity is a secret: it goes to age over a descriptor, and is never
/// in argv, the environment, or on disk unencrypted.
struct KeyPair {
  std::string recipient;  ///< "age1…"
  std::string identity;   ///< "AGE-SECRET-KEY-1…"
};
KeyPair make_key_pair(const std::stop_token& stop);

/// Throws UsageError when age refuses one of the recipients.
std::string wrap(const std::string& text, const std::vector<std::string>& recipients,
                 const std::stop_token& stop);
/// Throws Unverified when the file is not there, or opens nothing of it. age may ask for a passphrase, or
/// have a plug-in ask.
std::string unwrap(const std::string& wrapped, const Path& identity_file, const std::string& name_for_errors,
                   const std::stop_token& stop);

/// An anonymous file with what `plain` holds, encrypted.
Fd seal(const Fd& plain, const std::string& recipient, const std::stop_token& stop);
/// And back. Throws BadBackup when it can't be opened with the identity.
Fd unseal(const Fd& sealed, const std::string& identity, const std::string& name_for_errors,
          const std::stop_token& stop);

}  // namespace pgassay::store
