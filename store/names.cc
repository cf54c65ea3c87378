#include "store/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/repository/identity.h"
#include "core/repository/layout.h"
#include "core/repository/names.h"
#include "core/system/split.h"

namespace pgassay::store {
namespace {

constexpr std::size_t kRandomBytes = 6;

}  // namespace

std::string marker_name(const std::string& repository) {
  return fmt::format("{}/{}", repository, kMarkerFile);
}

std::string key_name(const std::string& repository, const WrappedKey& key) {
  return fmt::format("{}/keys/{}{}.age", repository, key.number,
                     key.edition == 1 ? "" : fmt::format(".{}", key.edition));
}

std::vector<WrappedKey> wrapped_keys(Store& store, const std::string& repository,
                                     const std::stop_token& stop) {
  std::vector<WrappedKey> found;
  const std::string prefix = repository + "/keys/";
  for (const StoredObject& object : store.list(prefix, Depth::all, stop).objects) {
    const std::vector<std::string> words = split(object.name.substr(prefix.size()), '.');
    WrappedKey key;
    const auto read = [](const std::string& digits, unsigned& number) {
      return std::from_chars(digits.data(), digits.data() + digits.size(), number).ec == std::errc();
    };
    if (words.size() < 2 || !read(words[0], key.number)) continue;
    if (words.size() == 3 && !read(words[1], key.edition)) continue;
    if (key_name(repository, key) == object.name) found.push_back(key);
  }
  std::ranges::sort(found);
  return found;
}

std::string parts_prefix(const std::string& repository) {
  return repository + "/parts/";
}

std::string backups_prefix(const std::string& repository) {
  return repository + "/backups/";
}

std::string store_home_of(const std::string& repository, const BackupId& id) {
  return fmt::format("{}{}/{}/{}/", backups_prefix(repository), encode_name(id.source),
                     encode_name(id.database), id.stamp);
}

std::string commit_name(const std::string& repository, const BackupId& id) {
  return store_home_of(repository, id) + std::string(kCommitFile);
}

std::optional<BackupId> id_in(const std::string& name, const std::string& repository) {
  const std::string prefix = backups_prefix(repository);
  if (!name.starts_with(prefix)) return std::nullopt;
  const std::vector<std::string> parts = split(name.substr(prefix.size()), '/');
  if (parts.size() != 4 || parts[3] != kCommitFile || !is_stamp(parts[2])) return std::nullopt;
  return BackupId{name_of_entry(parts[0]), name_of_entry(parts[1]), parts[2]};
}

std::string new_part_name(const std::string& repository, const std::string& digits,
                          const std::string& suffix) {
  return fmt::format("{}{}/{}-{}{}", parts_prefix(repository), digits.substr(0, 2), digits,
                     random_hex(kRandomBytes), suffix);
}

std::vector<std::string> repositories_in(Store& store, const std::stop_token& stop) {
  std::vector<std::string> found;
  for (std::string below : store.list("", Depth::one, stop).below) {
    below.pop_back();
    constexpr std::size_t kLengthOfUuid = 36;
    if (below.size() == kLengthOfUuid && below.find_first_not_of("0123456789abcdef-") == std::string::npos)
      found.push_back(std::move(below));
  }
  return found;
}

}  // namespace pgassay::store
