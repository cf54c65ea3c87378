#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/system/clock.h"

namespace pgassay {

enum class Oid : std::uint32_t { none = 0 };
Oid parse_oid(std::string_view text);  ///< throws Error
std::string to_string(Oid oid);

std::string quote_identifier(std::string_view name);  ///< always quoted: "a""b"
std::string quote_literal(std::string_view text);     ///< '...' or E'...' when it holds a backslash

/// For a parameter of type text[]: {"a","b\\"c"}
std::string text_array(const std::vector<std::string>& elements);

/// The one way a relation's name gets into SQL is quoted().
struct QualifiedName {
  std::string schema, name;
  std::string quoted() const { return quote_identifier(schema) + "." + quote_identifier(name); }
  std::string shown() const { return schema + "." + name; }  ///< for messages
  friend auto operator<=>(const QualifiedName&, const QualifiedName&) = default;
};

struct Snapshot {
  std::string id;   ///< of pg_export_snapshot()
  std::string lsn;  ///< pg_current_wal_lsn(), or pg_last_wal_replay_lsn() on a standby
  Time taken;       ///< the server's clock
};

}  // namespace pgassay
