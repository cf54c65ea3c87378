#include "core/postgres/inventory_queries.h"

namespace pgassay {
namespace {

// Marks in the expressions below, which inventory_sql.cc replaces before use:
//   {user:ALIAS}   the namespace is none of the system's
//   {own:OID}      the relation is none of an extension's, temporary or a system table, and is kept
//   {kept:OID}     the relation is none that is left out
//   {named:CATALOG ALIAS, NAME, SCHEMA, CONDITION}  the name, with its schema, of the object that fits
//   {options:COLUMN}  of a foreign thing, without values that may be secrets
//   {granted:ACL}  of what initdb has made, as alias s: who has what, but for its owner

/// A row a relation, joined: for ten thousand tables a subselect each would take seconds.
constexpr std::string_view kColumns = R"(
  (SELECT a.attrelid, array_agg(ROW(a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
      pg_get_expr(ad.adbin, ad.adrelid), a.attidentity, a.attgenerated, a.attstorage,
      CASE WHEN a.attcollation <> t.typcollation THEN (SELECT format('%I.%I', ln.nspname, l.collname)
        FROM pg_collation l JOIN pg_namespace ln ON ln.oid = l.collnamespace WHERE l.oid = a.attcollation) END,
      CASE WHEN a.attoptions IS NOT NULL THEN
        (SELECT array_agg(o ORDER BY o) FROM unnest(a.attoptions) o WHERE o NOT LIKE 'pg\_att%') END,
      nullif(a.attstattarget, -1), $ATTCOMPRESSION, {options:a.attfdwoptions})::text
      ORDER BY a.attname) AS columns
   FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
   LEFT JOIN pg_attrdef ad ON ad.adrelid = a.attrelid AND ad.adnum = a.attnum
   WHERE a.attnum > 0 AND NOT a.attisdropped
     AND a.attrelid IN (SELECT oid FROM pg_class WHERE relkind IN ($KINDS) AND relpersistence <> 't'
       AND relnamespace IN (SELECT n.oid FROM pg_namespace n WHERE {user:n}))
   GROUP BY a.attrelid) col ON col.attrelid = c.oid)";

std::string columns_of(std::string_view kinds) {
  std::string sql = "LEFT JOIN " + std::string(kColumns);
  return sql.replace(sql.find("$KINDS"), 6, kinds);
}

constexpr std::string_view kRelationDefinition = R"(ROW(col.columns, c.relpersistence, c.relreplident,
    c.relrowsecurity, c.relforcerowsecurity, am.amname,
    CASE WHEN c.reloptions IS NOT NULL THEN (SELECT array_agg(o ORDER BY o) FROM unnest(c.reloptions) o) END,
    CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END,
    (SELECT array_agg(i.inhparent::regclass::text ORDER BY i.inhseqno) FROM pg_inherits i WHERE i.inhrelid = c.oid),
    pg_get_expr(c.relpartbound, c.oid), CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
    CASE WHEN c.relkind = 'f' THEN (SELECT ROW(s.srvname, {options:f.ftoptions})::text FROM pg_foreign_table f
      JOIN pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = c.oid) END,
    CASE WHEN tc.reloptions IS NOT NULL THEN (SELECT array_agg(o ORDER BY o) FROM unnest(tc.reloptions) o) END,
    CASE WHEN c.relkind = 'm' THEN c.relispopulated END,
    CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END)::text)";

const std::string& relation_from() {
  static const std::string sql =
      "pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_am am ON am.oid = c.relam "
      "LEFT JOIN pg_class tc ON tc.oid = c.reltoastrelid "
      "LEFT JOIN (SELECT a.attrelid FROM pg_attribute a WHERE a.attacl IS NOT NULL GROUP BY 1) colacl "
      "ON colacl.attrelid = c.oid " +
      columns_of("'r', 'p', 'f', 'v', 'm'");
  return sql;
}

const std::string& composite_from() {
  static const std::string sql =
      "pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_type t ON t.oid = c.reltype " +
      columns_of("'c'");
  return sql;
}

constexpr std::string_view kRelationIdentity = "format('%I.%I', n.nspname, c.relname)";
std::vector<ObjectKind> relation_kinds() {
  return {
      {"'schema'", "quote_ident(n.nspname)", "n.nspowner", "n.nspacl, 'n', n.nspowner", "''",
       "pg_namespace n", "{user:n}", "pg_namespace, n.oid"},
      {"CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'f' THEN 'foreign table' "
       "WHEN 'v' THEN 'view' ELSE 'materialized view' END",
       kRelationIdentity, "c.relowner", "c.relacl, 'r', c.relowner", kRelationDefinition, relation_from(),
       "c.relkind IN ('r', 'p', 'f', 'v', 'm') AND c.relpersistence <> 't' AND {user:n} AND {kept:c.oid}",
       "pg_class, c.oid"},
      {"'composite type'", kRelationIdentity, "t.typowner", "t.typacl, 'T', t.typowner", "col.columns::text",
       composite_from(), "c.relkind = 'c' AND {user:n}", "pg_type, t.oid"},
      {"'sequence'", kRelationIdentity, "c.relowner", "c.relacl, 's', c.relowner",
       "ROW(c.relpersistence, format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, "
       "s.seqcycle, "
       "s.seqcache, (SELECT array_agg(ROW(d.deptype, d.refobjid::regclass::text, a.attname)::text) "
       "FROM pg_depend d "
       "JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid WHERE d.classid = 1259 "
       "AND d.objid = c.oid AND d.refclassid = 1259 AND d.deptype IN ('a', 'i')))::text",
       "pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_sequence s ON s.seqrelid = c.oid",
       "c.relpersistence <> 't' AND {user:n} AND {kept:c.oid}", "pg_class, c.oid"},
      {"'index'", "format('%I.%I', n.nspname, ic.relname)", "ic.relowner", "",
       "ROW(pg_get_indexdef(i.indexrelid), i.indisclustered, i.indisreplident, (SELECT "
       "array_agg(ROW(a.attnum, a.attstattarget) ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = "
       "i.indexrelid AND a.attstattarget >= 0))::text",
       "pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
       "JOIN pg_class ic ON ic.oid = i.indexrelid",
       "i.indisvalid AND {own:c}", ""},
      {"'constraint'", "format('%I on %I.%I', k.conname, n.nspname, c.relname)", "", "",
       "ROW(k.contype, k.convalidated, k.condeferrable, k.condeferred, "
       "pg_get_constraintdef(k.oid))::text",
       "pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace",
       // A partition's copy of a foreign key is made anew, under a name of its own.
       "k.contype IN ('c', 'f', 'p', 'u', 'x') AND NOT (k.contype = 'f' AND k.conparentid <> 0) AND {own:c}",
       ""},
      {"'domain constraint'", "format('%I on %s', k.conname, format_type(k.contypid, NULL))", "", "",
       "ROW(k.convalidated, pg_get_constraintdef(k.oid))::text",
       "pg_constraint k JOIN pg_type t ON t.oid = k.contypid JOIN pg_namespace n ON n.oid = t.typnamespace",
       "k.contype = 'c' AND {user:n}", "pg_type, t.oid"},
      {"'not-null constraint'", "format('%I on %I.%I', k.conname, n.nspname, c.relname)", "", "",
       "ROW(k.convalidated, pg_get_constraintdef(k.oid))::text",
       "pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace",
       "k.contype = 'n' AND $NAMED_NOT_NULLS AND {own:c}", ""},
      {"'not-null constraint'", "format('%I on domain %s', k.conname, format_type(k.contypid, NULL))", "", "",
       "''",
       "pg_constraint k JOIN pg_type t ON t.oid = k.contypid JOIN pg_namespace n ON n.oid = t.typnamespace",
       "k.contype = 'n' AND $NAMED_NOT_NULLS AND {user:n}", "pg_type, t.oid"},
      {"'trigger'", "format('%I on %I.%I', t.tgname, n.nspname, c.relname)", "", "",
       "ROW(t.tgenabled, pg_get_triggerdef(t.oid))::text",
       "pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace",
       "NOT t.tgisinternal AND {own:c}", "pg_trigger, t.oid"},
      {"'rule'", "format('%I on %I.%I', r.rulename, n.nspname, c.relname)", "", "",
       "ROW(r.ev_enabled, pg_get_ruledef(r.oid))::text",
       "pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace",
       "r.rulename <> '_RETURN' AND {own:c}", ""},
      {"'policy'", "format('%I on %I.%I', p.polname, n.nspname, c.relname)", "", "",
       "ROW(p.polcmd, p.polpermissive, (SELECT array_agg(r.rolname ORDER BY r.rolname) FROM "
       "pg_roles r "
       "WHERE r.oid = ANY (p.polroles)), pg_get_expr(p.polqual, p.polrelid), "
       "pg_get_expr(p.polwithcheck, p.polrelid))::text",
       "pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace",
       "{own:c}", "pg_policy, p.oid"},
      {"'statistics object'", "format('%I.%I', n.nspname, s.stxname)", "s.stxowner", "",
       "ROW(pg_get_statisticsobjdef(s.oid), nullif($STXSTATTARGET, -1))::text",
       "pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace", "{user:n} AND {kept:s.stxrelid}",
       "pg_statistic_ext, s.oid"},
  };
}

std::vector<ObjectKind> type_and_routine_kinds() {
  return {
      {"CASE t.typtype WHEN 'e' THEN 'enum type' WHEN 'd' THEN 'domain' WHEN 'r' THEN 'range type' ELSE "
       "'type' END",
       "format_type(t.oid, NULL)", "t.typowner", "t.typacl, 'T', t.typowner",
       "ROW(t.typisdefined, (SELECT array_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum "
       "e "
       "WHERE e.enumtypid = t.oid), (SELECT ROW(format_type(r.rngsubtype, NULL), "
       "r.rngcanonical::regproc::text, r.rngsubdiff::regproc::text, {named:pg_collation l, l.collname, "
       "l.collnamespace, l.oid = r.rngcollation}, {named:pg_opclass p, p.opcname, p.opcnamespace, p.oid = "
       "r.rngsubopc}, $MULTIRANGE) FROM pg_range r WHERE r.rngtypid = "
       "t.oid), "
       "CASE WHEN t.typtype = 'd' THEN ROW(format_type(t.typbasetype, t.typtypmod), "
       "t.typnotnull, "
       "t.typdefault, {named:pg_collation l, l.collname, l.collnamespace, l.oid = t.typcollation}) END, CASE "
       "WHEN t.typtype = 'b' THEN ROW(t.typlen, t.typbyval, "
       "t.typalign, "
       "t.typstorage, t.typcategory, t.typinput::regproc::text, t.typoutput::regproc::text, "
       "t.typispreferred, "
       "t.typdelim, format_type(nullif(t.typelem, 0), NULL), t.typreceive::regproc::text, "
       "t.typsend::regproc::text, t.typmodin::regproc::text, t.typmodout::regproc::text, "
       "t.typanalyze::regproc::text, $TYPSUBSCRIPT, {named:pg_collation l, l.collname, l.collnamespace, "
       "l.oid = "
       "t.typcollation}) END)::text",
       "pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace",
       // Arrays and multiranges come with their type.
       "t.typtype IN ('b', 'd', 'e', 'r', 'p') AND {user:n} "
       "AND NOT EXISTS (SELECT FROM pg_type el WHERE el.typarray = t.oid)",
       "pg_type, t.oid"},
      {"CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END",
       "format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes))", "p.proowner",
       "p.proacl, 'f', p.proowner",
       "ROW(p.prokind, pg_get_function_arguments(p.oid), "
       "pg_get_function_result(p.oid), l.lanname, "
       "p.prosrc, p.probin, p.provolatile, p.proisstrict, p.prosecdef, p.proleakproof, p.proparallel, "
       "p.procost, "
       "p.prorows, p.proconfig, $SQLBODY, (SELECT ROW(a.aggkind, "
       "a.aggtransfn::regproc::text, "
       "a.aggfinalfn::regproc::text, a.aggcombinefn::regproc::text, format_type(a.aggtranstype, NULL), "
       "a.agginitval, "
       "a.aggsortop::regoperator::text, a.aggnumdirectargs, a.aggserialfn::regproc::text, "
       "a.aggdeserialfn::regproc::text, a.aggmtransfn::regproc::text, a.aggminvtransfn::regproc::text, "
       "a.aggmfinalfn::regproc::text, a.aggfinalextra, a.aggmfinalextra, a.aggfinalmodify, "
       "a.aggmfinalmodify, "
       "a.aggtransspace, format_type(nullif(a.aggmtranstype, 0), NULL), a.aggmtransspace, a.aggminitval) "
       "FROM "
       "pg_aggregate a WHERE a.aggfnoid = p.oid), p.prosupport::regproc::text, (SELECT "
       "array_agg(format_type(x, NULL) ORDER BY i) FROM unnest(p.protrftypes) WITH ORDINALITY y(x, "
       "i)))::text",
       "pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang",
       "{user:n}", "pg_proc, p.oid",
       "json_strip_nulls(json_build_object('volatility', CASE p.prokind WHEN 'f' THEN p.provolatile END, "
       "'parallel', CASE p.prokind WHEN 'f' THEN p.proparallel END, 'cost', CASE p.prokind WHEN 'f' THEN "
       "p.procost::text END, 'rows', CASE WHEN p.proretset THEN p.prorows::text END, 'strict', CASE "
       "p.prokind "
       "WHEN 'f' THEN p.proisstrict::text END, 'leakproof', CASE p.prokind WHEN 'f' THEN "
       "p.proleakproof::text "
       "END, 'definer', CASE WHEN p.prokind <> 'a' THEN p.prosecdef::text END, 'settings', CASE WHEN "
       "p.prokind "
       "<> 'a' THEN coalesce(array_to_json(p.proconfig)::text, '[]') END))"},
      {"'operator'",
       "format('%I.%s(%s,%s)', n.nspname, o.oprname, CASE WHEN o.oprleft = 0 THEN 'NONE' ELSE "
       "format_type(o.oprleft, NULL) "
       "END, CASE WHEN o.oprright = 0 THEN 'NONE' ELSE format_type(o.oprright, NULL) END)",
       "o.oprowner", "",
       "ROW(o.oprcode::regprocedure::text, o.oprcom::regoperator::text, "
       "o.oprnegate::regoperator::text, "
       "o.oprrest::regproc::text, o.oprjoin::regproc::text, o.oprcanhash, o.oprcanmerge)::text",
       "pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace", "o.oprcode <> 0 AND {user:n}",
       "pg_operator, o.oid"},
      {"'operator class'", "format('%I.%I using %I', n.nspname, o.opcname, am.amname)", "o.opcowner", "",
       "ROW(format_type(o.opcintype, NULL), o.opcdefault, CASE WHEN o.opckeytype <> 0 THEN "
       "format_type(o.opckeytype, NULL) END, (SELECT format('%I.%I', fn.nspname, f.opfname) FROM pg_opfamily "
       "f "
       "JOIN pg_namespace fn ON fn.oid = f.opfnamespace WHERE f.oid = o.opcfamily))::text",
       "pg_opclass o JOIN pg_namespace n ON n.oid = o.opcnamespace JOIN pg_am am ON am.oid = o.opcmethod",
       "{user:n}", "pg_opclass, o.oid"},
      {"'operator family'", "format('%I.%I using %I', n.nspname, o.opfname, am.amname)", "o.opfowner", "",
       "ROW((SELECT array_agg(x ORDER BY x) FROM (SELECT format('%s %s %s %s', a.amopstrategy, "
       "a.amoppurpose, "
       "a.amopopr::regoperator, {named:pg_opfamily s, s.opfname, s.opfnamespace, s.oid = a.amopsortfamily}) "
       "x FROM pg_amop a WHERE a.amopfamily = o.oid) q), (SELECT array_agg(x ORDER "
       "BY "
       "x) FROM "
       "(SELECT format('%s %s %s %s', a.amprocnum, format_type(a.amproclefttype, NULL), "
       "format_type(a.amprocrighttype, "
       "NULL), a.amproc::regprocedure) x FROM pg_amproc a WHERE a.amprocfamily = o.oid) q))::text",
       "pg_opfamily o JOIN pg_namespace n ON n.oid = o.opfnamespace JOIN pg_am am ON am.oid = o.opfmethod",
       "{user:n}", "pg_opfamily, o.oid"},
      {"'cast'", "format('%s AS %s', format_type(k.castsource, NULL), format_type(k.casttarget, NULL))", "",
       "", "ROW(k.castfunc::regprocedure::text, k.castcontext, k.castmethod)::text", "pg_cast k",
       "k.oid >= 16384", "pg_cast, k.oid"},
      {"'collation'", "format('%I.%I', n.nspname, l.collname)", "l.collowner", "",
       "(to_jsonb(l) - '{oid,collname,collnamespace,collowner,collversion}'::text[])::text",
       "pg_collation l JOIN pg_namespace n ON n.oid = l.collnamespace", "{user:n}", "pg_collation, l.oid"},
      {"'conversion'", "format('%I.%I', n.nspname, k.conname)", "k.conowner", "",
       "ROW(pg_encoding_to_char(k.conforencoding), pg_encoding_to_char(k.contoencoding), "
       "k.conproc::regproc::text, k.condefault)::text",
       "pg_conversion k JOIN pg_namespace n ON n.oid = k.connamespace", "{user:n}", "pg_conversion, k.oid"},
      {"'language'", "quote_ident(l.lanname)", "l.lanowner", "l.lanacl, 'l', l.lanowner",
       "ROW(l.lanpltrusted, l.lanplcallfoid::regproc::text, l.laninline::regproc::text, "
       "l.lanvalidator::regproc::text)::text",
       "pg_language l", "l.oid >= 16384", "pg_language, l.oid"},
      {"'transform'", "format('for %s language %I', format_type(t.trftype, NULL), l.lanname)", "", "",
       "ROW(t.trffromsql::regprocedure::text, t.trftosql::regprocedure::text)::text",
       "pg_transform t JOIN pg_language l ON l.oid = t.trflang", "t.oid >= 16384", "pg_transform, t.oid"},
      {"'access method'", "quote_ident(a.amname)", "", "", "ROW(a.amtype, a.amhandler::regproc::text)::text",
       "pg_am a", "a.oid >= 16384", "pg_am, a.oid"},
  };
}

std::vector<ObjectKind> other_kinds() {
  return {
      {"'text search configuration'", "format('%I.%I', n.nspname, t.cfgname)", "t.cfgowner", "",
       "ROW((SELECT format('%I.%I', pn.nspname, p.prsname) FROM pg_ts_parser p JOIN "
       "pg_namespace pn "
       "ON pn.oid = p.prsnamespace WHERE p.oid = t.cfgparser), (SELECT "
       "array_agg(ROW(m.maptokentype, "
       "m.mapdict::regdictionary::text) ORDER BY m.maptokentype, m.mapseqno) FROM pg_ts_config_map m "
       "WHERE m.mapcfg = t.oid))::text",
       "pg_ts_config t JOIN pg_namespace n ON n.oid = t.cfgnamespace", "{user:n}", "pg_ts_config, t.oid"},
      {"'text search dictionary'", "format('%I.%I', n.nspname, t.dictname)", "t.dictowner", "",
       "ROW((SELECT format('%I.%I', pn.nspname, p.tmplname) FROM pg_ts_template p JOIN "
       "pg_namespace pn "
       "ON pn.oid = p.tmplnamespace WHERE p.oid = t.dicttemplate), t.dictinitoption)::text",
       "pg_ts_dict t JOIN pg_namespace n ON n.oid = t.dictnamespace", "{user:n}", "pg_ts_dict, t.oid",
       "json_build_object('options', coalesce(t.dictinitoption, ''))"},
      {"'text search parser'", "format('%I.%I', n.nspname, t.prsname)", "", "",
       "ROW(t.prsstart::text, t.prstoken::text, t.prsend::text, t.prsheadline::text, "
       "t.prslextype::text)::text",
       "pg_ts_parser t JOIN pg_namespace n ON n.oid = t.prsnamespace", "{user:n}", "pg_ts_parser, t.oid"},
      {"'text search template'", "format('%I.%I', n.nspname, t.tmplname)", "", "",
       "ROW(t.tmplinit::text, t.tmpllexize::text)::text",
       "pg_ts_template t JOIN pg_namespace n ON n.oid = t.tmplnamespace", "{user:n}",
       "pg_ts_template, t.oid"},
      // Options of user mappings hold passwords: they stay out, even as a hash.
      {"'foreign-data wrapper'", "quote_ident(f.fdwname)", "f.fdwowner", "f.fdwacl, 'F', f.fdwowner",
       "ROW(f.fdwhandler::regproc::text, f.fdwvalidator::regproc::text, "
       "{options:f.fdwoptions}$FDWCONNECTION)::text",
       "pg_foreign_data_wrapper f", "true", "pg_foreign_data_wrapper, f.oid"},
      {"'foreign server'", "quote_ident(s.srvname)", "s.srvowner", "s.srvacl, 'S', s.srvowner",
       "ROW((SELECT f.fdwname FROM pg_foreign_data_wrapper f WHERE f.oid = s.srvfdw), "
       "s.srvtype, "
       "s.srvversion, {options:s.srvoptions})::text",
       "pg_foreign_server s", "true", "pg_foreign_server, s.oid"},
      {"'user mapping'", "format('for %I server %I', u.usename, u.srvname)", "", "", "''",
       "pg_user_mappings u", "true", ""},
      {"'event trigger'", "quote_ident(e.evtname)", "e.evtowner", "",
       "ROW(e.evtevent, e.evtfoid::regprocedure::text, e.evtenabled, e.evttags)::text", "pg_event_trigger e",
       "true", "pg_event_trigger, e.oid"},
      {"'extension'", "quote_ident(e.extname)", "", "", "ROW(n.nspname, e.extversion)::text",
       "pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace", "true", ""},
      {"'publication'", "quote_ident(p.pubname)", "p.pubowner", "",
       "ROW(to_jsonb(p) - '{oid,pubname,pubowner}'::text[], (SELECT array_agg(ROW("
       "r.prrelid::regclass::text$PUBLISHED_PARTS$EXCEPTED) ORDER BY r.prrelid::regclass::text) FROM "
       "pg_publication_rel r "
       "WHERE r.prpubid = p.oid)$PUBLISHED_SCHEMAS)::text",
       "pg_publication p", "true", "pg_publication, p.oid"},
      // Whether it is enabled is not restored, on purpose; its connection string holds a password.
      {"'subscription'", "quote_ident(s.subname)", "s.subowner", "", "ROW(s.subpublications)::text",
       "pg_subscription s", "s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())",
       ""},
      {"'default privileges'",
       "format('for %I%s on %s', pg_get_userbyid(d.defaclrole), CASE WHEN n.oid IS NULL THEN '' ELSE "
       "format(' in %I', "
       "n.nspname) END, d.defaclobjtype)",
       "", "d.defaclacl, 'r', 0", "''",
       "pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace", "true",
       "pg_default_acl, d.oid"},
      {"'large objects'", "quote_ident(r.rolname)", "r.oid", "", "l.count::text",
       "(SELECT lomowner, count(*) FROM pg_largeobject_metadata GROUP BY 1) l JOIN pg_roles r ON r.oid = "
       "l.lomowner",
       "true", ""},
      {"'comment'", "format('on %s %s', o.type, o.identity)", "", "", "d.description",
       "pg_description d, pg_identify_object(d.classoid, d.objoid, d.objsubid) o",
       "(d.objoid >= 16384 OR (d.classoid = 'pg_namespace'::regclass AND d.objoid = "
       "to_regnamespace('public'))) "
       "AND d.classoid <> 'pg_largeobject'::regclass AND (d.classoid <> 'pg_class'::regclass OR "
       "{kept:d.objoid}) "
       "AND o.schema IS DISTINCT FROM 'pg_temp'",
       "d.classoid, d.objoid", "json_build_object('comment', d.description)"},
      {"'security label'", "format('%s on %s %s', d.provider, o.type, o.identity)", "", "", "d.label",
       "pg_seclabel d, pg_identify_object(d.classoid, d.objoid, d.objsubid) o",
       "d.classoid <> 'pg_largeobject'::regclass", "d.classoid, d.objoid"},
      {"'security label'", "format('%s on database', d.provider)", "", "", "d.label", "pg_shseclabel d",
       "d.classoid = 'pg_database'::regclass AND d.objoid = (SELECT oid FROM pg_database WHERE datname = "
       "current_database())",
       ""},
      {"'dependency on extension'", "format('of %s %s on %I', o.type, o.identity, e.extname)", "", "", "''",
       "pg_depend d JOIN pg_extension e ON e.oid = d.refobjid, pg_identify_object(d.classid, d.objid, 0) o",
       "d.refclassid = 'pg_extension'::regclass AND d.deptype = 'x'", ""},
      // Of what initdb has made a dump carries the privileges alone, where they are not initdb's.
      {"'privileges'", "format('on %s %s', o.type, o.identity)", "", "", "{granted:s.acl}",
       "(SELECT 'pg_proc'::regclass AS class, oid, proacl AS acl, 'f'::\"char\" AS type, proowner AS owner "
       "FROM "
       "pg_proc UNION ALL SELECT 'pg_class'::regclass, oid, relacl, (CASE relkind WHEN 'S' THEN 's' ELSE 'r' "
       "END)::\"char\", "
       "relowner FROM pg_class WHERE relkind IN ('r', 'v', 'S') UNION ALL SELECT 'pg_type'::regclass, oid, "
       "typacl, 'T', typowner FROM pg_type "
       "UNION ALL SELECT 'pg_language'::regclass, oid, lanacl, 'l', lanowner FROM pg_language UNION ALL "
       "SELECT "
       "'pg_namespace'::regclass, oid, nspacl, 'n', nspowner FROM pg_namespace) s LEFT "
       "JOIN pg_init_privs i ON i.classoid = s.class AND i.objoid = s.oid AND i.objsubid = 0, "
       "pg_identify_object(s.class, s.oid, 0) o",
       "s.oid < 16384 AND (o.schema = 'pg_catalog' OR o.type = 'language' OR o.identity = 'pg_catalog') AND "
       "s.acl "
       "IS DISTINCT FROM i.initprivs AND {granted:s.acl} IS DISTINCT FROM "
       "{granted:i.initprivs}",
       ""},
  };
}

}  // namespace

const std::vector<ObjectKind>& object_kinds() {
  static const std::vector<ObjectKind> kinds = [] {
    std::vector<ObjectKind> all = relation_kinds();
    for (auto more : {type_and_routine_kinds(), other_kinds()})
      all.insert(all.end(), more.begin(), more.end());
    return all;
  }();
  return kinds;
}

}  // namespace pgassay
