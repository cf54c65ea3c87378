// How a room tells what it is doing. Rooms never print; the face (cli) decides what is shown.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace pgassay {

enum class Level { debug, info, warning, error };

/// Called from any thread; implementations do their own locking and return quickly.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void message(Level, std::string_view /*text*/, std::string_view /*hint*/ = {}) {}
  virtual void phase(std::string_view /*name*/) {}  ///< "preflight", "lock", "data", ...
  /// What the data phase is going to move; raw bytes may be an estimate (0: unknown).
  virtual void plan(std::uint64_t /*parts*/, std::uint64_t /*raw_bytes*/) {}
  virtual void part_started(unsigned /*worker*/, std::string_view /*object*/) {}
  virtual void advanced(std::uint64_t /*raw_bytes*/, std::uint64_t /*rows*/) {}  ///< since the last call
  /// A part is done that the plan had down for so many bytes, and that had so many: what is left of the plan
  /// is to be taken with that grain of salt.
  virtual void settled(std::uint64_t /*planned_bytes*/, std::uint64_t /*raw_bytes*/) {}
  virtual void part_finished(unsigned /*worker*/, std::string_view /*object*/) {}
};

}  // namespace pgassay
