// How staged rows become large objects: for the restore, and for the script of an export.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace pgassay::restore {

/// Privileges are written as the backup's metadata rows have them; PUBLIC is the grantee without a name.
/// NULL privileges: nothing was ever granted, and a new object is just that.
inline constexpr const char* kObjectStatements = R"(
SELECT s.loid,
  CASE WHEN s.comment IS NOT NULL
    THEN pg_catalog.format('COMMENT ON LARGE OBJECT %s IS %L', s.loid, s.comment) END,
  CASE WHEN {owners} AND s.owner <> current_user
    THEN pg_catalog.format('ALTER LARGE OBJECT %s OWNER TO %I', s.loid, s.owner) END,
  CASE WHEN {owners} AND {acl} AND s.privileges IS NOT NULL
    THEN pg_catalog.format('REVOKE ALL ON LARGE OBJECT %s FROM %I', s.loid, s.owner) END,
  (SELECT pg_catalog.string_agg(pg_catalog.format('GRANT %s ON LARGE OBJECT %s TO %s%s', p.privilege, s.loid,
      CASE WHEN p.grantee = '' THEN 'PUBLIC' ELSE pg_catalog.quote_ident(p.grantee) END,
      CASE WHEN p.grantable THEN ' WITH GRANT OPTION' ELSE '' END), '; ')
    FROM pg_catalog.json_to_recordset(s.privileges::json) AS p(grantee text, privilege text, grantable boolean)
    WHERE {acl} AND ({owners} OR p.grantee <> s.owner))
FROM pg_temp.pgassay_objects s ORDER BY s.loid)";

/// Rows of (loid, comment, owner, revoke, grants): statements for the objects in pg_temp.pgassay_objects
/// (loid, owner, comment, privileges), NULL where there is nothing to do.
inline std::string object_statements_sql(bool owners, bool acl) {
  std::string sql = kObjectStatements;
  for (const auto& [place, wanted] : {std::pair("{owners}", owners), std::pair("{acl}", acl)})
    for (auto at = sql.find(place); at != std::string::npos; at = sql.find(place))
      sql.replace(at, std::string_view(place).size(), wanted ? "true" : "false");
  return sql;
}

/// Of the pages in pg_temp.pgassay_pages (loid, pageno, data). A page of no bytes can only be made by
/// truncating the object there, which drops the pages after it: so those come first.
inline constexpr const char* kCutAtEmptyPages =
    "SELECT pg_catalog.lo_truncate64(fd, pageno::bigint * 2048), pg_catalog.lo_close(fd) FROM"
    " (SELECT pg_catalog.lo_open(loid, 131072) AS fd, pageno FROM pg_temp.pgassay_pages"
    " WHERE pg_catalog.length(data) = 0 ORDER BY loid, pageno OFFSET 0) empty_pages";
inline constexpr const char* kFillPages =
    "SELECT pg_catalog.count(*) FROM (SELECT pg_catalog.lo_put(loid, pageno::bigint * 2048, data)"
    " FROM pg_temp.pgassay_pages WHERE pg_catalog.length(data) > 0 OFFSET 0) filled";

}  // namespace pgassay::restore
