// The target of a restore: the checks before anything is written, and the database itself.
#pragma once

#include <string>
#include <vector>

#include "core/postgres/connection.h"
#include "core/repository/manifest.h"
#include "restore/loss.h"

namespace pgassay::restore {

/// Throws Refused when the server is older than the backup's, or lacks an extension or the locale that the
/// backup needs. An extension of another version is a note.
void check_server(Connection& connection, const Manifest& manifest, bool create, std::vector<Note>& notes);
bool database_exists(Connection& connection, const std::string& name);
/// Throws Refused when the database exists.
void check_absent(Connection& connection, const std::string& name);
/// Throws Refused naming some of what the database holds. What every new database has does not count, nor do
/// extensions and their members, but for rows in extensions' configuration tables that a backup would hold.
void check_empty(Connection& connection);
/// Throws Refused when the name is of a database that initdb makes.
void check_not_the_servers_own(const std::string& name);
/// Throws Refused when new databases are copied from the one we are connected to.
void check_no_template(Connection& connection);

/// From template0, with the encoding and locale of the manifest; owned by ourselves until the end.
void create_database(Connection& connection, const std::string& name, const Manifest& manifest,
                     std::vector<Note>& notes);
/// Owner, privileges, comment and settings, under the database's new name. What cannot be set is a line in
/// `lost`.
void apply_database_properties(Connection& connection, const std::string& name,
                               const DatabaseProperties& properties, bool owner, std::vector<Loss>& lost);

/// The statement that sets one setting of a database, or of a role in it. Values of lists are stored as lists
/// of identifiers, and each is quoted by itself.
std::string setting_sql(const std::string& database, const DatabaseSetting& setting);

}  // namespace pgassay::restore
