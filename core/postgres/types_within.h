// Which types a value of a type can hold: a rule of a domain at any depth applies to it.
#pragma once

namespace pgassay {

/// The second half of a CTE types (oid), which begins with some: what arrays, domains, composite types,
/// ranges and multiranges (from 14 on) are made of.
inline constexpr const char* kTypesWithin = R"(
  UNION
  SELECT inner_one.oid FROM types t JOIN pg_catalog.pg_type p ON p.oid = t.oid CROSS JOIN LATERAL (
    SELECT p.typelem AS oid WHERE p.typelem <> 0
    UNION ALL SELECT p.typbasetype WHERE p.typbasetype <> 0
    UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute a
      WHERE p.typrelid <> 0 AND a.attrelid = p.typrelid AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL SELECT r.rngsubtype FROM pg_catalog.pg_range r
      WHERE p.typtype IN ('r', 'm')
        AND p.oid IN (r.rngtypid, (pg_catalog.to_jsonb(r) ->> 'rngmultitypid')::oid)) inner_one)
)";

}  // namespace pgassay
