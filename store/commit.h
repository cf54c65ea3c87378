// The commit object: it is written last, and a backup without one is not in the store.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/repository/manifest.h"
#include "core/stream/sha256.h"

namespace pgassay::store {

inline constexpr int kStoreFormat = 1;

/// An object as a commit object names it: its stored bytes, encrypted or not.
struct Bound {
  std::string name;  ///< below the store's root
  std::uint64_t bytes = 0;
  Sha256 sha;
  friend bool operator==(const Bound&, const Bound&) = default;
};

struct Commit {
  std::string repository;
  BackupId id;
  Time taken, pushed;
  std::string tool_version;
  unsigned key = 0;  ///< number of the store key that all its objects are encrypted to; 0: in clear
  Bound files;       ///< the pack of manifest.json and all but the rows
  std::vector<Bound> parts;

  std::uint64_t bytes() const;
};

/// 32 bytes that only the repository, and who can open the store key, knows: of the names of parts and of the
/// MAC of commit objects.
struct NamingKey {
  std::string bytes;
  std::string hex() const;
  friend bool operator==(const NamingKey&, const NamingKey&) = default;
  static NamingKey parse(std::string_view hex);  ///< throws Error
};
std::string hmac_hex(const NamingKey& key, std::string_view text);  ///< HMAC-SHA-256

/// Given the text that is to be signed, its signature; null: none is made.
using Signer = std::function<std::string(const std::string&)>;
std::string to_json(const Commit& commit, const NamingKey& key, const Signer& signer = nullptr);
/// Throws BadBackup when it is damaged, or its MAC is not the key's; NewerFormat. Without a key the MAC is
/// not looked at.
Commit parse_commit(const std::string& text, const std::string& name_for_errors, const NamingKey* key);

/// What is signed of a commit object, and its signature; nothing: it has none. The MAC covers both.
struct Signed {
  std::string text, signature;
};
std::optional<Signed> signed_part(const std::string& text);

/// Where the bytes of a file of the backup are.
struct Placed {
  std::string file;
  std::uint64_t bytes = 0;
  Sha256 sha;                ///< of the file
  std::string object;        ///< name of the object
  std::uint64_t offset = 0;  ///< in the object, once it is decrypted
};
inline constexpr const char* kIndexFile = "index.json";
/// index.json, a member of the pack of files: a line for each file that is in none.
std::string index_json(const BackupId& id, const std::vector<Placed>& files);
std::vector<Placed> parse_index(const std::string& text, const std::string& name_for_errors);

}  // namespace pgassay::store
