// Code that comes to run when rows are loaded into a table, and that somebody who is no superuser decides on.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/postgres/connection.h"

namespace pgassay::restore {

struct TableOfOwner {
  QualifiedName table;
  std::string owner;
  bool owner_is_superuser = false;  ///< then nobody less than that can load it
  std::vector<std::string> code;    ///< "ten.valid(integer)", in order; none: it calls no such code
};

enum class CodeOf {
  rules,        ///< CHECKs, domains at any depth, generated columns, column types, partition keys
  and_indexes,  ///< and expressions of indexes, which every new row and every plan computes
};

/// Each of the tables. Functions of others than superusers count, and in expressions of others than
/// superusers such functions of the server's and of extensions as may do more than compute, as
/// query_to_xml(): whoever owns the table chose what they are called with. `defaults`: those of columns that
/// the rows do not bring, too.
std::vector<TableOfOwner> find_tables_of_owners(Connection& connection,
                                                const std::vector<QualifiedName>& tables, CodeOf which,
                                                bool defaults = false);

/// Domains that lead to such code, with what it is. Whoever writes down a value of a type that holds one, if
/// only as a DEFAULT in a statement that makes a table, runs it.
std::map<QualifiedName, std::vector<std::string>> find_domains_of_owners(Connection& connection);

/// CHECKs of tables and domains that lead to such code, as the inventory names them ("name on schema.table"),
/// with the table's or domain's owner.
std::map<std::string, TableOfOwner> find_rules_of_owners(Connection& connection);

/// Is the session that of a superuser? Whoever it is now after SET ROLE, code may say RESET ROLE.
bool is_superusers_session(Connection& connection);

}  // namespace pgassay::restore
