#include "core/postgres/catalog_columns.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <vector>

namespace pgassay {
namespace {

/// Its names would be anybody's outside of it.
struct Classification {
  using enum Treatment;
  static constexpr int k13 = 130000, k14 = 140000, k15 = 150000, k16 = 160000, k17 = 170000, k18 = 180000,
                       k19 = 190000;

  static constexpr CatalogColumns kRows[] = {
      {"pg_aggregate",
       "aggfnoid aggkind aggnumdirectargs aggtransfn aggfinalfn aggcombinefn aggserialfn aggdeserialfn "
       "aggmtransfn "
       "aggminvtransfn aggmfinalfn aggfinalextra aggmfinalextra aggfinalmodify aggmfinalmodify aggsortop "
       "aggtranstype aggtransspace aggmtranstype aggmtransspace agginitval aggminitval",
       compared},
      {"pg_am", "oid", oid},
      {"pg_am", "amname amhandler amtype", compared},
      {"pg_amop", "oid", oid},
      {"pg_amop", "amopfamily amopstrategy amoppurpose amopopr amopsortfamily", compared},
      {"pg_amop", "amoplefttype amoprighttype amopmethod", derived,
       "the operator's signature, the family's method"},
      {"pg_amproc", "oid", oid},
      {"pg_amproc", "amprocfamily amproclefttype amprocrighttype amprocnum amproc", compared},
      {"pg_attrdef", "oid", oid},
      {"pg_attrdef", "adrelid adnum adbin", compared},
      {"pg_attribute",
       "attrelid attname atttypid attstattarget attnum atttypmod attstorage attnotnull attidentity "
       "attgenerated "
       "attisdropped attcollation attacl attoptions attfdwoptions",
       compared},
      {"pg_attribute", "attcompression", compared, {}, k14},
      {"pg_attribute", "attlen attbyval attalign atthasdef", derived, "the column's type and default"},
      {"pg_attribute", "attcacheoff", physical, {}, 0, k18},
      {"pg_attribute", "atthasmissing attmissingval", physical},
      {"pg_attribute", "attndims", not_carried,
       "dimensions that are written bind nobody, and a dump drops them"},
      {"pg_attribute", "attislocal attinhcount", not_carried,
       "a dump attaches partitions, so their columns are local; parents are compared"},
      {"pg_auth_members", "roleid member admin_option", elsewhere, "the check of the roles"},
      {"pg_auth_members", "grantor", not_carried, "nothing hangs on it before 16", 0, k16},
      {"pg_auth_members", "grantor", elsewhere, "the check of the roles", k16},
      {"pg_auth_members", "oid", oid, {}, k16},
      {"pg_auth_members", "inherit_option set_option", elsewhere, "the check of the roles", k16},
      {"pg_authid", "oid", oid},
      {"pg_authid",
       "rolname rolsuper rolinherit rolcreaterole rolcreatedb rolcanlogin rolreplication rolbypassrls "
       "rolconnlimit rolvaliduntil",
       elsewhere, "the check of the roles"},
      {"pg_authid", "rolpassword", secret},
      {"pg_cast", "oid", oid},
      {"pg_cast", "castsource casttarget castfunc castcontext castmethod", compared},
      {"pg_class", "oid", oid},
      {"pg_class",
       "relname relnamespace reltype reloftype relowner relam reltoastrelid relpersistence relkind "
       "relrowsecurity "
       "relforcerowsecurity relispopulated relreplident relacl reloptions relpartbound",
       compared},
      {"pg_class",
       "relnatts relchecks relhasindex relhasrules relhastriggers relhassubclass relispartition relisshared",
       derived, "columns, constraints, indexes, rules, triggers, parents"},
      {"pg_class", "relfilenode reltablespace relrewrite", physical},
      {"pg_class", "relpages reltuples relallvisible", statistics},
      {"pg_class", "relallfrozen", statistics, {}, k18},
      {"pg_class", "relfrozenxid relminmxid", physical},
      {"pg_collation", "oid", oid},
      {"pg_collation", "collname collnamespace collowner", compared},
      {"pg_collation", "collprovider collisdeterministic collencoding collcollate collctype", through,
       "to_jsonb(l)"},
      {"pg_collation", "colliculocale", through, "to_jsonb(l)", k15, k17},
      {"pg_collation", "colllocale", through, "to_jsonb(l)", k17},
      {"pg_collation", "collicurules", through, "to_jsonb(l)", k16},
      {"pg_collation", "collversion", environment},
      {"pg_constraint", "oid", oid},
      {"pg_constraint",
       "conname contype condeferrable condeferred convalidated conrelid contypid conparentid", compared},
      {"pg_constraint",
       "confrelid confupdtype confdeltype confmatchtype connoinherit conkey confkey conpfeqop conppeqop "
       "conffeqop "
       "conexclop conbin",
       through, "pg_get_constraintdef("},
      {"pg_constraint", "confdelsetcols", through, "pg_get_constraintdef(", k15},
      {"pg_constraint", "conenforced conperiod", through, "pg_get_constraintdef(", k18},
      {"pg_constraint", "connamespace conindid", derived, "the table's schema, the index of the key"},
      {"pg_constraint", "conislocal coninhcount", not_carried, "a dump attaches partitions: see attislocal"},
      {"pg_conversion", "oid", oid},
      {"pg_conversion", "conname connamespace conowner conforencoding contoencoding conproc condefault",
       compared},
      {"pg_database", "oid", oid},
      {"pg_database", "datname datdba encoding datistemplate datconnlimit datcollate datctype datacl",
       elsewhere, "the check of the database"},
      {"pg_database", "datlocprovider", elsewhere, "the check of the database", k15},
      {"pg_database", "daticulocale", elsewhere, "the check of the database", k15, k17},
      {"pg_database", "datlocale", elsewhere, "the check of the database", k17},
      {"pg_database", "daticurules", elsewhere, "the check of the database", k16},
      {"pg_database", "datcollversion", environment, {}, k15},
      {"pg_database", "dathasloginevt", derived, "event triggers", k17},
      {"pg_database", "datallowconn", not_carried, "a restored database takes connections"},
      {"pg_database", "dattablespace", physical},
      {"pg_database", "datfrozenxid datminmxid", physical},
      {"pg_database", "datlastsysoid", physical, {}, 0, k15},
      {"pg_db_role_setting", "setdatabase setrole setconfig", elsewhere,
       "the checks of the database and of the roles"},
      {"pg_default_acl", "oid", oid},
      {"pg_default_acl", "defaclrole defaclnamespace defaclobjtype defaclacl", compared},
      {"pg_depend", "classid objid objsubid refclassid refobjid refobjsubid deptype", compared},
      {"pg_description", "objoid classoid objsubid description", compared},
      {"pg_enum", "oid", oid},
      {"pg_enum", "enumtypid enumsortorder enumlabel", compared},
      {"pg_event_trigger", "oid", oid},
      {"pg_event_trigger", "evtname evtevent evtowner evtfoid evtenabled evttags", compared},
      {"pg_extension", "oid", oid},
      {"pg_extension", "extname extnamespace extversion", compared},
      {"pg_extension", "extowner", not_carried, "who restores owns it; its members are compared"},
      {"pg_extension", "extrelocatable extconfig extcondition", derived, "the script of this version"},
      {"pg_foreign_data_wrapper", "oid", oid},
      {"pg_foreign_data_wrapper", "fdwname fdwowner fdwhandler fdwvalidator fdwacl fdwoptions", compared},
      {"pg_foreign_data_wrapper", "fdwconnection", compared, {}, k19},
      {"pg_foreign_server", "oid", oid},
      {"pg_foreign_server", "srvname srvowner srvfdw srvtype srvversion srvacl srvoptions", compared},
      {"pg_foreign_table", "ftrelid ftserver ftoptions", compared},
      {"pg_index", "indexrelid indrelid indisclustered indisvalid indisreplident", compared},
      {"pg_index", "indnatts indnkeyatts indisunique indkey indcollation indclass indoption indexprs indpred",
       through, "pg_get_indexdef("},
      {"pg_index", "indnullsnotdistinct", through, "pg_get_indexdef(", k15},
      {"pg_index", "indisprimary indisexclusion indimmediate", derived, "the constraint that it belongs to"},
      {"pg_index", "indcheckxmin indisready indislive", passing},
      {"pg_inherits", "inhrelid inhparent inhseqno", compared},
      {"pg_inherits", "inhdetachpending", passing, {}, k14},
      {"pg_init_privs", "objoid classoid objsubid initprivs", compared},
      {"pg_init_privs", "privtype", derived, "initdb's or an extension's"},
      {"pg_language", "oid", oid},
      {"pg_language", "lanname lanowner lanpltrusted lanplcallfoid laninline lanvalidator lanacl", compared},
      {"pg_language", "lanispl", derived, "its handler"},
      {"pg_largeobject", "loid pageno data", elsewhere, "the check of large objects"},
      {"pg_largeobject_metadata", "oid lomacl", elsewhere, "the check of large objects"},
      {"pg_largeobject_metadata", "lomowner", compared},
      {"pg_namespace", "oid", oid},
      {"pg_namespace", "nspname nspowner nspacl", compared},
      {"pg_opclass", "oid", oid},
      {"pg_opclass", "opcmethod opcname opcnamespace opcowner opcfamily opcintype opcdefault opckeytype",
       compared},
      {"pg_operator", "oid", oid},
      {"pg_operator",
       "oprname oprnamespace oprowner oprcanmerge oprcanhash oprleft oprright oprcom oprnegate oprcode "
       "oprrest "
       "oprjoin",
       compared},
      {"pg_operator", "oprkind oprresult", derived, "operands, the function's result"},
      {"pg_opfamily", "oid", oid},
      {"pg_opfamily", "opfmethod opfname opfnamespace opfowner", compared},
      {"pg_parameter_acl", "oid", oid, {}, k15},
      {"pg_parameter_acl", "parname paracl", elsewhere, "the check of the roles", k15},
      {"pg_partitioned_table", "partrelid", oid},
      {"pg_partitioned_table", "partstrat partnatts partattrs partclass partcollation partexprs", through,
       "pg_get_partkeydef("},
      {"pg_partitioned_table", "partdefid", derived, "the bounds of partitions"},
      {"pg_policy", "oid", oid},
      {"pg_policy", "polname polrelid polcmd polpermissive polroles polqual polwithcheck", compared},
      {"pg_proc", "oid", oid},
      {"pg_proc",
       "proname pronamespace proowner prolang procost prorows prosupport prokind prosecdef proleakproof "
       "proisstrict "
       "provolatile proparallel proargtypes protrftypes prosrc probin proconfig proacl",
       compared},
      {"pg_proc",
       "provariadic pronargs pronargdefaults proallargtypes proargmodes proargnames proargdefaults", through,
       "pg_get_function_arguments("},
      {"pg_proc", "proretset prorettype", through, "pg_get_function_result("},
      {"pg_proc", "prosqlbody", through, "pg_get_function_sqlbody(", k14},
      {"pg_publication", "oid", oid},
      {"pg_publication", "pubname pubowner", compared},
      {"pg_publication", "puballtables pubinsert pubupdate pubdelete pubtruncate", through, "to_jsonb(p)"},
      {"pg_publication", "pubviaroot", through, "to_jsonb(p)", k13},
      {"pg_publication", "pubgencols", through, "to_jsonb(p)", k18},
      {"pg_publication", "puballsequences", through, "to_jsonb(p)", k19},
      {"pg_publication_namespace", "oid", oid, {}, k15},
      {"pg_publication_namespace", "pnpubid pnnspid", compared, {}, k15},
      {"pg_publication_rel", "oid", oid},
      {"pg_publication_rel", "prpubid prrelid", compared},
      {"pg_publication_rel", "prqual prattrs", compared, {}, k15},
      {"pg_publication_rel", "prexcept", compared, {}, k19},
      {"pg_range", "rngtypid rngsubtype rngcollation rngsubopc rngcanonical rngsubdiff", compared},
      {"pg_range", "rngmultitypid", compared, {}, k14},
      {"pg_range", "rngconstruct2 rngconstruct3 rngmltconstruct0 rngmltconstruct1 rngmltconstruct2", derived,
       "functions that CREATE TYPE makes beside the type", k19},
      {"pg_replication_origin", "roident roname", cluster},
      {"pg_rewrite", "oid", oid},
      {"pg_rewrite", "rulename ev_class ev_enabled", compared},
      {"pg_rewrite", "ev_type is_instead ev_qual ev_action", through, "pg_get_ruledef("},
      {"pg_seclabel", "objoid classoid objsubid provider label", compared},
      {"pg_sequence", "seqrelid seqtypid seqstart seqincrement seqmax seqmin seqcache seqcycle", compared},
      {"pg_shdepend", "dbid classid objid objsubid refclassid refobjid deptype", derived,
       "owners and privileges"},
      {"pg_shdescription", "objoid classoid description", elsewhere,
       "the checks of the database and of the roles; the globals"},
      {"pg_shseclabel", "objoid classoid provider label", compared},
      {"pg_statistic",
       "starelid staattnum stainherit stanullfrac stawidth stadistinct stakind1 stakind2 stakind3 stakind4 "
       "stakind5 "
       "staop1 staop2 staop3 staop4 staop5 stacoll1 stacoll2 stacoll3 stacoll4 stacoll5 stanumbers1 "
       "stanumbers2 "
       "stanumbers3 stanumbers4 stanumbers5 stavalues1 stavalues2 stavalues3 stavalues4 stavalues5",
       statistics},
      {"pg_statistic_ext", "oid", oid},
      {"pg_statistic_ext", "stxname stxnamespace stxowner", compared},
      {"pg_statistic_ext", "stxstattarget", compared, {}, k13},
      {"pg_statistic_ext", "stxrelid stxkeys stxkind", through, "pg_get_statisticsobjdef("},
      {"pg_statistic_ext", "stxexprs", through, "pg_get_statisticsobjdef(", k14},
      {"pg_statistic_ext_data", "stxoid stxdndistinct stxddependencies stxdmcv", statistics},
      {"pg_statistic_ext_data", "stxdexpr", statistics, {}, k14},
      {"pg_statistic_ext_data", "stxdinherit", statistics, {}, k15},
      {"pg_subscription", "oid", oid},
      {"pg_subscription", "subdbid subname subowner subpublications", compared},
      {"pg_subscription", "subenabled subslotname", passing},
      {"pg_subscription", "subconninfo", secret},
      {"pg_subscription", "subsynccommit", not_carried, "a drill makes no subscription"},
      {"pg_subscription", "subbinary substream", not_carried, "a drill makes no subscription", k14},
      {"pg_subscription", "subtwophasestate subdisableonerr subskiplsn", not_carried,
       "a drill makes no subscription", k15},
      {"pg_subscription", "suborigin subpasswordrequired subrunasowner", not_carried,
       "a drill makes no subscription", k16},
      {"pg_subscription", "subfailover", not_carried, "a drill makes no subscription", k17},
      {"pg_subscription", "submaxretention subretaindeadtuples subretentionactive subserver subwalrcvtimeout",
       not_carried, "a drill makes no subscription", k19},
      {"pg_subscription_rel", "srsubid srrelid srsubstate srsublsn", passing},
      {"pg_tablespace", "oid spcname spcowner spcacl spcoptions", cluster},
      {"pg_transform", "oid", oid},
      {"pg_transform", "trftype trflang trffromsql trftosql", compared},
      {"pg_trigger", "oid", oid},
      {"pg_trigger", "tgrelid tgname tgenabled tgisinternal", compared},
      {"pg_trigger",
       "tgfoid tgtype tgconstrrelid tgdeferrable tginitdeferred tgnargs tgattr tgargs tgqual tgoldtable "
       "tgnewtable",
       through, "pg_get_triggerdef("},
      {"pg_trigger", "tgparentid", derived, "the trigger of the partitioned table", k13},
      {"pg_trigger", "tgconstrindid tgconstraint", derived, "the constraint"},
      {"pg_ts_config", "oid", oid},
      {"pg_ts_config", "cfgname cfgnamespace cfgowner cfgparser", compared},
      {"pg_ts_config_map", "mapcfg maptokentype mapseqno mapdict", compared},
      {"pg_ts_dict", "oid", oid},
      {"pg_ts_dict", "dictname dictnamespace dictowner dicttemplate dictinitoption", compared},
      {"pg_ts_parser", "oid", oid},
      {"pg_ts_parser", "prsname prsnamespace prsstart prstoken prsend prsheadline prslextype", compared},
      {"pg_ts_template", "oid", oid},
      {"pg_ts_template", "tmplname tmplnamespace tmplinit tmpllexize", compared},
      {"pg_type", "oid typarray", oid},
      {"pg_type",
       "typnamespace typowner typlen typbyval typtype typcategory typispreferred typisdefined typdelim "
       "typelem "
       "typinput typoutput typreceive typsend typmodin typmodout typanalyze typalign typstorage typnotnull "
       "typbasetype typtypmod typcollation typdefault typacl",
       compared},
      {"pg_type", "typname", through, "format_type(t.oid, NULL)"},
      {"pg_type", "typsubscript", compared, {}, k14},
      {"pg_type", "typdefaultbin typrelid", derived, "the default's text, the composite type's columns"},
      {"pg_type", "typndims", not_carried, "dimensions that are written bind nobody: see attndims"},
      {"pg_user_mapping", "oid", oid},
      {"pg_user_mapping", "umuser umserver", through, "pg_user_mappings"},
      {"pg_user_mapping", "umoptions", secret},
  };
};

}  // namespace

std::string_view to_string(Treatment treatment) {
  constexpr std::string_view kWords[] = {
      "compared",       "compared through",     "compared elsewhere", "derived",      "oid",
      "physical place", "statistics",           "passing state",      "cluster-wide", "environment",
      "secret",         "not carried by a dump"};
  return kWords[static_cast<int>(treatment)];
}

std::span<const CatalogColumns> catalog_columns() {
  return Classification::kRows;
}

std::string catalog_columns_summary(int server_version) {
  std::map<Treatment, std::size_t> counts;
  for (const CatalogColumns& row : Classification::kRows)
    if (server_version >= row.since && server_version < row.until)
      counts[row.treatment] += 1 + static_cast<std::size_t>(std::ranges::count(row.columns, ' '));
  std::vector<std::string> parts;
  for (const auto& [treatment, count] : counts)
    parts.push_back(fmt::format("{} {}", to_string(treatment), count));
  return fmt::to_string(fmt::join(parts, ", "));
}

}  // namespace pgassay
