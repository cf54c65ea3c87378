// How large objects are read: by the backup, and again by the proof, which compares digests of the very same
// text.
#pragma once

#include <string>

#include "core/postgres/types.h"

namespace pgassay {

/// (loid, owner, comment, privileges): privileges are a JSON array of {grantee, privilege, grantable},
/// sorted, grantee
/// "" is PUBLIC; NULL where nothing was ever granted or revoked. Grantees that were dropped are left out.
inline std::string large_object_metadata_sql(const std::string& encoding) {
  return "COPY (SELECT m.oid, o.rolname, d.description,"
         " CASE WHEN m.lomacl IS NOT NULL THEN coalesce("
         "(SELECT pg_catalog.json_agg(pg_catalog.json_build_object('grantee', coalesce(g.rolname, ''),"
         " 'privilege', a.privilege_type, 'grantable', a.is_grantable) ORDER BY g.rolname, "
         "a.privilege_type)::text"
         " FROM pg_catalog.aclexplode(m.lomacl) a LEFT JOIN pg_catalog.pg_roles g ON g.oid = a.grantee"
         " WHERE a.grantee = 0 OR g.oid IS NOT NULL), '[]') END"
         " FROM pg_catalog.pg_largeobject_metadata m JOIN pg_catalog.pg_roles o ON o.oid = m.lomowner"
         " LEFT JOIN pg_catalog.pg_description d ON d.objoid = m.oid AND d.objsubid = 0"
         " AND d.classoid = 'pg_catalog.pg_largeobject'::regclass ORDER BY m.oid)"
         " TO STDOUT WITH (ENCODING " +
         quote_literal(encoding) + ")";
}

/// (loid, pageno, data) of the objects from `from` (empty: the first) to before `to` (empty: the last).
inline std::string large_object_pages_sql(const std::string& from, const std::string& to,
                                          const std::string& encoding) {
  std::string where = from.empty() ? "" : " WHERE loid >= " + from;
  if (!to.empty()) where += (where.empty() ? " WHERE loid < " : " AND loid < ") + to;
  return "COPY (SELECT loid, pageno, data FROM pg_catalog.pg_largeobject" + where +
         " ORDER BY loid, pageno) TO STDOUT WITH (ENCODING " + quote_literal(encoding) + ")";
}

}  // namespace pgassay
