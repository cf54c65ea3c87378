#include "store/target.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/repository/identity.h"
#include "core/repository/json_fields.h"
#include "core/repository/json_text.h"
#include "core/system/split.h"
#include "store/names.h"
#include "store/sealing.h"

namespace pgassay::store {
namespace {

constexpr std::size_t kLongestMarker = 64 * 1024;
constexpr unsigned kFirstKey = 1;
constexpr std::string_view kNamingLine = "# naming key: ", kSecretBegins = "AGE-SECRET-KEY-";

std::string marker_text(const Marker& marker) {
  JsonText json;
  json.object(JsonText::Layout::block);
  json.number({"format"}, kStoreFormat);
  json.text({"store"}, marker.store_id);
  json.text({"repository"}, marker.repository);
  json.time({"made"}, marker.made);
  json.flag({"encrypted"}, marker.encrypted);
  json.end();
  return json.take() + "\n";
}

/// An age identity file, whose comment holds the naming key.
std::string key_text(unsigned number, const std::string& identity, const std::string& repository,
                     const NamingKey& naming) {
  return fmt::format("# pgassay: store key {} of repository {}\n{}{}\n{}\n", number, repository, kNamingLine,
                     naming.hex(), identity);
}

Initialised already(Store& store, const Repository& repository, const Marker& marker, bool wants_encryption) {
  const auto known = LocalState(repository).known(marker.store_id);
  if (marker.encrypted != wants_encryption)
    throw Refused(fmt::format("{} was set up {}, and the configuration {}", store.where(),
                              marker.encrypted ? "encrypted" : "in clear",
                              wants_encryption ? "names recipients" : "names no recipients"),
                  "one store is one or the other: use another prefix in url, or mend recipients");
  if (!known)
    throw Refused(
        fmt::format("{} was set up by another copy of this repository: its public key is not known here",
                    store.where()),
        "the key in the store itself is not believed; copy .stores/ from that repository, or use another "
        "prefix in url");
  return {marker, known->recipient, true};
}

}  // namespace

std::optional<Marker> read_marker(Store& store, const std::string& repository, const std::stop_token& stop) {
  const std::string name = marker_name(repository);
  const auto text = get_text(store, name, kLongestMarker, stop);
  if (!text) return std::nullopt;
  const std::string shown = store.where() + "/" + name;
  const JsonFields json = read_json(*text, shown);
  if (const int format = json.small_integer("format"); format > kStoreFormat)
    throw Unverified(
        fmt::format("{}: the store was written by a newer pgassay: its format is {}, this one reads up to {}",
                    shown, format, kStoreFormat),
        "use the pgassay that wrote it, or a newer one");
  Marker marker{json.text("store"), json.text("repository"), json.time("made"), json.flag("encrypted")};
  const bool is_id =
      !marker.store_id.empty() && marker.store_id.find_first_not_of("0123456789abcdef-") == std::string::npos;
  if (!is_id || marker.repository != repository) throw BadBackup(shown + ": it is of another repository");
  return marker;
}

Initialised init(Store& store, const Repository& repository, const std::vector<std::string>& recipients,
                 const std::stop_token& stop) {
  if (const auto there = read_marker(store, repository.uuid(), stop))
    return already(store, repository, *there, !recipients.empty());
  const LocalState state(repository);
  const NamingKey naming = state.naming_key();
  Marker marker{random_uuid(), repository.uuid(), std::chrono::floor<std::chrono::seconds>(now()),
                !recipients.empty()};
  KnownStore known;
  if (marker.encrypted) {
    const KeyPair pair = make_key_pair(stop);
    known = {kFirstKey, pair.recipient};
    const std::string wrapped =
        wrap(key_text(kFirstKey, pair.identity, repository.uuid(), naming), recipients, stop);
    const std::string name = key_name(repository.uuid(), {kFirstKey});
    if (store.put_new(name, body_of(wrapped), stop) != Put::stored)
      throw Refused(fmt::format("{}/{} is there already, and store.json is not", store.where(), name),
                    "an earlier store init was cut off, or another one runs: remove that object when nothing "
                    "was pushed, "
                    "or use another prefix in url");
  }
  // Before the store says that it is set up: what it says alone is not believed.
  state.remember(marker.store_id, known);
  if (store.put_new(marker_name(repository.uuid()), body_of(marker_text(marker)), stop) == Put::stored)
    return {marker, known.recipient, false};
  throw Refused(store.where() + ": another store init was quicker", "run it again");
}

namespace {

/// Throws Unverified when the identity does not open this one.
Opened open_wrapped(Store& store, const std::string& repository, const WrappedKey& key,
                    const Path& identity_file, const std::stop_token& stop) {
  const std::string name = key_name(repository, key);
  const std::string shown = store.where() + "/" + name;
  const auto wrapped = get_text(store, name, kLongestMarker, stop);
  if (!wrapped) throw BadBackup(shown + ": the store key is not there");
  Opened opened;
  opened.number = key.number;
  for (const std::string& line : split(unwrap(*wrapped, identity_file, shown, stop), '\n')) {
    if (line.starts_with(kSecretBegins)) opened.identity = line;
    if (line.starts_with(kNamingLine)) opened.naming = NamingKey::parse(line.substr(kNamingLine.size()));
  }
  if (opened.identity.empty() || !opened.naming) throw BadBackup(shown + ": it holds no store key");
  return opened;
}

}  // namespace

Opened open_key(Store& store, const std::string& repository, std::optional<unsigned> number,
                const Path& identity_file, const std::stop_token& stop) {
  if (number == 0u) return {};
  if (identity_file.empty())
    throw Unverified(
        store.where() + " is encrypted, and no identity is named",
        "the secret key of one of its recipients: identity_file in [store.NAME], or --identity FILE");
  std::vector<WrappedKey> keys = wrapped_keys(store, repository, stop);
  if (number) std::erase_if(keys, [&](const WrappedKey& one) { return one.number != *number; });
  if (keys.empty())
    throw BadBackup(fmt::format("{}/{}: the store key is not there: nothing of the store can be decrypted",
                                store.where(), key_name(repository, {number.value_or(kFirstKey)})));
  std::optional<Unverified> first;
  for (const WrappedKey& key : keys) {
    try {
      return open_wrapped(store, repository, key, identity_file, stop);
    } catch (const Unverified& refused) {
      if (!first) first = refused;
    }
  }
  throw *first;
}

Rekeyed rekey(Store& store, const Repository& repository, const std::vector<std::string>& recipients,
              const Path& identity_file, bool make_new, const std::stop_token& stop) {
  const std::string& uuid = repository.uuid();
  const auto marker = read_marker(store, uuid, stop);
  if (!marker)
    throw UsageError(store.where() + " is not set up for this repository", "pgassay store init NAME");
  const Initialised there = already(store, repository, *marker, !recipients.empty());
  if (!marker->encrypted)
    throw Refused(store.where() + " holds copies in clear: it has no key",
                  "name recipients and another prefix in [store.NAME], then pgassay store init NAME");
  if (identity_file.empty() && !make_new)
    throw Unverified(
        "no identity is named, and the store key can't be opened without",
        "--identity FILE, of one of the recipients until now; or --new, for what is pushed from now on");
  const LocalState state(repository);
  const Fd lock = state.lock(marker->store_id);
  const std::vector<WrappedKey> keys = wrapped_keys(store, uuid, stop);
  const auto put = [&](const WrappedKey& key, const std::string& text) {
    const std::string name = key_name(uuid, key);
    if (store.put_new(name, body_of(wrap(text, recipients, stop)), stop) != Put::stored)
      throw Error(store.where() + "/" + name + ": the store did not take it", "run it again");
  };
  Rekeyed done;
  for (std::size_t n = 0; n < keys.size() && !identity_file.empty(); ++n) {
    if (n + 1 < keys.size() && keys[n + 1].number == keys[n].number) continue;  // the last edition
    const Opened opened = open_key(store, uuid, keys[n].number, identity_file, stop);
    put({keys[n].number, keys[n].edition + 1},
        key_text(keys[n].number, opened.identity, uuid, *opened.naming));
    done.wrapped_again.push_back(keys[n].number);
  }
  if (!make_new) return done;
  const unsigned number = (keys.empty() ? 0 : keys.back().number) + 1;
  const KeyPair pair = make_key_pair(stop);
  put({number}, key_text(number, pair.identity, uuid, state.naming_key()));
  state.remember(marker->store_id, {number, pair.recipient});
  done.made = number;
  return done;
}

}  // namespace pgassay::store
