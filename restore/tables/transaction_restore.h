// What the restores into a database that is in use have in common: all is looked at first, then done in one
// transaction, then comes what is nice to have.
#pragma once

#include <optional>
#include <set>
#include <stop_token>

#include "core/postgres/pg_tool.h"
#include "restore/load/owner_code.h"
#include "restore/load/owner_login.h"
#include "restore/request.h"
#include "restore/tables/in_transaction.h"

namespace pgassay::restore {

class TransactionRestore {
 public:
  TransactionRestore(const Place& dir, Manifest manifest, const IntoLive& options, Observer& observer,
                     std::stop_token stop);
  TransactionRestore(const TransactionRestore&) = delete;
  virtual ~TransactionRestore() = default;

  /// Throws what the steps throw; until commit() the hint says that nothing was changed.
  RestoreReport run();

 protected:
  static constexpr const char* kNothing = "nothing was changed in the database";

  virtual void check() = 0;   ///< may throw; ends with open() and what has to be asked there
  virtual void write() = 0;   ///< begins the transaction, and ends with commit()
  virtual void finish() = 0;  ///< once it is committed: throws nothing that undoes that

  template <typename Body>
  void timed(RestoreStep step, Body body) {
    run_step(report_.steps, observer_, step, body);
  }
  PgTool pg_restore() const;
  void open();
  /// Where rows of these tables would call code of others than superusers, and the session is a superuser's:
  /// rolls back, and goes on in a session of the tables' owner alone. False: all is as it was. Throws Refused
  /// where there is no one such owner, or no such session to be had.
  bool become_owner(const std::vector<QualifiedName>& tables, CodeOf which, bool defaults = false);
  /// The same of an owner and code that are known.
  void become(const std::string& owner, const std::set<std::string>& code);
  /// Is the session a superuser's, who trusts nobody less?
  bool guards_owners();
  void note_encoding();  ///< of the server, where it is another than the backup's
  void count(const TransactionLoad& load);
  /// The proof's checks become the report's. Throws BadBackup when one failed.
  void conclude(TransactionLoad& load);
  void check_sequence_values();  ///< one more check, where a proof is wanted
  void commit();

  const Place& dir_;
  Manifest manifest_;
  const IntoLive& options_;
  Observer& observer_;
  std::stop_token stop_;
  RestoreReport report_;
  std::optional<OwnerLogin> login_;  ///< of connection_, where that is a session of the tables' owner
  std::optional<Connection> connection_;

 private:
  void write_within_rights();
  void be_ourselves_again();

  bool committing_ = false;
};

}  // namespace pgassay::restore
