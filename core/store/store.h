// A place off the host that holds immutable objects under names that are never used twice: an S3 bucket, or
// a directory on another disk. One conformance suite holds every kind to what is said here
// (tests/fixtures/store_suite.h).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "core/stream/sha256.h"
#include "core/system/clock.h"

namespace pgassay {

/// What is to be stored. It may be read several times, for what failed is tried again.
struct ObjectBody {
  /// Fills the buffer with bytes from that offset on; fewer only at the end. It must give the same bytes each
  /// time.
  std::function<void(std::uint64_t offset, std::span<std::byte> buffer)> read;
  std::uint64_t size = 0;
  Sha256 sha;
  std::array<std::uint8_t, 16> md5{};
};
ObjectBody body_of(std::string text);
/// Reads the file once, for its sums. The file must be open for reading, and not change; it is kept open.
ObjectBody body_of(Fd file, const Path& name_for_errors);

struct StoredObject {
  std::string name;
  std::uint64_t size = 0;
  friend bool operator==(const StoredObject&, const StoredObject&) = default;
};

struct Listing {
  std::vector<StoredObject> objects;  ///< sorted by name
  std::vector<std::string> below;     ///< Depth::one: "NAME/" for each name that goes on there
};

enum class Put {
  stored,
  taken,     ///< another object has the name, and stays as it was
  corrupted  ///< the store refused the bytes for a checksum, each time; nothing was stored
};
enum class Depth { all, one };

/// Names are relative and have '/': letters of UTF-8, no component that is empty or begins with a dot.
/// Every function throws Error with the object and the store's own words, UsageError where the configuration
/// can't be right (no such bucket, wrong region), Stopped. Failures that may pass (a lost connection, 5xx,
/// SlowDown, a clock that differs) were tried again before. All may be called from any thread.
class Store {
 public:
  virtual ~Store() = default;
  /// The object is there whole and durably, or not at all.
  virtual Put put_new(const std::string& name, const ObjectBody& body, const std::stop_token& stop) = 0;
  /// Passes the object's bytes to the sink, in order, each once. False: there is no such object. Whoever
  /// reads compares size and SHA-256.
  virtual bool get(const std::string& name, const std::function<void(Bytes)>& sink,
                   const std::stop_token& stop) = 0;
  /// Its size; nothing: there is no such object.
  virtual std::optional<std::uint64_t> head(const std::string& name, const std::stop_token& stop) = 0;
  /// All whose names begin with the prefix, which is empty or ends with '/'. With Depth::one, what has a '/'
  /// after the prefix is summed up in `below`.
  virtual Listing list(const std::string& prefix, Depth depth, const std::stop_token& stop) = 0;
  /// Absent is fine. False: the store refuses this key to delete, and nothing was removed.
  virtual bool remove(const std::string& name, const std::stop_token& stop) = 0;

  /// What messages call it: s3://bucket/prefix, file:///mnt/nas.
  virtual std::string where() const = 0;
  /// How far the store's clock was ahead of ours at the last answer; nothing: it has none of its own.
  virtual std::optional<Seconds> clock_ahead() const = 0;
};

/// A whole small object. Throws Error when it is longer than `most`. Nothing: there is no such object.
std::optional<std::string> get_text(Store& store, const std::string& name, std::size_t most,
                                    const std::stop_token& stop);

/// Throws UsageError when an object can't have that name.
void check_object_name(const std::string& name);

}  // namespace pgassay
