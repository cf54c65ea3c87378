#include "store/trial.h"

#include <fmt/format.h>

#include <cmath>

#include "core/repository/identity.h"
#include "core/system/error.h"

namespace pgassay::store {
namespace {

using Kept = Promise::Kept;

constexpr std::size_t kTrialBytes = 100'000, kRandomOfTrial = 8;
constexpr double kClockLimit = 60;  // S3 refuses at 15 minutes; evidence is compared at 5

Promise try_checksum(Store& store, const std::string& name, const std::stop_token& stop) {
  ObjectBody body = body_of("these bytes");
  body.sha = sha256_of(as_bytes("other bytes"));
  const Put put = store.put_new(name, body, stop);
  const bool refused = put == Put::corrupted && !store.head(name, stop);
  if (!refused) store.remove(name, stop);
  return {"checksum", refused ? Kept::yes : Kept::no,
          refused ? "bytes that are not what was signed are refused"
                  : "bytes that are not what was signed are stored",
          refused ? "" : "damage on the way is found by verify --store --bytes alone"};
}

Promise clock_of(const Store& store) {
  const auto ahead = store.clock_ahead();
  if (!ahead) return {"clock", Kept::yes, "the store has none of its own", ""};
  const bool good = std::abs(ahead->count()) < kClockLimit;
  return {"clock", good ? Kept::yes : Kept::no,
          fmt::format("the store's is {:.0f} s {} of this host's", std::abs(ahead->count()),
                      ahead->count() < 0 ? "behind" : "ahead"),
          good ? "" : "timedatectl says whether this host's clock is kept by NTP"};
}

}  // namespace

std::vector<Promise> try_store(Store& store, const std::string& repository, const std::stop_token& stop) {
  std::vector<Promise> promises;
  const std::string dir = repository + "/check/", name = dir + random_hex(kRandomOfTrial);
  const std::string text(kTrialBytes, 'x');
  const ObjectBody body = body_of(text);
  const bool written = store.put_new(name, body, stop) == Put::stored;
  promises.push_back({"write", written ? Kept::yes : Kept::necessary_and_no,
                      written ? "an object was stored" : "a new object was refused", ""});
  if (!written) return promises;
  const bool same = get_text(store, name, kTrialBytes, stop) == text;
  promises.push_back({"read", same ? Kept::yes : Kept::necessary_and_no,
                      same ? "it reads back the same" : "it does not read back as it was written", ""});
  const bool listed = store.list(dir, Depth::all, stop).objects.size() > 0;
  promises.push_back({"list", listed ? Kept::yes : Kept::necessary_and_no,
                      listed ? "it is listed" : "it is not listed", ""});
  const bool kept =
      store.put_new(name, body_of("another"), stop) == Put::taken && store.head(name, stop) == text.size();
  promises.push_back(
      {"create-only", kept ? Kept::yes : Kept::no,
       kept ? "an object is not replaced by another of its name"
            : "an object is replaced by another of its name",
       kept ? "" : "the store does not know If-None-Match: whoever has this key can write over copies"});
  promises.push_back(try_checksum(store, name + "-sum", stop));
  const bool removed = store.remove(name, stop);
  promises.push_back(
      {"delete refused", removed ? Kept::no : Kept::yes,
       removed ? "this key may delete: whoever takes this host can remove the copies"
               : "this key may not delete",
       removed ? "give the host that pushes a key without s3:DeleteObject, or use object lock" : ""});
  promises.push_back(clock_of(store));
  return promises;
}

}  // namespace pgassay::store
