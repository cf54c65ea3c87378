// What a database that is in use would do to a restore into it.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/postgres/connection.h"

namespace pgassay::restore {

/// Throws Refused naming the event triggers that are on: they would run for every object that is made, with
/// our rights.
void refuse_event_triggers(Connection& connection);

/// ALTER DEFAULT PRIVILEGES of the live database grants and revokes on what is made; a schema archive says
/// privileges from PostgreSQL's own defaults on.
class BuiltInPrivileges {
 public:
  /// Before anything is made, in the transaction.
  explicit BuiltInPrivileges(Connection& connection);
  /// Gives all relations, functions, types and schemas that this transaction has made PostgreSQL's own
  /// default privileges. Call it before privileges are restored.
  void give() const;

 private:
  std::set<std::pair<std::string, std::string>> there_;  ///< catalog and oid of what has privileges already
  Connection& connection_;
};

/// A rule of the live database that is NOT VALID: its rows need not keep it, those that come must.
struct WaivedRule {
  std::string shown;       ///< "CHECK five of public.addr2"
  std::string drop, make;  ///< statements: the way out, and back
};
/// Of these tables, their partitions, and the domains of their columns, at any depth.
std::vector<WaivedRule> find_waived_rules(Connection& connection, const std::vector<std::string>& tables);
/// What a row that was refused means where there are such rules: Refused, with the way out. Else the error
/// goes on.
[[noreturn]] void throw_refused_by_rule(const Error& error, const std::vector<WaivedRule>& rules);

}  // namespace pgassay::restore
