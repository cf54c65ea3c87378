#include "core/postgres/inventory.h"

#include <string>
#include <string_view>
#include <utility>

#include "core/postgres/definition_text.h"
#include "core/postgres/inventory_queries.h"

namespace pgassay {
namespace {

/// Length of the UTF-8 sequence that starts the text; 0 when none does.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [text](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char lead = byte(0);
  const std::size_t length = lead < 0x80                   ? 1
                             : lead >= 0xc2 && lead < 0xe0 ? 2
                             : (lead & 0xf0) == 0xe0       ? 3
                             : lead >= 0xf0 && lead < 0xf5 ? 4
                                                           : 0;
  if (length > text.size()) return 0;
  for (std::size_t at = 1; at < length; ++at) {
    if ((byte(at) & 0xc0) != 0x80) return 0;
  }
  if (length == 3 && ((lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xed && byte(1) >= 0xa0))) return 0;
  if (length == 4 && ((lead == 0xf0 && byte(1) < 0x90) || (lead == 0xf4 && byte(1) >= 0x90))) return 0;
  return length;
}

/// COPY text of one JSON column, turned back into JSON: of COPY's escapes only the doubled backslash can
/// occur, for JSON escapes control characters itself. Bytes that are not UTF-8 (SQL_ASCII) become \u00XX.
class JsonLines : public ChunkSink {
 public:
  explicit JsonLines(ChunkSink& lines) : lines_(lines) {}

  void chunk(Bytes bytes) override {
    const std::string_view text = as_text(bytes);
    // A cut may go through an escape or a character; a line feed is neither's part.
    const std::size_t whole = text.rfind('\n') + 1;
    cut_ += text.substr(0, whole);
    if (whole != 0) {
      pass_on(cut_);
      cut_.clear();
    }
    cut_ += text.substr(whole);
  }

 private:
  void pass_on(std::string_view copied) {
    json_.clear();
    decode(copied);
    hash_definitions();
    lines_.chunk(as_bytes(json_));
  }

  /// Puts the hash in the place of each definition that came whole.
  void hash_definitions() {
    constexpr std::string_view kWhole = "\"\\u0001";
    for (std::size_t at = 0; (at = json_.find(kWhole, at)) != std::string::npos;) {
      const std::size_t begin = at + kWhole.size();
      const auto [text, end] = unescaped(begin);
      const std::string hash = "\"" + hashed_definition(text) + "\"";
      json_.replace(at, end - at, hash);
      at += hash.size();
    }
  }

  /// The JSON string whose rest begins there, and where it ends, behind its quote. PostgreSQL escapes what
  /// JSON demands and nothing else; of \\u there are control characters and the bytes of append_byte().
  std::pair<std::string, std::size_t> unescaped(std::size_t at) const {
    std::string text;
    for (; at < json_.size() && json_[at] != '"'; ++at) {
      if (json_[at] != '\\') {
        text += json_[at];
        continue;
      }
      const char c = json_[++at];
      constexpr std::string_view kShort = "bfnrt", kMeant = "\b\f\n\r\t";
      if (const std::size_t found = kShort.find(c); found != std::string_view::npos) {
        text += kMeant[found];
      } else if (c == 'u') {
        text += static_cast<char>(std::stoi(json_.substr(at + 1, 4), nullptr, 16));
        at += 4;
      } else {
        text += c;
      }
    }
    return {std::move(text), at + 1};
  }

  void decode(std::string_view copied) {
    for (std::string_view rest = copied; !rest.empty();) {
      std::size_t length = utf8_length(rest);
      if (length == 0) {
        append_byte(static_cast<unsigned char>(rest[0]));
        length = 1;
      } else {
        json_ += rest.substr(0, length);
        if (rest.starts_with("\\\\")) length = 2;
      }
      rest.remove_prefix(length);
    }
  }

  void append_byte(unsigned char byte) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    json_ += "\\u00";
    json_ += kDigits[byte >> 4];
    json_ += kDigits[byte & 15];
  }

  ChunkSink& lines_;
  std::string cut_, json_;
};

std::string copy_options(Connection& connection) {
  // A SQL_ASCII server cannot convert.
  return connection.server_encoding() == "SQL_ASCII" ? "" : " WITH (ENCODING 'UTF8')";
}

struct Watched {
  std::string_view catalog;
  std::string_view id;  ///< what makes its row that row
  std::string_view where;
};

constexpr std::string_view kLasting =
    "(SELECT oid FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND relpersistence <> 't')";
constexpr std::string_view kNotTemporary =
    "nspname NOT LIKE 'pg\\_temp%' AND nspname NOT LIKE 'pg\\_toast\\_temp%'";

/// Rows of temporary tables are no DDL of ours to notice: applications make them all day.
constexpr Watched kWatched[] = {
    {"pg_namespace", "oid", "$NOT_TEMPORARY"},
    {"pg_attribute", "attrelid::bigint * 2048 + attnum", "attnum > 0 AND attrelid IN $LASTING"},
    {"pg_attrdef", "oid", "adrelid IN $LASTING"},
    {"pg_index", "indexrelid", "indrelid IN $LASTING"},
    {"pg_constraint", "oid", "conrelid = 0 OR conrelid IN $LASTING"},
    {"pg_trigger", "oid", "tgrelid IN $LASTING"},
    {"pg_rewrite", "oid", "ev_class IN $LASTING"},
    {"pg_policy", "oid", "true"},
    {"pg_statistic_ext", "oid", "stxrelid IN $LASTING"},
    {"pg_sequence", "seqrelid",
     "seqrelid IN (SELECT oid FROM pg_class WHERE relkind = 'S' AND relpersistence <> 't')"},
    {"pg_type", "oid",
     "typnamespace IN (SELECT oid FROM pg_namespace WHERE $NOT_TEMPORARY) AND "
     "(typrelid = 0 OR typrelid IN $LASTING)"},
    {"pg_enum", "oid", "true"},
    {"pg_range", "rngtypid", "true"},
    {"pg_proc", "oid", "true"},
    {"pg_aggregate", "aggfnoid::oid", "true"},
    {"pg_operator", "oid", "true"},
    {"pg_opclass", "oid", "true"},
    {"pg_opfamily", "oid", "true"},
    {"pg_amop", "oid", "true"},
    {"pg_amproc", "oid", "true"},
    {"pg_cast", "oid", "true"},
    {"pg_collation", "oid", "true"},
    {"pg_conversion", "oid", "true"},
    {"pg_language", "oid", "true"},
    {"pg_transform", "oid", "true"},
    {"pg_am", "oid", "true"},
    {"pg_ts_config", "oid", "true"},
    {"pg_ts_config_map", "mapcfg", "true"},
    {"pg_ts_dict", "oid", "true"},
    {"pg_ts_parser", "oid", "true"},
    {"pg_ts_template", "oid", "true"},
    {"pg_foreign_data_wrapper", "oid", "true"},
    {"pg_foreign_server", "oid", "true"},
    {"pg_foreign_table", "ftrelid", "true"},
    {"pg_event_trigger", "oid", "true"},
    {"pg_extension", "oid", "true"},
    {"pg_publication", "oid", "true"},
    {"pg_publication_rel", "oid", "true"},
    {"pg_default_acl", "oid", "true"},
    {"pg_description", "objoid", "true"},
    {"pg_seclabel", "objoid", "true"},
    {"pg_partitioned_table", "partrelid", "true"},
    {"pg_inherits", "inhrelid", "inhrelid IN $LASTING"},
};

/// Not pg_class's xmin: REFRESH MATERIALIZED VIEW and REINDEX move it, and are no change to us.
constexpr std::string_view kRelations =
    "SELECT 'pg_class', count(*), sum(hashtextextended(concat_ws('|', oid, relname, relnamespace, relowner, "
    "relkind, "
    "relpersistence, relacl, reloptions, relrowsecurity, relforcerowsecurity, relreplident, relispartition, "
    "relpartbound, reltype, relispopulated, relam), 0)) FROM pg_class "
    "WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'c', 'S', 'I') AND relpersistence <> 't'";

std::string filled(std::string_view where) {
  std::string text(where);
  for (const auto& [mark, with] : {std::pair<std::string_view, std::string_view>{"$LASTING", kLasting},
                                   {"$NOT_TEMPORARY", kNotTemporary}}) {
    for (std::size_t at = 0; (at = text.find(mark, at)) != std::string::npos;)
      text.replace(at, mark.size(), with);
  }
  return text;
}

}  // namespace

void read_inventory(Connection& connection, ChunkSink& lines, InventoryOf which,
                    const std::vector<Oid>& without) {
  JsonLines json(lines);
  const std::string options = copy_options(connection);
  for (const ObjectKind& kind : object_kinds()) {
    if (which == InventoryOf::members && kind.class_oid.empty()) continue;
    connection.copy_out(
        "COPY (" + inventory_query(kind, connection.server_version(), !options.empty(), which, without) +
            ") TO STDOUT" + options,
        json);
  }
}

std::string inventory_fingerprint(Connection& connection) {
  std::string sql(kRelations);
  for (const Watched& watched : kWatched) {
    // Sums do not mind the order; a row that was changed has another xmin.
    sql += " UNION ALL SELECT '" + std::string(watched.catalog) + "', count(*), sum(hashint8extended((" +
           std::string(watched.id) + ")::bigint, xmin::text::bigint)) FROM " + std::string(watched.catalog) +
           " WHERE " + filled(watched.where);
  }
  const Result result = connection.query(
      "SELECT encode(sha256(convert_to(string_agg(format('%s %s %s', c, n, s), ',' ORDER BY c), "
      "getdatabaseencoding())), 'hex') FROM (" +
      sql + ") f (c, n, s)");
  return result.text(0, 0);
}

}  // namespace pgassay
