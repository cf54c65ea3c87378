// Who loads rows into a new database, and validates its rules, where those call code of others than
// superusers.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "core/postgres/connection.h"
#include "restore/load/load.h"
#include "restore/load/owner_code.h"
#include "restore/load/owner_login.h"

namespace pgassay::restore {

/// A session of one owner alone, which ends before its login is dropped.
struct OwnerSession {
  OwnerSession(const LoadJob& job, const TableOfOwner& of, Observer& observer, std::stop_token stop);
  OwnerLogin login;
  Connection connection;
};

/// By the job's OwnersCode. Wants the database once its pre-data is there. To be used by one thread.
class OwnerGuard {
 public:
  OwnerGuard(const LoadJob& job, Observer& observer, std::stop_token stop);

  /// For rows of that table; null: it calls no such code, its owner is a superuser, or all is trusted. Throws
  /// Refused where the server lets no such session in; where that may be given up, nobody is guarded any
  /// more.
  std::unique_ptr<OwnerSession> for_rows(const QualifiedName& table);
  /// For a rule, as the inventory names it: "name on schema.table".
  std::unique_ptr<OwnerSession> for_rule(const std::string& object);

  bool may_give_up() const { return job_.owners == OwnersCode::guarded_if_it_can; }
  /// Why nobody is guarded any more, where that was given up.
  const std::optional<Note>& given_up() const { return given_up_; }
  /// Is it an error that the owner lacks a right, and is a superuser's session to be taken from here on?
  bool gives_up(const ServerError& error, const QualifiedName& table);

 private:
  std::unique_ptr<OwnerSession> session(const TableOfOwner& of);

  const LoadJob& job_;
  Observer& observer_;
  std::stop_token stop_;
  std::map<QualifiedName, TableOfOwner> tables_;
  std::map<std::string, TableOfOwner> rules_;
  std::optional<Note> given_up_;
};

/// What the report of a restore into a new database says of such code, for whoever restores for others.
/// Nothing where there is none, or the session is no superuser's.
std::optional<Note> note_of_owners_code(Connection& connection, const Manifest& manifest, bool guarded);

inline constexpr std::string_view kInsufficientPrivilege = "42501";

}  // namespace pgassay::restore
