#include "store/local_state.h"

#include <fmt/format.h>

#include "core/repository/directory_lock.h"
#include "core/repository/identity.h"
#include "core/repository/json_fields.h"
#include "core/repository/json_text.h"
#include "core/repository/new_file.h"
#include "core/system/split.h"

namespace pgassay::store {
namespace {

constexpr std::string_view kNamingKeyFile = "naming-key";
constexpr std::size_t kNamingKeyBytes = 32, kLongestState = 64 * 1024, kLongestJournal = std::size_t{1} << 30;

}  // namespace

std::optional<NamingKey> LocalState::naming_key_if_there() const {
  const Place file = dir_ / kNamingKeyFile;
  if (!exists(file)) return std::nullopt;
  const std::string text = read_file(file, kLongestState);
  return NamingKey::parse(text.substr(0, text.find('\n')));
}

NamingKey LocalState::naming_key() const {
  if (const auto there = naming_key_if_there()) return *there;
  make_private_dirs(dir_);
  // Not ours means that another run made it first.
  write_whole_file(dir_ / kNamingKeyFile, random_hex(kNamingKeyBytes) + "\n");
  return naming_key_if_there().value();
}

std::optional<KnownStore> LocalState::known(const std::string& store_id) const {
  const Place file = dir_ / (store_id + ".json");
  if (!exists(file)) return std::nullopt;
  const JsonFields json = read_json(read_file(file, kLongestState), file.path());
  return KnownStore{static_cast<unsigned>(json.small_integer("key")), json.text("recipient")};
}

void LocalState::remember(const std::string& store_id, const KnownStore& known) const {
  make_private_dirs(dir_);
  JsonText json;
  json.object();
  json.number({"format"}, kStoreFormat);
  json.number({"key"}, known.key);
  json.text({"recipient"}, known.recipient);
  json.end();
  replace_file(dir_ / (store_id + ".json"), json.take() + "\n");
}

Fd LocalState::lock(const std::string& store_id) const {
  make_private_dirs(dir_);
  const Place file = dir_ / (store_id + ".lock");
  Fd fd = open_lock_file(file);
  if (lock_file(fd, LockMode::exclusive) == Held::by_another)
    throw Locked("another run is pushing to this store: it holds " + file.string(), "wait for its end");
  return fd;
}

std::map<std::string, Bound> LocalState::sent(const std::string& store_id, unsigned key) const {
  std::map<std::string, Bound> found;
  const Place file = dir_ / (store_id + ".sent.jsonl");
  if (!exists(file)) return found;
  for (const std::string& line : split_nonempty(read_file(file, kLongestJournal), '\n')) {
    try {
      const JsonFields json = read_json(line, file.path());
      if (json.unsigned_integer("key") != key) continue;
      found[json.text("what")] = {json.text("name"), json.unsigned_integer("bytes"),
                                  json.parsed("sha256", "is no SHA-256", Sha256::parse)};
    } catch (const BadBackup&) {
      // What is not known is sent again.
    }
  }
  return found;
}

void LocalState::add_sent(const std::string& store_id, unsigned key, const std::string& what,
                          const Bound& object) const {
  JsonText json;
  json.object();
  json.text({"what"}, what);
  json.number({"key"}, key);
  json.text({"name"}, object.name);
  json.number({"bytes"}, object.bytes);
  json.text({"sha256"}, object.sha.hex());
  json.end();
  append_line(dir_ / (store_id + ".sent.jsonl"), json.take());
}

}  // namespace pgassay::store
