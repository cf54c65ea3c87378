#include "restore/whole/target.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

#include "core/postgres/catalog.h"
#include "core/postgres/releases.h"
#include "core/system/error.h"

namespace pgassay::restore {
namespace {

constexpr int kMajor = 10000;
constexpr const char* kOwnDatabase =
    "give the backup a database of its own: --create --into NAME; nothing was touched";

void check_version(const Connection& connection, const Manifest& manifest) {
  const int target = connection.server_version() / kMajor, source = manifest.server.version / kMajor;
  if (target >= source) return;
  throw Refused(
      fmt::format("{}: PostgreSQL {} is older than the backup's {}", connection.described(), target, source),
      fmt::format("restore into PostgreSQL {} or newer. What an older one can take is rows: make the tables "
                  "there, and load "
                  "what pgassay export ID --table TABLE writes (docs/postgresql.md)",
                  source));
}

void check_extensions(Connection& connection, const Manifest& manifest, std::vector<Note>& notes) {
  std::map<std::string, std::string> available;
  const Result result =
      connection.query("SELECT name, default_version FROM pg_catalog.pg_available_extensions");
  for (int row = 0; row < result.rows(); ++row) available[result.text(row, 0)] = result.text(row, 1);
  std::vector<std::string> missing;
  for (const ExtensionInfo& extension : manifest.extensions) {
    const auto found = available.find(extension.name);
    if (found == available.end())
      missing.push_back(fmt::format("{} {}", extension.name, extension.version));
    else if (found->second != extension.version)
      notes.push_back({NoteKind::extension_version,
                       extension.name,
                       {},
                       fmt::format("extension {}: version {} here, {} in the backup", extension.name,
                                   found->second, extension.version)});
  }
  if (missing.empty()) return;
  throw Refused(fmt::format("{}: the backup needs extensions that are not installed on the server: {}",
                            connection.described(), fmt::join(missing, ", ")),
                "install their packages on the server (Debian: apt-get install postgresql-contrib, "
                "postgresql-NN-NAME), then run it again");
}

/// Any session may try a locale on for size with lc_monetary.
bool locale_known(Connection& connection, const std::string& locale) {
  try {
    connection.query("BEGIN");
    connection.query("SELECT pg_catalog.set_config('lc_monetary', $1, true)", {locale});
    connection.query("ROLLBACK");
    return true;
  } catch (const ServerError&) {
    connection.query("ROLLBACK");
    return false;
  }
}

void check_locales(Connection& connection, const DatabaseProperties& database) {
  for (const std::string& locale : {database.collate, database.ctype}) {
    if (locale.empty() || locale_known(connection, locale)) continue;
    throw Refused(
        fmt::format("{}: the backup's database has the locale \"{}\", which the server lacks",
                    connection.described(), locale),
        fmt::format(
            "make it there (Debian: uncomment it in /etc/locale.gen, run locale-gen; else: localedef) "
            "and restart PostgreSQL, or create a database with another locale and restore with "
            "--into"));
  }
}

/// Objects of one catalog that neither initdb nor an extension made.
std::string users_objects(const std::string& kind, const std::string& catalog, const std::string& name,
                          const std::string& condition = "true") {
  return fmt::format(
      "SELECT '{0} ' || {2} AS what FROM pg_catalog.{1} o WHERE o.oid >= 16384 AND {3} AND NOT EXISTS"
      " (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.{1}'::pg_catalog.regclass"
      " AND d.objid = o.oid AND d.deptype = 'e')",
      kind, catalog, name, condition);
}

std::string in_schema(const std::string& column, const std::string& schema) {
  return fmt::format("(SELECT n.nspname FROM pg_catalog.pg_namespace n WHERE n.oid = o.{}) || '.' || o.{}",
                     schema, column);
}

/// What has a name in a schema and is none of the better known kinds.
std::vector<std::string> lesser_objects() {
  struct Kind {
    const char *shown, *catalog, *name, *schema;
  };
  constexpr Kind kKinds[] = {{"collation", "pg_collation", "collname", "collnamespace"},
                             {"operator", "pg_operator", "oprname", "oprnamespace"},
                             {"operator class", "pg_opclass", "opcname", "opcnamespace"},
                             {"operator family", "pg_opfamily", "opfname", "opfnamespace"},
                             {"text search configuration", "pg_ts_config", "cfgname", "cfgnamespace"},
                             {"text search dictionary", "pg_ts_dict", "dictname", "dictnamespace"},
                             {"text search parser", "pg_ts_parser", "prsname", "prsnamespace"},
                             {"text search template", "pg_ts_template", "tmplname", "tmplnamespace"},
                             {"conversion", "pg_conversion", "conname", "connamespace"}};
  std::vector<std::string> parts;
  // pg_import_system_collations() fills pg_catalog, which no backup holds anything of.
  for (const Kind& kind : kKinds)
    parts.push_back(users_objects(kind.shown, kind.catalog, in_schema(kind.name, kind.schema),
                                  fmt::format("o.{} <> 'pg_catalog'::pg_catalog.regnamespace", kind.schema)));
  return parts;
}

std::string whatever_is_there() {
  const std::string elsewhere =
      "NOT EXISTS (SELECT FROM pg_catalog.pg_namespace n WHERE n.oid = o.{} AND n.nspname ~ "
      "'^pg_(toast|temp)')";
  const auto here = [&](const char* column) { return fmt::format(fmt::runtime(elsewhere), column); };
  std::vector<std::string> parts = {
      users_objects("schema", "pg_namespace", "o.nspname",
                    "o.nspname <> 'public' AND o.nspname !~ '^pg_(toast|temp)'"),
      users_objects("relation", "pg_class", in_schema("relname", "relnamespace"),
                    "o.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND " + here("relnamespace")),
      users_objects("function", "pg_proc", in_schema("proname", "pronamespace"), here("pronamespace")),
      users_objects(
          "type", "pg_type", in_schema("typname", "typnamespace"),
          "o.typcategory <> 'A' AND o.typtype <> 'm' AND " + here("typnamespace") +
              " AND (o.typrelid = 0 OR EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = o.typrelid"
              " AND c.relkind = 'c'))"),
      users_objects("event trigger", "pg_event_trigger", "o.evtname"),
      users_objects("publication", "pg_publication", "o.pubname"),
      users_objects("foreign-data wrapper", "pg_foreign_data_wrapper", "o.fdwname"),
      users_objects("foreign server", "pg_foreign_server", "o.srvname"),
      users_objects("language", "pg_language", "o.lanname"),
      users_objects("access method", "pg_am", "o.amname"),
      users_objects("cast", "pg_cast",
                    "pg_catalog.format_type(o.castsource, NULL) || ' to ' || "
                    "pg_catalog.format_type(o.casttarget, NULL)"),
      users_objects("default privileges of", "pg_default_acl", "pg_catalog.pg_get_userbyid(o.defaclrole)"),
      "SELECT 'user mapping of ' || o.usename || ' for ' || o.srvname FROM pg_catalog.pg_user_mappings o",
      "SELECT 'subscription ' || o.subname FROM pg_catalog.pg_subscription o JOIN pg_catalog.pg_database d"
      " ON d.oid = o.subdbid WHERE d.datname = pg_catalog.current_database()",
      "SELECT 'large object ' || o.oid FROM pg_catalog.pg_largeobject_metadata o"};
  for (std::string& lesser : lesser_objects()) parts.push_back(std::move(lesser));
  return fmt::format("SELECT what FROM ({}) found LIMIT 5", fmt::join(parts, " UNION ALL "));
}

constexpr const char* kConfigurationTables = R"(
SELECT e.extname, n.nspname, c.relname, t.condition
FROM pg_catalog.pg_extension e
CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(e.extconfig), pg_catalog.unnest(e.extcondition))
  AS t(oid, condition)
JOIN pg_catalog.pg_class c ON c.oid = t.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') ORDER BY 1, 2, 3)";

/// Rows that the restore of extensions' configuration tables would replace.
std::vector<std::string> configuration_rows(Connection& connection) {
  std::vector<std::string> found;
  const Result tables = connection.query(kConfigurationTables);
  for (int row = 0; row < tables.rows(); ++row) {
    const QualifiedName name{tables.text(row, 1), tables.text(row, 2)};
    const std::string what = fmt::format("rows of {}, of extension {}", name.shown(), tables.text(row, 0));
    try {
      const Result any =
          connection.query(fmt::format("SELECT FROM {} {} LIMIT 1", name.quoted(), tables.text(row, 3)));
      if (any.rows() > 0) found.push_back(what);
    } catch (const ServerError& error) {
      found.push_back(fmt::format("perhaps {} ({})", what, error.what()));
    }
  }
  return found;
}

std::string provider_clause(const DatabaseProperties& database, int target_version) {
  if (!server_has(target_version, Feature::locale_providers)) return {};
  std::string sql;
  switch (database.provider) {
    case 'i':
      sql = " LOCALE_PROVIDER icu ICU_LOCALE " + quote_literal(database.icu_locale);
      if (!database.icu_rules.empty() && server_has(target_version, Feature::icu_rules))
        sql += " ICU_RULES " + quote_literal(database.icu_rules);
      return sql;
    case 'b':
      return " LOCALE_PROVIDER builtin BUILTIN_LOCALE " + quote_literal(database.icu_locale);
    default:
      return " LOCALE_PROVIDER libc";
  }
}

/// Runs one statement of the database's properties; its failure loses that property and nothing else.
void try_property(Connection& connection, const std::string& sql, const std::string& what,
                  std::vector<Loss>& lost) {
  try {
    connection.query(sql);
  } catch (const ServerError& error) {
    lost.push_back(
        {LossKind::database_property, what, error.sqlstate(), fmt::format("{}: {}", what, error.what())});
  }
}

std::string with_name(std::string sql, const std::string& quoted) {
  constexpr std::string_view kPlace = ":DATABASE:";
  const auto at = sql.find(kPlace);
  return at == std::string::npos ? sql : sql.replace(at, kPlace.size(), quoted);
}

}  // namespace

void check_server(Connection& connection, const Manifest& manifest, bool create, std::vector<Note>& notes) {
  check_version(connection, manifest);
  if (create) check_locales(connection, manifest.database);
  check_extensions(connection, manifest, notes);
}

bool database_exists(Connection& connection, const std::string& name) {
  return connection.query("SELECT FROM pg_catalog.pg_database WHERE datname = $1", {name}).rows() > 0;
}

void check_absent(Connection& connection, const std::string& name) {
  if (!database_exists(connection, name)) return;
  throw Refused(fmt::format("{}: database \"{}\" exists", connection.described(), name),
                "give another name with --into, or restore into it without --create if it is empty, or with "
                "--resume if "
                "an interrupted restore left it");
}

void check_empty(Connection& connection) {
  const Result found = connection.query(whatever_is_there());
  std::vector<std::string> some;
  for (int row = 0; row < found.rows(); ++row) some.push_back(found.text(row, 0));
  if (some.empty()) some = configuration_rows(connection);
  if (some.empty()) return;
  throw Refused(fmt::format("{}: the database is not empty: {}{}", connection.described(),
                            fmt::join(some, ", "), found.rows() == 5 ? ", …" : ""),
                "restore into a new database: --create --into NAME; nothing was touched");
}

void check_not_the_servers_own(const std::string& name) {
  if (name != "template0" && name != "template1" && name != "postgres") return;
  throw Refused(fmt::format("database \"{}\" belongs to the server: nothing is restored into it", name),
                kOwnDatabase);
}

void check_no_template(Connection& connection) {
  const Result found = connection.query(
      "SELECT FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database() AND datistemplate");
  if (found.rows() == 0) return;
  throw Refused(fmt::format("{}: the database is a template of new ones: nothing is restored into it",
                            connection.described()),
                kOwnDatabase);
}

void create_database(Connection& connection, const std::string& name, const Manifest& manifest,
                     std::vector<Note>& notes) {
  const DatabaseProperties& database = manifest.database;
  std::string sql =
      fmt::format("CREATE DATABASE {} TEMPLATE template0 ENCODING {} LC_COLLATE {} LC_CTYPE {}{}",
                  quote_identifier(name), quote_literal(database.encoding), quote_literal(database.collate),
                  quote_literal(database.ctype), provider_clause(database, connection.server_version()));
  if (!database.tablespace.empty() && database.tablespace != "pg_default") {
    const Result space =
        connection.query("SELECT FROM pg_catalog.pg_tablespace WHERE spcname = $1", {database.tablespace});
    if (space.rows() > 0)
      sql += " TABLESPACE " + quote_identifier(database.tablespace);
    else
      notes.push_back({NoteKind::tablespace,
                       database.tablespace,
                       {},
                       fmt::format("tablespace {} is absent here: the database is in the default one",
                                   database.tablespace)});
  }
  try {
    connection.query(sql);
  } catch (const ServerError& error) {
    throw ServerError(fmt::format("database \"{}\": could not be created: {}", name, error.what()),
                      error.hint(), error.sqlstate());
  }
}

std::string setting_sql(const std::string& database, const DatabaseSetting& setting) {
  const std::string whose = setting.role.empty()
                                ? "ALTER DATABASE " + quote_identifier(database)
                                : fmt::format("ALTER ROLE {} IN DATABASE {}", quote_identifier(setting.role),
                                              quote_identifier(database));
  return whose + " " + set_clause(setting);
}

void apply_database_properties(Connection& connection, const std::string& name,
                               const DatabaseProperties& properties, bool owner, std::vector<Loss>& lost) {
  const std::string quoted = quote_identifier(name), shown = fmt::format("database \"{}\"", name);
  const auto apply = [&](const std::string& sql, std::string_view what) {
    try_property(connection, sql, fmt::format("{}: {}", shown, what), lost);
  };
  if (owner && !properties.owner.empty())
    apply(fmt::format("ALTER DATABASE {} OWNER TO {}", quoted, quote_identifier(properties.owner)),
          "its owner");
  for (const std::string& grant : properties.grants) apply(with_name(grant, quoted), "its privileges");
  if (!properties.comment.empty())
    apply(fmt::format("COMMENT ON DATABASE {} IS {}", quoted, quote_literal(properties.comment)),
          "its comment");
  for (const DatabaseSetting& setting : properties.settings)
    apply(setting_sql(name, setting), fmt::format("setting {}", setting.name));
  if (properties.connection_limit >= 0)
    apply(fmt::format("ALTER DATABASE {} CONNECTION LIMIT {}", quoted, properties.connection_limit),
          "its connection limit");
  if (properties.is_template)
    apply(fmt::format("ALTER DATABASE {} IS_TEMPLATE true", quoted), "being a template");
}

}  // namespace pgassay::restore
