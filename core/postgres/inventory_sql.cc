// One SELECT for each kind of object: the marks in its expressions, its privileges, its line of JSON.
#include <vector>

#include "core/postgres/inventory_queries.h"
#include "core/postgres/releases.h"

namespace pgassay {
namespace {

std::string user_schema(const std::string& alias) {
  return "(" + alias + ".nspname <> 'information_schema' AND left(" + alias + ".nspname, 3) <> 'pg_')";
}

/// Of the object that the last part finds: "catalog alias, name, schema, condition".
std::string named(std::string_view inner) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; parts.size() < 3; ++at) {
    const std::size_t comma = inner.find(',', at);
    parts.emplace_back(inner.substr(at, comma - at));
    at = comma;
  }
  const std::string condition(inner.substr(inner.rfind(',') + 1));
  return "(SELECT format('%I.%I', sn.nspname," + parts[1] + ") FROM " + parts[0] +
         " JOIN pg_namespace sn ON sn.oid =" + parts[2] + " WHERE" + condition + ")";
}

/// Who has what of an acl of "s", but for its owner: of what initdb has made, who that is is the cluster's.
std::string granted(const std::string& acl) {
  return "(SELECT array_agg(DISTINCT format('%s=%s%s', CASE WHEN x.grantee = 0 THEN 'PUBLIC' ELSE "
         "quote_ident(pg_get_userbyid(x.grantee)) END, x.privilege_type, CASE WHEN x.is_grantable THEN '*' "
         "END)) "
         "FROM aclexplode(coalesce(" +
         acl + ", acldefault(s.type, s.owner))) x WHERE x.grantee <> s.owner)::text";
}

/// Names of options, and their values but of those that may be secrets.
std::string options(const std::string& column) {
  return "CASE WHEN " + column +
         " IS NOT NULL THEN (SELECT array_agg(CASE WHEN split_part(o, '=', 1) ~* 'pass|secret|token|key' "
         "THEN "
         "split_part(o, '=', 1) ELSE o END ORDER BY o) FROM unnest(" +
         column + ") o) END";
}

std::string catalog_of(std::string_view class_oid) {
  std::string catalog(class_oid.substr(0, class_oid.find(',')));
  return catalog.find('.') == std::string::npos ? "'" + catalog + "'::regclass" : catalog;
}

std::string oid_of(std::string_view class_oid) {
  return std::string(class_oid.substr(class_oid.find(',') + 1));
}

std::string not_member(std::string_view class_oid) {
  return "NOT EXISTS (SELECT FROM pg_depend x WHERE x.classid = " + catalog_of(class_oid) +
         " AND x.objid = " + oid_of(class_oid) + " AND x.deptype = 'e')";
}

/// The extension of which the object is a member, or NULL.
std::string extension_of(std::string_view class_oid) {
  return "(SELECT ex.extname FROM pg_depend x JOIN pg_extension ex ON ex.oid = x.refobjid WHERE x.classid "
         "= " +
         catalog_of(class_oid) + " AND x.objid = " + oid_of(class_oid) +
         " AND x.refclassid = 'pg_extension'::regclass AND x.deptype = 'e')";
}

/// Parts of definitions that not every release has. Where one is left out, the rest is what it was before
/// that release, so that backups of older ones are compared as ever.
struct Conditional {
  std::string_view mark;
  Feature feature;
  std::string_view with, without;
};
constexpr Conditional kConditional[] = {
    {"$SQLBODY", Feature::sql_bodies, "pg_get_function_sqlbody(p.oid)", "NULL::text"},
    {"$ATTCOMPRESSION", Feature::column_compression, "a.attcompression", "''::\"char\""},
    {"$TYPSUBSCRIPT", Feature::subscripting, "t.typsubscript::regproc::text", "NULL::text"},
    {"$MULTIRANGE", Feature::multiranges, "format_type(r.rngmultitypid, NULL)", "NULL::text"},
    {"$STXSTATTARGET", Feature::statistics_targets, "s.stxstattarget", "-1"},
    {"$PUBLISHED_SCHEMAS", Feature::selective_publications,
     ", (SELECT array_agg(s.pnnspid::regnamespace::text ORDER BY s.pnnspid::regnamespace::text) "
     "FROM pg_publication_namespace s WHERE s.pnpubid = p.oid)",
     ""},
    {"$PUBLISHED_PARTS", Feature::selective_publications,
     ", (SELECT array_agg(a.attname ORDER BY a.attname) FROM pg_attribute a WHERE a.attrelid = "
     "r.prrelid AND a.attnum = ANY (r.prattrs)), pg_get_expr(r.prqual, r.prrelid)",
     ""},
    {"$NAMED_NOT_NULLS", Feature::named_not_nulls, "true", "false"},
    {"$EXCEPTED", Feature::publication_exceptions, ", r.prexcept", ""},
    {"$FDWCONNECTION", Feature::wrapper_connections, ", f.fdwconnection::regproc::text", ""},
};

void replace_all(std::string& text, std::string_view mark, std::string_view with) {
  for (std::size_t at = 0; (at = text.find(mark, at)) != std::string::npos; at += with.size()) {
    text.replace(at, mark.size(), with);
  }
}

std::string not_among(const std::vector<Oid>& without, const std::string& oid) {
  if (without.empty()) return "true";
  std::string list;
  for (const Oid one : without) list += (list.empty() ? "" : ", ") + to_string(one);
  return oid + " NOT IN (" + list + ")";
}

/// The end of the {mark:…} that opens at `open`; none of the expressions has braces in it.
std::string replaced_marks(std::string text, const std::vector<Oid>& without) {
  for (std::size_t open = 0; (open = text.find('{', open)) != std::string::npos;) {
    const std::size_t close = text.find('}', open), colon = text.find(':', open);
    if (colon > close) {
      open = close;
      continue;
    }
    const std::string mark = text.substr(open + 1, colon - open - 1);
    const std::string inner = text.substr(colon + 1, close - colon - 1);
    std::string with;
    if (mark == "named") with = named(inner);
    if (mark == "granted") with = granted(inner);
    if (mark == "options") with = options(inner);
    if (mark == "user") with = user_schema(inner);
    if (mark == "kept") with = not_among(without, inner);
    if (mark == "own") {
      with = inner + ".relpersistence <> 't' AND " + user_schema("n") + " AND " +
             not_member("pg_class, " + inner + ".oid") + " AND " + not_among(without, inner + ".oid");
    }
    text.replace(open, close - open + 1, with);
    open += with.size();
  }
  return text;
}

/// A trusted extension's members belong to the bootstrap superuser, whatever its name is in this cluster.
std::string owner_expression(std::string_view owner, const std::string& extension) {
  if (owner.empty()) return "NULL";
  return "CASE WHEN " + std::string(owner) + " <> 10 OR " + extension + " IS NULL THEN pg_get_userbyid(" +
         std::string(owner) + ") END";
}

/// Who may do what, by name and sorted; who granted it is left out. A star: may grant it on.
std::string acl_text(const std::string& entries) {
  return "(SELECT coalesce(json_agg(g ORDER BY g COLLATE \"C\"), '[]') FROM (SELECT grantee || '=' || "
         "string_agg(privilege, ',' ORDER BY privilege COLLATE \"C\") AS g FROM (SELECT CASE WHEN s.grantee "
         "= 0 THEN "
         "'PUBLIC' ELSE quote_ident(pg_get_userbyid(s.grantee)) END AS grantee, s.privilege || CASE WHEN "
         "bool_or(s.is_grantable) THEN '*' ELSE '' END AS privilege FROM (" +
         entries + ") s GROUP BY s.grantee, s.privilege) p GROUP BY grantee) e)";
}

std::string acl_entries(const std::string& acl) {
  return "SELECT x.grantee, x.privilege_type || '' AS privilege, x.is_grantable FROM aclexplode(" + acl +
         ") x";
}

struct Acl {
  std::string column, type, owner;
  bool of_relation = false;  ///< whose columns may have their own
};

Acl split_acl(std::string_view text) {
  const auto first = text.find(", "), second = text.find(", ", first + 2);
  Acl acl{std::string(text.substr(0, first)), std::string(text.substr(first + 2, second - first - 2)),
          std::string(text.substr(second + 2))};
  acl.of_relation = acl.type == "'r'" && acl.column == "c.relacl";
  return acl;
}

/// Most objects have the default privileges, so those are written out once for each role.
std::string defaults_cte(const Acl& acl) {
  return "WITH dflt AS MATERIALIZED (SELECT r.oid, " +
         acl_text(acl_entries("acldefault(" + acl.type + ", r.oid)")) + " AS acl FROM pg_roles r) ";
}

std::string acl_expression(const Acl& acl) {
  std::string entries =
      acl_entries("coalesce(" + acl.column + ", acldefault(" + acl.type + ", " + acl.owner + "))");
  std::string is_default = acl.column + " IS NULL";
  if (acl.of_relation) {
    is_default += " AND colacl.attrelid IS NULL";
    entries +=
        " UNION ALL SELECT x.grantee, format('%s (%I)', x.privilege_type, a.attname), x.is_grantable "
        "FROM pg_attribute a, aclexplode(a.attacl) x WHERE a.attrelid = c.oid AND NOT a.attisdropped";
  }
  return "CASE WHEN " + is_default + " THEN dflt.acl ELSE " + acl_text(entries) + " END";
}

}  // namespace

std::string inventory_query(const ObjectKind& kind, int server_version, bool converts, InventoryOf which,
                            const std::vector<Oid>& without) {
  std::string definition(kind.definition), from(kind.from), where(kind.where);
  for (std::string* text : {&definition, &from, &where})
    for (const Conditional& part : kConditional)
      replace_all(*text, part.mark, server_has(server_version, part.feature) ? part.with : part.without);
  std::string with, acl = "NULL", extension = "NULL::name";
  if (!kind.class_oid.empty()) extension = extension_of(kind.class_oid);
  if (which == InventoryOf::members) where += " AND " + extension + " IS NOT NULL";
  if (!kind.acl.empty()) {
    const Acl parts = split_acl(kind.acl);
    with = defaults_cte(parts);
    from += " LEFT JOIN dflt ON dflt.oid = " + parts.owner;
    acl = acl_expression(parts);
  }
  const std::string fields =
      "'kind', kind, 'identity', identity, 'owner', owner, 'acl', acl, 'definition', "
      // Not md5(), which servers in FIPS mode refuse. What may have to be rewritten first comes as it is.
      "CASE WHEN strpos(definition, '])::') > 0 THEN E'\\x01' || definition ELSE "
      "'2:' || left(encode(sha256(convert_to(coalesce(definition, ''), " +
      std::string(converts ? "'UTF8'" : "getdatabaseencoding()") + ")), 'hex'), 32) END";
  // What no pg_dump carries is there to be read: of extensions' members, and of public before 15 the comment.
  return replaced_marks(
      with +
          "SELECT CASE WHEN extension IS NULL AND kind = 'comment' AND identity = 'on schema public'"
          " THEN json_build_object(" +
          fields + ", 'attributes', attributes) WHEN extension IS NULL THEN json_build_object(" + fields +
          ") ELSE json_build_object(" + fields +
          ", 'extension', extension, 'attributes', coalesce(attributes, '{}')) END FROM (SELECT " +
          std::string(kind.kind) + " AS kind, " + std::string(kind.identity) + " AS identity, " +
          owner_expression(kind.owner, extension) + " AS owner, " + acl + " AS acl, " + definition +
          " AS definition, " + extension + " AS extension, " +
          std::string(kind.alterable.empty() ? "NULL::json" : kind.alterable) + " AS attributes FROM " +
          // Without OFFSET the planner puts the definition's text where it is named, twice, and it is made
          // twice.
          from + " WHERE " + where + " OFFSET 0) o ORDER BY identity COLLATE \"C\", kind",
      without);
}

}  // namespace pgassay
