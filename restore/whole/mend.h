// What can be had of a statement that pg_restore could not run.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/postgres/connection.h"
#include "restore/loss.h"

namespace pgassay::restore {

/// One statement of pg_dump's, as pg_restore shows it.
struct FailedStatement {
  std::string sql;
  Loss loss;  ///< what is told when nothing can be had of it
};

class Mender {
 public:
  /// The session runs the statements; it has an empty search_path, and gets it back after each.
  /// `search_path`, a list as SET takes it, is what they run under when it is not empty.
  Mender(Connection& connection, std::string search_path)
      : connection_(connection), search_path_(std::move(search_path)) {}

  /// Nothing when the statement has run after all: under the search_path, or because what it needs was mended
  /// before. Else what is told of it:
  /// - A foreign key or a CHECK that rows do not keep is there NOT VALID: the rows, by a query and an
  /// example, and the
  ///   statement that validates it. It is left out where a server has no such thing (foreign keys of
  ///   partitioned tables before 18).
  /// - A unique index or key is left out: the same.
  /// - A table whose generated columns can't be made has plain ones in their place.
  std::optional<Loss> mend(const FailedStatement& failed);

 private:
  bool run(const std::string& sql, Loss& loss);
  bool is_worth_a_try(const FailedStatement& failed) const;
  std::optional<Loss> what_is_left(const FailedStatement& failed);
  std::optional<Loss> mend_rule(const FailedStatement& failed, Loss loss);
  std::optional<Loss> mend_unique(const FailedStatement& failed, Loss loss);
  std::optional<Loss> mend_table(const FailedStatement& failed, Loss loss);

  Connection& connection_;
  std::string search_path_;
  bool mended_ = false;  ///< something is there that was not: what is about it may run now
};

/// Parts of a statement of pg_dump's that adds a constraint to a table or a domain; names are as in it,
/// quoted.
struct AddedConstraint {
  std::string owner;  ///< public.t
  bool domain = false;
  std::string name;
  std::string rest;  ///< "FOREIGN KEY (a) REFERENCES …", without the semicolon
  std::string columns, referenced, referenced_columns;  ///< of a foreign key, or the columns of a key
};
std::optional<AddedConstraint> read_added_constraint(std::string_view sql);

/// The parts of a name as it is written in SQL: {"public", "T 1"} of public."T 1".
std::vector<std::string> name_parts(std::string_view written);
std::optional<std::string> table_altered(std::string_view sql);  ///< as it is written: public.t
/// The table, view or index that a statement of pg_dump's makes.
std::optional<std::string> object_made(std::string_view sql);

/// The statement with "GENERATED ALWAYS AS (…) STORED" cut out, wherever it is not in quotes.
std::string without_generated(std::string_view sql);

}  // namespace pgassay::restore
