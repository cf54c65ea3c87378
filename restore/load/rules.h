// Rules of tables that are taken away so that rows go in, and made again after them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/postgres/connection.h"
#include "core/repository/manifest.h"
#include "restore/loss.h"

namespace pgassay::restore {

class OwnerGuard;  // restore/load/owner_guard.h

/// The rules of one table and of its whole family: the tables that it inherits from and those that inherit
/// from it. Everything is done in the transaction that the connection is in, so nobody ever sees the tables
/// without them.
class RulesAside {
 public:
  RulesAside(Connection& connection, QualifiedName table)
      : connection_(connection), table_(std::move(table)) {}

  // Each takes away what there is of its kind, and returns false where there is nothing (more) of it.
  bool take_checks();
  bool take_domains();              ///< CHECKs of the domains of the table's columns, at any depth
  bool take_not_null_of_domains();  ///< of the same domains
  bool take_not_null();             ///< of columns
  bool take_expressions();  ///< of generated columns: they become plain and empty, and are not made again
  /// The transaction went back to before it, and so has what was taken after it.
  void keep_expressions() {
    gone_.clear();
    again_.erase(again_.begin() + static_cast<std::ptrdiff_t>(before_expressions_), again_.end());
  }

  /// CHECKs come back NOT VALID, for validate_rules() to go on with; NOT NULL where rows keep it, else NOT
  /// VALID where the server can (18). What can't be made again as it was, and the expressions, are lines in
  /// `lost`, with the statement that brings them back.
  void put_back(std::vector<Loss>& lost);

 private:
  struct Rule {
    std::string object;  ///< "name on schema.table", as the inventory has it
    std::string what;    ///< for people
    std::string drop, add;
    std::string comment;                     ///< the statement that sets it, or empty
    std::string lesser = {}, validate = {};  ///< what is made where `add` is refused, and what makes it whole
  };
  bool take_constraints(char type);
  bool take(std::vector<Rule> in_order_of_drops, std::vector<Rule> in_order_of_adds);
  std::optional<Loss> refused(const std::string& sql, const std::string& object);

  Connection& connection_;
  QualifiedName table_;
  std::vector<Rule> again_;
  std::vector<Loss> gone_;
  std::size_t before_expressions_ = 0;  ///< of again_
};

/// Validates every CHECK of a table or a domain that is NOT VALID. In a database whose post-data is not yet
/// there, these are the ones that RulesAside put back. One that rows do not keep stays NOT VALID and is a
/// line in `lost`: the rule, the server's words, the statement that validates it. What children inherit is
/// told at its root.
void validate_rules(Connection& connection, OwnerGuard& guard, std::vector<Loss>& lost);

/// Once more, for the rules of `lost`: what they read may have come. Those that are valid then are taken out.
void validate_again(Connection& connection, OwnerGuard& guard, std::vector<Loss>& lost);

/// Is there a CHECK that is NOT VALID?
bool has_rules_to_validate(Connection& connection);

}  // namespace pgassay::restore
