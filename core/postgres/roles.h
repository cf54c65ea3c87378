// Roles as a server has them: what pg_dumpall writes of them but passwords, for comparison.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/postgres/connection.h"

namespace pgassay {

struct Membership {
  /// Since 16; before, nothing hung on who granted it.
  struct Options {
    std::string grantor;
    bool inherit = true, set = true;
    friend bool operator==(const Options&, const Options&) = default;
  };
  std::string role;  ///< of which somebody is a member
  bool admin = false;
  std::optional<Options> options;
  friend bool operator==(const Membership&, const Membership&) = default;
};

struct RoleSetting {
  std::string name, value;
  friend bool operator==(const RoleSetting&, const RoleSetting&) = default;
};

struct RoleFacts {
  std::string name;
  /// It changed while the globals were written: whether they have it as it was before or afterwards nobody
  /// knows. Nothing more is said of it.
  bool in_doubt = false;
  /// In the order of ALTER ROLE's manual: superuser, createdb, createrole, inherit, login, replication,
  /// bypassrls.
  std::vector<std::string> attributes;
  std::int64_t connection_limit = -1;  ///< -1: none
  std::string valid_until;             ///< UTC, as DateStyle ISO writes it; empty: for ever
  std::string comment;
  std::vector<Membership> member_of;
  std::vector<RoleSetting> settings;  ///< in every database; those in one are the database's
  /// Privileges on the server's settings, "SET on work_mem", and of who granted them to everybody
  /// "SET on work_mem to PUBLIC". Nothing: the release has none, or the backup is older than this.
  std::optional<std::vector<std::string>> parameters;
  friend bool operator==(const RoleFacts&, const RoleFacts&) = default;
};

/// All roles by name, but for predefined ones (pg_…) that are members of nobody else's. Needs no privilege.
/// For sessions of start_reading_session().
std::vector<RoleFacts> read_roles(Connection& connection);

}  // namespace pgassay
