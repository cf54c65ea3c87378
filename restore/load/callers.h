// From functions to whatever calls them.
#pragma once

namespace pgassay::restore {

/// The second half of a CTE reached (code, classid, objid), which begins with some: what depends on them.
/// pg_depend says of a domain's constraint that it needs the domain, not the other way round. It has no row
/// for built-in functions.
inline constexpr const char* kCallersOfCode = R"(
  UNION
  SELECT r.code, caller.classid, caller.objid FROM reached r CROSS JOIN LATERAL (
    SELECT d.classid, d.objid FROM pg_catalog.pg_depend d
    WHERE d.refclassid = r.classid AND d.refobjid = r.objid AND d.deptype IN ('n', 'a', 'i')
      AND r.classid IN ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass, 'pg_catalog.pg_type'::regclass)
      AND d.classid IN ('pg_catalog.pg_operator'::regclass, 'pg_catalog.pg_type'::regclass,
        'pg_catalog.pg_constraint'::regclass, 'pg_catalog.pg_attrdef'::regclass, 'pg_catalog.pg_class'::regclass)
    UNION ALL
    SELECT 'pg_catalog.pg_type'::regclass, c.reltype FROM pg_catalog.pg_class c
    WHERE r.classid = 'pg_catalog.pg_class'::regclass AND c.oid = r.objid AND c.reltype <> 0
    UNION ALL
    SELECT 'pg_catalog.pg_type'::regclass, k.contypid FROM pg_catalog.pg_constraint k
    WHERE r.classid = 'pg_catalog.pg_constraint'::regclass AND k.oid = r.objid AND k.contypid <> 0) caller))";

}  // namespace pgassay::restore
