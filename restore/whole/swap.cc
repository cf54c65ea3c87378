#include "restore/whole/swap.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <set>
#include <thread>
#include <vector>

#include "core/postgres/session.h"
#include "core/system/cancellation.h"
#include "restore/application_name.h"

namespace pgassay::restore {
namespace {

constexpr int kAttempts = 3;  ///< ALTER DATABASE itself waits 5 s for sessions to end
constexpr const char* kInUse = "55006";
constexpr const char* kLockTimeout = "55P03";

std::string sessions_sql(const Swap& swap, std::string_view what) {
  return fmt::format(
      "SELECT {} FROM pg_catalog.pg_stat_activity WHERE datid IN ({}, {}) AND pid <> "
      "pg_catalog.pg_backend_pid()",
      what, to_string(swap.old_oid), to_string(swap.new_oid));
}

/// Ends sessions in both databases, again and again for as long as it lives. Those that we may not end are
/// not its affair: the rename tells.
class Terminator {
 public:
  Terminator(const ConnInfo& server, const Swap& swap)
      : connection_(Connection::open(server, kRestoreApplication, {})),
        sql_(sessions_sql(swap, "pid")),
        thread_([this](std::stop_token stop) { work(stop); }) {}
  Terminator(const Terminator&) = delete;

  std::size_t ended() {
    thread_.request_stop();
    thread_.join();
    return ended_.size();
  }

 private:
  void work(std::stop_token stop) {
    constexpr auto kPause = std::chrono::milliseconds(50);
    try {
      for (; !stop.stop_requested(); std::this_thread::sleep_for(kPause)) round();
    } catch (const Error&) {
      // The connection is lost; the rename's own will say why.
    }
  }
  void round() {
    const Result sessions = connection_.query(sql_);
    for (int row = 0; row < sessions.rows(); ++row) {
      const std::string pid = sessions.text(row, 0);
      try {
        if (connection_.query("SELECT pg_catalog.pg_terminate_backend(" + pid + ")").boolean(0, 0))
          ended_.insert(pid);
      } catch (const ServerError&) {
        continue;
      }
    }
  }

  Connection connection_;
  std::string sql_;
  std::set<std::string> ended_;
  std::jthread thread_;
};

std::string who_stays(Connection& connection, const Swap& swap) {
  const Result sessions = connection.query(sessions_sql(
      swap,
      "pg_catalog.format('backend %s of role %s, client %s, %s', pid, usename,"
      " coalesce(client_addr::text, 'local'), coalesce(nullif(application_name, ''), backend_type))"));
  std::vector<std::string> who;
  for (int row = 0; row < sessions.rows(); ++row) who.push_back(sessions.text(row, 0));
  return fmt::format("{}", fmt::join(who, "; "));
}

std::string oid_of(Connection& connection, const std::string& database) {
  const Result found =
      connection.query("SELECT oid FROM pg_catalog.pg_database WHERE datname = $1", {database});
  return found.rows() == 0 ? "none" : found.text(0, 0);
}

void rename(Connection& connection, const Swap& swap) {
  const auto renamed = [](const std::string& from, const std::string& to) {
    return fmt::format("ALTER DATABASE {} RENAME TO {}; ", quote_identifier(from), quote_identifier(to));
  };
  connection.query("BEGIN; " + renamed(swap.database, swap.before) + renamed(swap.beside, swap.database) +
                   fmt::format("COMMENT ON DATABASE {} IS {}", quote_identifier(swap.database),
                               swap.comment.empty() ? "NULL" : quote_literal(swap.comment)));
  if (oid_of(connection, swap.before) != to_string(swap.old_oid) ||
      oid_of(connection, swap.database) != to_string(swap.new_oid))
    throw Refused(
        fmt::format("database \"{}\" is not the one that was there when the restore began", swap.database),
        "somebody replaced it meanwhile: look at both, then run it again");
  if (const std::vector<std::string> ties = ties_of(connection, swap.before); !ties.empty())
    throw Refused(fmt::format("database \"{}\": {}", swap.database, fmt::join(ties, "; ")),
                  "remove it and run it again with --resume");
}

/// Where the connection was lost in COMMIT, only the server knows.
void commit(Connection& connection, const ConnInfo& server, const Swap& swap) {
  try {
    connection.query("COMMIT");
  } catch (const ConnectionLost& error) {
    Connection other = Connection::open(server, kRestoreApplication, {});
    if (oid_of(other, swap.database) != to_string(swap.new_oid)) error.raise();
  }
}

void rollback(Connection& connection) {
  try {
    connection.query("ROLLBACK");
  } catch (const ConnectionLost&) {
    // The server has done it.
  }
}

}  // namespace

std::vector<std::string> ties_of(Connection& connection, const std::string& database) {
  const Result found = connection.query(
      "SELECT 'it is a template of new databases' FROM pg_catalog.pg_database WHERE datname = $1 AND "
      "datistemplate"
      " UNION ALL SELECT 'replication slot ' || slot_name FROM pg_catalog.pg_replication_slots WHERE "
      "database = $1"
      " UNION ALL SELECT 'subscription ' || s.subname FROM pg_catalog.pg_subscription s"
      "  JOIN pg_catalog.pg_database d ON d.oid = s.subdbid WHERE d.datname = $1"
      " UNION ALL SELECT 'prepared transaction ' || gid FROM pg_catalog.pg_prepared_xacts WHERE database = "
      "$1",
      {database});
  std::vector<std::string> out;
  for (int row = 0; row < found.rows(); ++row) out.push_back(found.text(row, 0));
  return out;
}

std::size_t swap_names(const ConnInfo& server, const Swap& swap, std::stop_token stop) {
  // Without our stop token: a COMMIT that is cancelled may have been done or not.
  Connection connection = Connection::open(server, kRestoreApplication, {});
  start_loading_session(connection);
  // What names stand for must outlive a power failure; a standby that is away must not hold it up.
  connection.query("SET synchronous_commit TO local; SET lock_timeout TO '10s'");
  Terminator terminator(server, swap);
  for (int attempt = 1;; ++attempt) {
    throw_if_stopped(stop);
    try {
      rename(connection, swap);
      throw_if_stopped(stop);
      commit(connection, server, swap);
      return terminator.ended();
    } catch (const ServerError& error) {
      rollback(connection);
      const bool busy = error.sqlstate() == kInUse || error.sqlstate() == kLockTimeout;
      if (busy && attempt < kAttempts) continue;
      throw Error(fmt::format("database \"{}\": the names could not be swapped: {}: {}", swap.database,
                              error.what(), who_stays(connection, swap)),
                  busy ? "end those sessions" : error.hint());
    }
  }
}

}  // namespace pgassay::restore
